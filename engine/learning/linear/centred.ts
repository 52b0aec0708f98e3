import { blocksOf } from "../blocks";

/** A column of numbers as they stand in a table, and what makes it centred and of length 1: `(value - mean) / norm`. */
export interface Centred {
  values: Float64Array;
  /** 0 without intercept. */
  mean: number;
  /** Length of the column less its mean. 0 where nothing varies. */
  norm: number;
}

/**
 * Mean and length in two passes: the second takes away what rounding left of the first (T. Chan, G. Golub and R. LeVeque,
 * Algorithms for computing the sample variance, Am. Stat. 37, 1983, 242, 1.7).
 */
export function centred(values: Float64Array, intercept = true): Centred {
  const n = values.length;
  const blocks = blocksOf(values);
  let sum = 0;
  if (intercept) for (const block of blocks) sum += sumOf(block, 0);
  const first = n > 0 ? sum / n : 0;
  let rest = 0;
  let squares = 0;
  for (const block of blocks) {
    if (intercept) rest += sumOf(block, first);
    squares += squaresOf(block, first);
  }
  const excess = n > 0 ? rest / n : 0;
  return { values, mean: first + excess, norm: Math.sqrt(Math.max(0, squares - rest * excess)) };
}

/** Of the values less `origin`. Four sums at a time, none of which waits for another. */
function sumOf(values: Float64Array, origin: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const n = values.length;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += values[i]! - origin;
    s1 += values[i + 1]! - origin;
    s2 += values[i + 2]! - origin;
    s3 += values[i + 3]! - origin;
  }
  for (; i < n; i++) s0 += values[i]! - origin;
  return s0 + s1 + (s2 + s3);
}

/** Likewise of their squares. */
function squaresOf(values: Float64Array, origin: number): number {
  let s0 = 0;
  let s1 = 0;
  const n = values.length;
  let i = 0;
  for (; i + 1 < n; i += 2) {
    const a = values[i]! - origin;
    const b = values[i + 1]! - origin;
    s0 += a * a;
    s1 += b * b;
  }
  if (i < n) s0 += (values[i]! - origin) ** 2;
  return s0 + s1;
}
