import { momentsOf, sdOfMoments } from "../statistics/moments";
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

/** The values that can be drawn. */
export const drawable = (values: Float64Array): Float64Array => values.filter(canDraw);

/**
 * Each value as its place between the least (0) and the greatest (1), NaN where none can be drawn. Neither the size of the values
 * nor their distance from 0 then costs digits, and no square of them overflows.
 */
export function sharesOf({ values, min, max }: DrawnColumn): Float64Array {
  const span = max - min || 1;
  return values.map((value) => (canDraw(value) ? (value - min) / span : Number.NaN));
}

/** Mean, and standard deviation with n - 1 (NaN for fewer than two). */
export function meanAndSd(column: DrawnColumn): { mean: number; sd: number } {
  const span = column.max - column.min;
  const moments = momentsOf(sharesOf(column).filter((share) => share >= 0));
  return { mean: column.min + moments.mean * span, sd: sdOfMoments(moments) * span };
}
