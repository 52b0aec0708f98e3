import { randomOf } from "../../engine/learning/random";
import { draw, type PlotRequest } from "../../engine/plot/draw";
import { spreadOf } from "../lib/statistics";
import type { BenchCase, Row } from "./bench-case";

const rows = 10_000;
const columns = 6;
const maxKb = 400;
const maxMs = 1000;

/** How long a picture takes and how large it is: the pair plot against its goals, and each other kind. */
export const pictures: BenchCase = {
  name: "pictures",
  title: `Pictures of ${columns} columns x ${rows.toLocaleString("en")} rows as SVG`,
  async run({ rounds, log }) {
    const plain = request("pair", rows);
    const grouped = { ...plain, group: groups(rows, 3) };
    const others = (["histogram", "correlation", "box"] as const).map((kind): [string, PlotRequest] => [
      kind,
      { ...(kind === "box" ? grouped : plain), kind },
    ]);
    const drawn: [string, PlotRequest, boolean?][] = [
      ["pair plot, in hexagons", plain, true],
      ["pair plot, three groups, 2,000 points a panel", grouped, true],
      ["pair plot, three groups, maxPoints 10,000", { ...grouped, maxPoints: rows }, true],
      ...others,
      ["series, 1,000,000 rows of one column", { ...request("series", 1_000_000, 1), maxPoints: 2000 }],
    ];
    return drawn.map(([what, one, hasGoal]): Row => {
      let bytes = 0;
      const times = Array.from({ length: rounds + 1 }, () => {
        const begun = performance.now();
        bytes = Buffer.byteLength(draw(one));
        return performance.now() - begun;
      });
      // The first one is also that of a cold program: it counts for the goal, not for the median.
      const { median, min, max } = spreadOf(times.slice(1));
      const value = `${median.toFixed(0)} ms (${min.toFixed(0)} to ${max.toFixed(0)}, the first ${times[0]!.toFixed(0)}), ${Math.round(bytes / 1000)} kB`;
      log(`${what}: ${value}`);
      if (!hasGoal) return { what, value };
      const met = bytes < maxKb * 1000 && Math.max(...times) < maxMs;
      return { what, value, goal: `< ${maxMs / 1000} s, < ${maxKb} kB`, met };
    });
  },
};

const groups = (count: number, n: number): PlotRequest["group"] => ({
  name: "line",
  values: Array.from({ length: count }, (_, i) => `line ${i % n}`),
});

/** Normal numbers that have something in common, the same each time. */
function request(kind: PlotRequest["kind"], count: number, width = columns): PlotRequest {
  const random = randomOf(1);
  const share = (): number => (random.next() + 0.5) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(share())) * Math.cos(2 * Math.PI * share());
  const common = Float64Array.from({ length: count }, normal);
  return {
    kind,
    rows: count,
    maxPoints: 2000,
    language: "en-US",
    columns: Array.from({ length: width }, (_, k) => ({
      name: `sensor ${k + 1}`,
      unit: "bar",
      values: common.map((value) => 10 * k + (1 - 0.2 * k) * value + 0.4 * normal()),
    })),
  };
}
