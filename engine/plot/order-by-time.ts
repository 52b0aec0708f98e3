import { select } from "../statistics/select";
import { isInstant } from "./time-ticks";

/** Rows in order of time. */
export interface TimeOrder {
  rows: Int32Array;
  /** Of each of `rows`. */
  times: Float64Array;
  /** Rows whose time is less than that of the row above. */
  unordered: number;
  /** Rows without a time, which have no place. */
  untimed: number;
}

/**
 * Equal times keep their order. Without times, the row number (from 1) stands for them.
 *
 * @param codes group of each row: only rows of one group are out of order among each other
 */
export function orderByTime(time: Float64Array | undefined, rows: number, codes?: Int16Array): TimeOrder {
  if (!time) {
    const all = Int32Array.from({ length: rows }, (_, row) => row);
    return { rows: all, times: Float64Array.from(all, (row) => row + 1), unordered: 0, untimed: 0 };
  }
  const order = Int32Array.from({ length: rows }, (_, row) => row).filter((row) => isInstant(time[row]!));
  const latest = new Map<number, number>();
  let unordered = 0;
  for (const row of order) {
    const group = codes?.[row] ?? 0;
    if (time[row]! < (latest.get(group) ?? Number.NEGATIVE_INFINITY)) unordered++;
    latest.set(group, time[row]!);
  }
  const isSorted = order.every((row, i) => i === 0 || time[order[i - 1]!]! <= time[row]!);
  if (!isSorted) order.sort((a, b) => time[a]! - time[b]! || a - b);
  return {
    rows: order,
    times: Float64Array.from(order, (row) => time[row]!),
    unordered,
    untimed: rows - order.length,
  };
}

/** A step longer than this is a gap: three times what 90 % of all steps keep to, so that readings sent on change are no gaps. */
export function longestStep(times: Float64Array): number {
  const steps = times.subarray(1).map((time, i) => time - times[i]!);
  if (steps.length < 2) return Number.POSITIVE_INFINITY;
  const place = Math.ceil((steps.length - 1) * 0.9);
  select(steps, place);
  return 3 * steps[place]! || Number.POSITIVE_INFINITY;
}
