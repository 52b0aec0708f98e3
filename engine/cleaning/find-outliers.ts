import { inTypeOf } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { judgeCell } from "./judge-cell";
import { change, type Lane, type LaneMemory, timeOf } from "./lane";
import { madOf, meanOf, medianOf, quantileOf, sdOf } from "./order-statistics";
import { createRollingWindow } from "./rolling-window";
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
  const moments = byMoments(rule);
  memory.outlier ??= createRollingWindow(span, moments ? "moments" : "order");
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
    if (window.count >= least) {
      const judge = moments ? judgeAbout(window.mean(), rule.k * window.sd()) : judgeOf(rule, window.sorted);
      decide(rule, lane, i, cell, judge);
    }
    window.push(cell, ts);
  }
}

const isNumber = (cell: unknown): cell is number => typeof cell === "number";

const byMoments = (rule: CleaningRule): boolean => rule.outlier === "zscore" && !rule.robust;

function judgeOf(rule: CleaningRule, sorted: ArrayLike<number>): Judge {
  if (byMoments(rule)) return judgeAbout(meanOf(sorted), rule.k * sdOf(sorted));
  const median = medianOf(sorted);
  if (rule.outlier !== "iqr") return judgeAbout(median, rule.k * madScale * madOf(sorted));
  const q1 = quantileOf(sorted, 0.25);
  const q3 = quantileOf(sorted, 0.75);
  const reach = rule.k * (q3 - q1);
  return { low: q1 - reach, high: q3 + reach, center: median };
}

const judgeAbout = (center: number, reach: number): Judge => ({ low: center - reach, high: center + reach, center });

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
