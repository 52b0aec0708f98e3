import { isMissing } from "../contract/messages";
import type { Resampling } from "./row-options";

/** Whether a cell counts on a grid and in a feature: what is infinite is no reading. */
export const hasValue = (cell: unknown): boolean =>
  typeof cell === "number" ? Number.isFinite(cell) : !isMissing(cell);

/** What becomes of one column on a grid. */
export interface GridColumn {
  /** A value for each grid point, null where there is none. */
  cells: unknown[];
  /** Cells without a sample of their own, which got the one before. */
  carried: number;
  missing: number;
}

/**
 * One column of a table on the grid points `start`, `start + step`, ... A point stands for the interval that begins with it.
 *
 * `mean`: of the interval's numbers, as pandas' `resample(step).mean()`. `last`: the last value of the interval, as
 * `resample(step).last()`; of an empty one the value before, unless that is older than the gap. `linear`: the value at the point
 * itself, on the straight line through the samples before and after it, as `interpolate(method="time",
 * limit_area="inside")`; none where those are further apart than the gap. What is no number is never averaged: `mean` then takes the
 * last of an interval without numbers, `linear` the value before.
 *
 * @param times ms of the rows, ascending
 * @param cells of the rows; missing ones count as not there
 */
export function resampleColumn(
  { stepMs, method, gapMs }: Resampling,
  times: readonly number[],
  cells: readonly unknown[],
  start: number,
  points: number,
): GridColumn {
  const column: GridColumn = { cells: new Array(points).fill(null), carried: 0, missing: 0 };
  let row = 0;
  let before = -1;
  let after = 0;
  for (let p = 0; p < points; p++) {
    const point = start + p * stepMs;
    const end = point + stepMs;
    let value: unknown = null;
    if (method === "linear") {
      for (; row < times.length && times[row]! <= point; row++) if (hasValue(cells[row])) before = row;
      after = Math.max(after, row);
      while (after < times.length && !hasValue(cells[after])) after++;
      if (before >= 0 && times[before] === point) value = cells[before];
      else if (before >= 0 && after < times.length)
        value = lineThrough(cells[before], times[before]!, cells[after], times[after]!, point, gapMs);
    } else {
      let own = -1;
      let count = 0;
      let mean = 0;
      for (; row < times.length && times[row]! < end; row++) {
        const cell = cells[row];
        if (!hasValue(cell)) continue;
        own = row;
        if (typeof cell === "number") mean += (cell - mean) / ++count;
      }
      if (own >= 0) before = own;
      if (method === "mean" && count > 0) value = mean;
      else if (own >= 0) value = cells[own];
      else if (method === "last" && before >= 0 && point - times[before]! <= gapMs) {
        value = cells[before];
        column.carried++;
      }
    }
    if (value === null) column.missing++;
    column.cells[p] = value;
  }
  return column;
}

/** The value between two samples: on the line through two numbers, else that of the first. Null beyond the gap. */
export function lineThrough(
  left: unknown,
  leftTs: number,
  right: unknown,
  rightTs: number,
  point: number,
  gapMs: number,
): unknown {
  if (rightTs - leftTs > gapMs) return null;
  if (typeof left !== "number" || typeof right !== "number") return left;
  // As numpy.interp calculates.
  const value = ((right - left) / (rightTs - leftTs)) * (point - leftTs) + left;
  return Number.isFinite(value) ? value : null;
}
