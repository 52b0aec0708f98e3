import { largestDrawable } from "./nice-ticks";
import type { PlotColumn } from "./plot-request";

/** A column with what every picture needs to know of it. */
export interface DrawnColumn {
  name: string;
  /** Label or name, without its unit. */
  title: string;
  unit: string;
  values: Float64Array;
  /** Values that can be drawn. */
  count: number;
  missing: number;
  /** Infinite, or so large that no axis could hold them. */
  beyond: number;
  /** Of the values that can be drawn; NaN when there is none. */
  min: number;
  max: number;
  lsl?: number;
  target?: number;
  usl?: number;
}

/** False for NaN too. */
export const canDraw = (value: number): boolean => Math.abs(value) <= largestDrawable;

/** Reads a column once. */
export function readColumn(column: PlotColumn): DrawnColumn {
  const { name, values } = column;
  let count = 0;
  let missing = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (canDraw(value)) {
      count++;
      if (value < min) min = value;
      if (value > max) max = value;
    } else if (Number.isNaN(value)) missing++;
  }
  const limit = (value: number | undefined): number | undefined =>
    typeof value === "number" && canDraw(value) ? value : undefined;
  return {
    name,
    title: column.label?.trim() || name,
    unit: column.unit?.trim() ?? "",
    values,
    count,
    missing,
    beyond: values.length - count - missing,
    min: count > 0 ? min : Number.NaN,
    max: count > 0 ? max : Number.NaN,
    lsl: limit(column.lsl),
    target: limit(column.target),
    usl: limit(column.usl),
  };
}

/** The values that can be drawn, ascending. */
export const sortedValues = (values: Float64Array): Float64Array => values.filter(canDraw).sort();

/** Mean and standard deviation with n - 1 (NaN for fewer than two), in two passes over values made small, so that nothing overflows. */
export function meanAndSd(values: Float64Array, min: number, max: number): { mean: number; sd: number } {
  const scale = Math.max(Math.abs(min), Math.abs(max)) || 1;
  let count = 0;
  let sum = 0;
  for (const value of values)
    if (canDraw(value)) {
      sum += value / scale;
      count++;
    }
  const mean = sum / count;
  let squares = 0;
  let rest = 0;
  for (const value of values)
    if (canDraw(value)) {
      const difference = value / scale - mean;
      squares += difference * difference;
      rest += difference;
    }
  const sd = Math.sqrt(Math.max(0, squares - (rest * rest) / count) / (count - 1));
  return { mean: (mean + rest / count) * scale, sd: sd * scale };
}
