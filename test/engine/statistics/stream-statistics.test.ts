import assert from "node:assert/strict";
import type { Span } from "../../../engine/cleaning/span";
import type { Sample } from "../../../engine/contract/messages";
import { describeTable } from "../../../engine/statistics/describe-table";
import {
  createStreamStatistics,
  type StreamOptions,
  type StreamStatistics,
} from "../../../engine/statistics/stream-statistics";
import { maxExactRows } from "../../../engine/statistics/twin-window";
import { createDice } from "../../support/dice";
import { assertDigits } from "../learning/references";
import { readFixture, tableOf } from "./references";

type Cells = (number | null)[];
interface Fixture {
  ts: number[];
  x: Cells;
  "rolling 30s": Cells[];
  "rolling 25 rows": Cells[];
  "resample 30s": Cells[];
}

const seconds = (n: number): Span => ({ unit: "ms", size: 1000 * n });
const rows = (n: number): Span => ({ unit: "rows", size: n });
const sample = (ts: number, x: number | null, id = "p"): Sample => ({ id, ts, values: { x } });

/** The results that each sample gives, one after another. */
const run = (options: StreamOptions, samples: readonly Sample[], stream = createStreamStatistics(options)) =>
  samples.flatMap((one) => stream.add([one]).results.map(({ statistics }) => statistics));

/** Rounds that adding in another order leaves: the spread is 2, the mean 20. */
function assertCells(found: Cells, expected: Cells, what: string): void {
  found.forEach((value, i) => {
    const wanted = expected[i]!;
    if (wanted === null || value === null) assert.equal(value, wanted, `${what} ${i}`);
    else assert.ok(Math.abs(value - wanted) < 1e-9, `${what} ${i}: ${value}, ${wanted}`);
  });
}

describe("statistics of a stream", () => {
  const fixture = readFixture<Fixture>("windows.json");
  const samples = fixture.ts.map((ts, i) => sample(ts, fixture.x[i]!));

  const sliding: [keyof Fixture, Span][] = [
    ["rolling 30s", seconds(30)],
    ["rolling 25 rows", rows(25)],
  ];
  for (const [name, window] of sliding)
    it(`slides as pandas' ${name}`, () => {
      const found = run({ window }, samples).map(({ columns }) => columns.x!);
      const expected = fixture[name] as Cells[];
      assert.equal(found.length, samples.length);
      found.forEach(({ count }, i) => {
        assert.equal(count, expected[0]![i], `count ${i}`);
      });
      for (const [k, key] of (["mean", "sd", "q1", "median", "max"] as const).entries())
        assertCells(
          found.map((column) => column[key]),
          expected[k + 1]!,
          key,
        );
    });

  it("tumbles as pandas' resample, one result a window when the next one begins", () => {
    const results = run({ window: seconds(30), windowType: "tumbling" }, samples);
    const [starts, counts, means, sds, q1s, medians, maxima] = fixture["resample 30s"] as [number[], ...Cells[]];
    assert.equal(results.length, starts.length - 1);
    results.forEach(({ window, columns: { x } }, i) => {
      assert.deepEqual([window.from, window.to, x!.count], [starts[i], starts[i]! + 30_000, counts![i]]);
      assertCells(
        [x!.mean, x!.sd, x!.q1, x!.median, x!.max],
        [means, sds, q1s, medians, maxima].map((of) => of![i]!),
        `${i}`,
      );
    });
  });

  it("gives the same as a table of the rows in the window, correlation and lag included", () => {
    const dice = createDice(3);
    const all = Array.from({ length: 300 }, (_, i): Sample => {
      const a = dice(1000);
      return { id: "p", ts: 1000 * i, values: { a, b: i % 7 === 0 ? null : a + dice(300), name: "text" } };
    });
    const options = { window: rows(100), method: "spearman", lag: 2 } as const;
    const last = run(options, all).at(-1)!;
    const table = describeTable(tableOf(all.slice(-100).map(({ values: { a, b } }) => ({ a, b }))), options);
    const { window, ...statistics } = last;
    assert.deepEqual(statistics, table);
    assert.deepEqual(window, { type: "sliding", size: 100, unit: "rows", from: 200_000, to: 299_000, exact: true });
  });

  it("without a window describes all since the start", () => {
    const [first, second] = run({}, [sample(1, 3), sample(2, 5)]);
    assert.deepEqual([first!.columns.x!.mean, second!.columns.x!.mean, second!.rows], [3, 4, 2]);
    assert.deepEqual(second!.window, { type: "all", from: 1, to: 2, exact: true });
  });

  const long: [string, StreamOptions, number][] = [
    ["all since the start", {}, 20_000],
    ["a sliding window of time", { window: seconds(9000) }, 9000],
    ["a sliding window of rows", { window: rows(9000) }, 9000],
  ];
  for (const [what, options, size] of long)
    it(`of ${what}, beyond ${maxExactRows} rows: moments as they are, ranks within 1 %, its edge within a pane`, () => {
      const dice = createDice(11);
      const stream = createStreamStatistics(options);
      const all = Array.from({ length: 20_000 }, (_, i) => sample(1000 * i, 1e6 + dice(5000) + i / 4));
      stream.add(all.slice(0, -1));
      const { statistics } = stream.add([all.at(-1)!]).results[0]!;
      const { rows: counted, window, columns, correlation } = statistics;
      assert.deepEqual([window.exact, correlation], [false, null]);
      assert.ok(counted >= size && counted <= size * (1 + 1 / 32) + 1, String(counted));
      const values = all.slice(-counted).map(({ values: { x } }) => x as number);
      const exact = describeTable(tableOf(values.map((x) => ({ x })))).columns.x!;
      for (const key of ["mean", "sd", "min", "max"] as const) assertDigits(columns.x![key], exact[key]!, 11, key);
      assertDigits(columns.x!.kurtosis! + 3, exact.kurtosis! + 3, 8, "kurtosis");
      const sorted = values.sort((a, b) => a - b);
      for (const [key, share] of [
        ["q1", 0.25],
        ["median", 0.5],
        ["q3", 0.75],
      ] as const) {
        const rank = sorted.findIndex((value) => value >= columns.x![key]!) / counted;
        assert.ok(Math.abs(rank - share) < 0.01, `${key}: ${rank}`);
      }
      assert.equal(window.to, 19_999_000);
    });

  it("puts a late sample in its place, and refuses one whose window is over", () => {
    const stream = createStreamStatistics({ window: seconds(10) });
    stream.add([sample(20_000, 1), sample(15_000, 2)]);
    const { results, refused } = stream.add([sample(26_000, 3), sample(16_000, 9), sample(17_000, 4)]);
    assert.deepEqual(
      refused.map(({ code, index }) => [code, index]),
      [["out-of-order", 1]],
    );
    const { columns, window, rows: counted } = results[0]!.statistics;
    // 15,000 has left since, although it came last but two.
    assert.deepEqual([counted, columns.x!.min, columns.x!.max, window.from, window.to], [3, 1, 4, 17_000, 26_000]);

    const tumbling = createStreamStatistics({ window: seconds(10), windowType: "tumbling" });
    assert.deepEqual(tumbling.add([sample(12_000, 1), sample(21_000, 2), sample(19_000, 3)]).refused[0]!.index, 2);
  });

  it("counts equal times each, and skips windows without a sample", () => {
    const stream = createStreamStatistics({ window: seconds(10), windowType: "tumbling" });
    const { results } = stream.add([sample(1000, 1), sample(1000, 3), sample(95_000, 5), sample(101_000, 7)]);
    assert.deepEqual(
      results.map(({ statistics: { window, rows: counted } }) => [window.from, counted]),
      [
        [0, 2],
        [90_000, 1],
      ],
    );
  });

  it("keeps twins apart, and gives each one result a batch", () => {
    const { results } = createStreamStatistics({}).add([sample(1, 1, "a"), sample(1, 10, "b"), sample(2, 3, "a")]);
    assert.deepEqual(
      results.map(({ id, statistics }) => [id, statistics.columns.x!.mean]),
      [
        ["b", 10],
        ["a", 2],
      ].reverse(),
    );
  });

  it("describes listed properties only, true as 1; texts are missing there", () => {
    const stream = createStreamStatistics({ columns: ["on", "x"] });
    const { results } = stream.add([{ id: "p", ts: 1, values: { on: true, x: "off", y: 3 } }]);
    const { columns } = results[0]!.statistics;
    assert.deepEqual([columns.on!.mean, columns.x!.count, columns.x!.missing, columns.y], [1, 0, 1, undefined]);
  });

  it("forgets the twins not heard of for longest rather than grow without a bound", () => {
    const stream: StreamStatistics = createStreamStatistics({ maxNumbers: 2000 });
    for (let i = 0; i < 500; i++) stream.add([sample(i, i, `twin-${i}`)]);
    const countOf = (id: string): number => stream.add([sample(1000, 1, id)]).results[0]!.statistics.rows;
    assert.deepEqual([countOf("twin-499"), countOf("twin-0")], [2, 1]);
  });

  it("never gives NaN, whatever it is fed", () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, null, "", "x", true, 1e308, -1e308, 1e-320];
    const stream = createStreamStatistics({ window: rows(5) });
    for (let i = 0; i < 200; i++) {
      const values = { x: odd[i % odd.length] as number, y: odd[(3 * i) % 7] as number };
      const { statistics } = stream.add([{ id: "p", ts: i, values }]).results[0]!;
      assert.ok(!/NaN|Infinity/.test(inspected(statistics)));
    }
  });
});

const inspected = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => (typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner));
