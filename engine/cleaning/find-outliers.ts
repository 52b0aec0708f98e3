import { inTypeOf } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { judgeCell } from "./judge-cell";
import { change, type Lane, type LaneMemory, timeOf } from "./lane";
import { createRollingWindow, madOf, meanOf, medianOf, quantileOf, sdOf } from "./rolling-window";
import type { Span } from "./span";

/** Window of a stream whose rule names none. */
export const streamWindow: Span = { unit: "rows", size: 100 };
/** Values that must be there before one is judged by them. */
const leastValues = 5;
/** Makes the MAD of a normal distribution its standard deviation: 1 / quantile(0.75) of the standard normal. */
const madScale = 1.4826;

/** What a value is judged by. */
interface Judge {
  low: number;
  high: number;
  center: number;
}

/**
 * zscore: further than k sd from the mean; robust, as hampel. hampel: further than k * 1.4826 MAD from the median. iqr: further than k
 * interquartile ranges beyond the quartiles (type 7). Judged by the values before it in the window, whatever was decided
 * of those, so that a lasting step is accepted after a while; in a table without a window by the whole column. Where
 * those have no spread at all, every other value is an outlier.
 */
export function findOutliers(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  const { cells, errors } = lane;
  if (lane.whole && rule.window === undefined) {
    const values = Float64Array.from(
      cells.filter((cell, i): cell is number => errors[i] === undefined && isNumber(cell)),
    );
    if (values.length < leastValues) return;
    values.sort();
    const judge = judgeOf(rule, values);
    for (let i = 0; i < cells.length; i++)
      if (errors[i] === undefined && isNumber(cells[i])) decide(rule, lane, i, cells[i] as number, judge);
    return;
  }
  const span = rule.window ?? streamWindow;
  memory.outlier ??= createRollingWindow(span);
  const window = memory.outlier;
  const least = span.unit === "rows" ? Math.min(span.size, leastValues) : leastValues;
  for (let i = 0; i < cells.length; i++) {
    if (errors[i] !== undefined) continue;
    const cell = cells[i];
    const ts = timeOf(lane, i);
    window.forget(ts);
    if (!isNumber(cell)) {
      window.push(Number.NaN, ts);
      continue;
    }
    if (window.sorted.length >= least) decide(rule, lane, i, cell, judgeOf(rule, window.sorted));
    window.push(cell, ts);
  }
}

const isNumber = (cell: unknown): cell is number => typeof cell === "number";

function judgeOf(rule: CleaningRule, sorted: ArrayLike<number>): Judge {
  if (rule.outlier === "iqr") {
    const q1 = quantileOf(sorted, 0.25);
    const q3 = quantileOf(sorted, 0.75);
    const reach = rule.k * (q3 - q1);
    return { low: q1 - reach, high: q3 + reach, center: medianOf(sorted) };
  }
  const zscore = rule.outlier === "zscore" && !rule.robust;
  const center = zscore ? meanOf(sorted) : medianOf(sorted);
  const reach = rule.k * (zscore ? sdOf(sorted) : madScale * madOf(sorted));
  return { low: center - reach, high: center + reach, center };
}

function decide(rule: CleaningRule, lane: Lane, i: number, value: number, { low, high, center }: Judge): void {
  // Written so that a judge without a number (one value has no sd) accepts everything.
  if (!(value < low || value > high)) return;
  if (rule.onOutlier === "replace") {
    lane.cells[i] = inTypeOf(rule, center);
    lane.flags[i]! |= change.replaced;
  } else
    judgeCell(lane, i, rule.onOutlier, change.outlier, () => ({
      code: "outlier",
      message: `${lane.property} is ${value}, outside ${format(low)} to ${format(high)} (${rule.outlier}, k ${rule.k}).`,
      hint: "Check the sensor, or give the rule a larger k or another window.",
    }));
}

const format = (n: number): string => String(Number(n.toPrecision(6)));
