import { writeFileSync } from "node:fs";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ColumnStatistics } from "../../engine/statistics/describe-column";
import type { TableStatistics } from "../../engine/statistics/describe-table";
import type { StatisticsTable } from "../../engine/statistics/statistics-table";
import { rowsOf } from "../../engine/statistics/table-builder";
import { describe as describeInThread, toColumns } from "../../nodes/twin-stats/describing";
import { createDice } from "../../test/support/dice";
import { type PandasRound, pandasSide } from "../lib/pandas-side";
import { ratioOf, spreadOf } from "../lib/statistics";
import type { BenchCase, Row } from "./bench-case";

const rows = 1_000_000;
const columns = 10;
const never = new AbortController().signal;
const inMs = (seconds: readonly number[]): string => {
  const { median, min, max } = spreadOf(seconds);
  const ms = (one: number): string => Math.round(1000 * one).toLocaleString("en");
  return `${ms(median)} ms (${ms(min)} to ${ms(max)})`;
};

/** A million rows described and correlated as the node does it, and by pandas in a process that is kept warm, round by round. */
export const describe: BenchCase = {
  name: "describe",
  title: `Describe and correlate ${rows.toLocaleString("en")} rows x ${columns} columns`,
  async run({ scope, rounds, log }) {
    const data = sampleColumns();
    const file = path.join(scope.folder("describe"), "columns.f64");
    writeFileSync(file, Buffer.concat(data.map(({ buffer }) => Buffer.from(buffer as ArrayBuffer))));
    const pandas = await pandasSide(file, columns, scope);
    if (pandas) log(pandas.version);
    else log("PANDAS IS NOT INSTALLED: nothing was compared with it (Debian: apt-get install python3-pandas).");

    const results: Row[] = [];
    for (const method of ["pearson", "spearman"] as const) {
      const ours: number[] = [];
      const theirs: number[] = [];
      let memory = 0;
      for (let round = 0; round <= rounds; round++) {
        const our = await ourRound(data, method);
        const their = await pandas?.run(method);
        if (their) compare(our.statistics, their);
        // The first is the warm-up.
        if (round === 0) continue;
        ours.push(our.seconds);
        memory = Math.max(memory, our.memoryMb);
        if (their) theirs.push(their.describe + their.corr);
        log(
          `round ${round}, ${method}: ours ${our.seconds.toFixed(3)} s, pandas ${their ? (their.describe + their.corr).toFixed(3) : "-"} s`,
        );
      }
      const ratio = ratioOf(theirs, ours);
      results.push({
        what: `twin-stats, ${method}: columns to a thread and its answer back`,
        value: `${inMs(ours)}, ${Math.round(memory)} MB of memory beside the columns`,
        ...(pandas ? { ratio: `${ratio.toFixed(2)} x as fast as pandas`, goal: ">= 1.0 x", met: ratio >= 1 } : {}),
      });
      if (pandas) results.push({ what: `pandas, ${method}: describe and corr of a DataFrame`, value: inMs(theirs) });
    }
    results.push(await conversion(data, rounds));
    return results;
  },
};

/** Numbers that hang together, each column a little more than the one before. */
function sampleColumns(): Float64Array[] {
  const dice = createDice(5);
  const uniform = (): number => (dice(2 ** 32) + 0.5) / 2 ** 32;
  const made = Array.from({ length: columns }, () => new Float64Array(rows));
  for (let row = 0; row < rows; row++) {
    const common = uniform();
    for (let c = 0; c < columns; c++)
      made[c]![row] = 50 + c * common + 4 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  }
  return made;
}

async function ourRound(
  data: readonly Float64Array[],
  method: "pearson" | "spearman",
): Promise<{ seconds: number; memoryMb: number; statistics: TableStatistics }> {
  // The thread takes the columns away: each round has its own.
  const table: StatisticsTable = {
    rows,
    columns: data.map((values, c) => ({ name: `c${c}`, values: values.slice(), texts: 0, infinite: 0 })),
    skipped: [],
    warnings: [],
  };
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  const begun = performance.now();
  const { statistics } = await describeInThread({ table, options: { method } }, never, () => {});
  const seconds = (performance.now() - begun) / 1000;
  clearInterval(watch);
  return { seconds, memoryMb: (most - before) / 2 ** 20, statistics };
}

/** Both have to say the same. */
function compare(
  { columns: ours, correlation }: TableStatistics,
  { described, correlation: theirs }: PandasRound,
): void {
  const keys: (keyof ColumnStatistics)[] = ["count", "mean", "sd", "min", "q1", "median", "q3", "max"];
  for (let c = 0; c < columns; c++) {
    for (const [k, key] of keys.entries()) same(`${key} of column ${c}`, ours[`c${c}`]?.[key], described[c]?.[k]);
    for (let j = 0; j < columns; j++) same(`correlation ${c} ${j}`, correlation?.matrix[c]?.[j], theirs[c]?.[j]);
  }
}

function same(what: string, a: number | null | undefined, b: number | undefined): void {
  if (!(Math.abs((a ?? Number.NaN) - (b ?? Number.NaN)) <= 1e-9 * Math.max(1, Math.abs(b ?? 0))))
    throw new Error(`${what}: ours is ${a}, pandas' ${b}.`);
}

/** Rows of objects to columns, which the event loop has to do: how long it takes, and how long it holds up others. */
async function conversion(data: readonly Float64Array[], rounds: number): Promise<Row> {
  const table = Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(data.map((values, c) => [`c${c}`, values[row]])),
  );
  const seconds: number[] = [];
  const held: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const begun = performance.now();
    const made = await toColumns(rowsOf(table), {}, never, () => {});
    seconds.push((performance.now() - begun) / 1000);
    delay.disable();
    held.push(delay.max / 1e6);
    // As in the node, a thread takes the columns away.
    await describeInThread({ table: made, options: { method: "none" } }, never, () => {});
  }
  const { median, max } = spreadOf(held);
  return {
    what: "rows of objects to columns, on the event loop in slices",
    value: `${inMs(seconds)}; the loop was held ${median.toFixed(0)} ms at most, ${max.toFixed(0)} ms in the worst round`,
    goal: "<= 50 ms",
    met: median <= 50,
  };
}
