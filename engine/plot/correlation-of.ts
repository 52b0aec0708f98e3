import { twoSidedTail } from "../statistics/student-t";
import { canDraw, type DrawnColumn } from "./column";

/** A coefficient with what it rests on; NaN where there is none. */
export interface Coefficient {
  r: number;
  /** Rows in which both have a value. */
  n: number;
  /** Two-sided, from Student's t with n - 2 degrees of freedom. */
  p: number;
}

/** Pearson's coefficient of two columns over the rows in which both have a value, in two passes. */
export function correlationOf(
  a: DrawnColumn,
  b: DrawnColumn,
  takes: (row: number) => boolean = () => true,
): Coefficient {
  const all = new Int32Array(a.values.length);
  let n = 0;
  for (let row = 0; row < all.length; row++)
    if (canDraw(a.values[row]!) && canDraw(b.values[row]!) && takes(row)) all[n++] = row;
  const rows = all.subarray(0, n);
  const none: Coefficient = { r: Number.NaN, n, p: Number.NaN };
  if (n < 2) return none;
  const first = deviations(a, rows);
  const second = deviations(b, rows);
  if (!first || !second) return none;
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < n; i++) {
    product += first[i]! * second[i]!;
    squaresA += first[i]! * first[i]!;
    squaresB += second[i]! * second[i]!;
  }
  const r = Math.max(-1, Math.min(1, product / Math.sqrt(squaresA * squaresB)));
  return { r, n, p: pOf(r, n) };
}

/** Two-sided p-value of Pearson's coefficient; NaN with two rows, which always lie on a line. */
export const pOf = (r: number, n: number): number =>
  n < 3 ? Number.NaN : twoSidedTail(Math.abs(r) * Math.sqrt((n - 2) / ((1 - r) * (1 + r))), n - 2);

/** Differences from the mean, on a scale of the largest; undefined when there is none but what a double rounds. */
function deviations(column: DrawnColumn, rows: Int32Array): Float64Array | undefined {
  const { values, min, max } = column;
  if (max === min) return undefined;
  // From the least and by the range, so that neither size nor distance from 0 costs digits or overflows.
  const differences = new Float64Array(rows.length);
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    differences[i] = (values[rows[i]!]! - min) / (max - min);
    sum += differences[i]!;
  }
  const mean = sum / rows.length;
  let largest = 0;
  for (let i = 0; i < rows.length; i++) {
    differences[i]! -= mean;
    largest = Math.max(largest, Math.abs(differences[i]!));
  }
  if (largest <= 1e-14) return undefined;
  for (let i = 0; i < rows.length; i++) differences[i]! /= largest;
  return differences;
}

export const starsOf = (p: number): string => (p < 0.001 ? "***" : p < 0.01 ? "**" : p < 0.05 ? "*" : "");
