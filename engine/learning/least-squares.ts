import { MultivariateLinearRegression } from "ml-regression";
import type { Centred } from "./linear/centred";
import { blockRows, dot, foldingOf, type Triangle } from "./linear/fold-rows";

export interface LeastSquares {
  /** One estimate for each column, centred and of length 1. */
  estimates: Float64Array;
  /** Sum of the squares of what they leave of y. */
  squares: number;
}

/** Columns that are no more than sums of multiples of earlier ones, within the rounding of their own numbers. */
export interface Dependency {
  /** The column that adds nothing. */
  column: number;
  /** The columns that it can be computed from. */
  from: number[];
}

/** Of QR factors of the columns, centred and of length 1. */
export interface Factors {
  r: Triangle;
  /** The first p numbers of Q'y. */
  q: Float64Array;
}

/**
 * Factors of the columns with `y` beside them.
 *
 * @param alpha ridge: sqrt(alpha) times the unit matrix is added below the columns as they stand, 0 to `y`
 */
export function factorsOf(columns: readonly Centred[], y: Centred, alpha = 0): Factors {
  const p = columns.length;
  const { triangle, block, fold } = foldingOf(p + 1);
  const all = [...columns, y];
  for (let from = 0; from < y.values.length; from += blockRows) {
    const rows = Math.min(blockRows, y.values.length - from);
    for (let j = 0; j <= p; j++) centre(all[j]!, from, block[j]!, rows);
    fold(rows);
  }
  for (let from = 0; alpha > 0 && from < p; from += blockRows) {
    const rows = Math.min(blockRows, p - from);
    for (const column of block) column.fill(0);
    for (let i = 0; i < rows; i++) block[from + i]![i] = Math.sqrt(alpha);
    fold(rows);
  }
  const [q] = triangle.splice(p);
  return {
    r: triangle.map((column, j) => column.map((value) => value / (columns[j]!.norm || 1))),
    q: q!.slice(0, p),
  };
}

function centre({ values, mean }: Centred, from: number, into: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) into[i] = values[from + i]! - mean;
}

/**
 * The first column that depends on those before it, if any: what is left of it after taking away what the others explain is
 * no longer than the rounding of all the numbers involved. The columns have length 1.
 *
 * @param rounding how far each column is off because its numbers are rounded
 */
export function dependencyIn({ r }: Factors, rounding: ArrayLike<number>): Dependency | undefined {
  for (let column = 0; column < r.length; column++) {
    const rest = Math.abs(r[column]![column]!);
    if (rest > 1e-4) continue;
    const multiples = backSubstitute(r, r[column]!.slice(0, column));
    let noise = rounding[column]!;
    multiples.forEach((multiple, i) => {
      noise += Math.abs(multiple) * rounding[i]!;
    });
    if (rest > noise) continue;
    const from: number[] = [];
    multiples.forEach((multiple, i) => {
      if (Math.abs(multiple) > 1e-6) from.push(i);
    });
    return { column, from };
  }
  return undefined;
}

/**
 * Least squares of `y` on the columns. ml-regression, whose normal equations and copies would not stand large or ill-conditioned
 * tables, solves the triangle of their QR factors, which has the same solution and is well scaled. A step of refinement by the
 * corrected seminormal equations, R'R d = X'(y - Xb), then wins back what rounding took in folding many rows: it reads the
 * columns once more and needs no Q, and one is enough (A. Björck, Stability analysis of the method of seminormal equations
 * for linear least squares problems, Linear Algebra Appl. 88/89, 1987, 31).
 *
 * @param alpha of the factors
 */
export function leastSquares(columns: readonly Centred[], y: Centred, factors: Factors, alpha = 0): LeastSquares {
  const { r } = factors;
  const norms = columns.map(({ norm }) => norm || 1);
  const inUnits = (estimates: Float64Array): Float64Array => estimates.map((estimate, j) => estimate / norms[j]!);
  const first = solveTriangle(factors);
  const coefficients = inUnits(first);
  const products = new Float64Array(columns.length);
  restOf(columns, y, coefficients, products);
  const slope = products.map((product, j) => (product - alpha * coefficients[j]!) / norms[j]!);
  const correction = backSubstitute(r, forwardSubstitute(r, slope));
  const estimates = first.map((estimate, j) => estimate + correction[j]!);
  return { estimates, squares: restOf(columns, y, inUnits(estimates)) };
}

/**
 * Sum of the squares of y - Xb, of the centred columns. Nothing is kept, and every number is fetched from memory once.
 *
 * @param products X'(y - Xb) is added to them
 */
function restOf(columns: readonly Centred[], y: Centred, b: Float64Array, products?: Float64Array): number {
  const rest = new Float64Array(blockRows);
  let squares = 0;
  for (let from = 0; from < y.values.length; from += blockRows) {
    const rows = Math.min(blockRows, y.values.length - from);
    centre(y, from, rest, rows);
    // Columns go in pairs; an odd one out is beside itself, to no effect.
    for (let j = 0; j < b.length; j += 2)
      takeOff(rest, from, rows, columns[j]!, b[j]!, columns[j + 1] ?? columns[j]!, b[j + 1] ?? 0);
    squares += dot(rest, rest, rows);
    for (let j = 0; products && j < b.length; j += 2)
      addProducts(rest, from, rows, columns[j]!, columns[j + 1] ?? columns[j]!, products, j);
  }
  return squares;
}

function takeOff(
  rest: Float64Array,
  from: number,
  rows: number,
  { values: x, mean: ofX }: Centred,
  b: number,
  { values: z, mean: ofZ }: Centred,
  c: number,
): void {
  for (let i = 0; i < rows; i++) rest[i] = rest[i]! - (b * (x[from + i]! - ofX) + c * (z[from + i]! - ofZ));
}

function addProducts(
  rest: Float64Array,
  from: number,
  rows: number,
  { values: x, mean: ofX }: Centred,
  { values: z, mean: ofZ }: Centred,
  into: Float64Array,
  j: number,
): void {
  let x0 = 0;
  let x1 = 0;
  let z0 = 0;
  let z1 = 0;
  let i = 0;
  for (; i + 1 < rows; i += 2) {
    const r0 = rest[i]!;
    const r1 = rest[i + 1]!;
    x0 += r0 * (x[from + i]! - ofX);
    x1 += r1 * (x[from + i + 1]! - ofX);
    z0 += r0 * (z[from + i]! - ofZ);
    z1 += r1 * (z[from + i + 1]! - ofZ);
  }
  if (i < rows) {
    x0 += rest[i]! * (x[from + i]! - ofX);
    z0 += rest[i]! * (z[from + i]! - ofZ);
  }
  into[j] = into[j]! + (x0 + x1);
  if (j + 1 < into.length) into[j + 1] = into[j + 1]! + (z0 + z1);
}

/** The solution of R b = q by ml-regression, refined once in the triangle. */
function solveTriangle({ r, q }: Factors): Float64Array {
  const rows = r.map((_, i) => r.map((column, j) => (i <= j ? column[i]! : 0)));
  const regression = new MultivariateLinearRegression(
    rows,
    Array.from(q, (value) => [value]),
    { intercept: false, statistics: false },
  );
  const b = Float64Array.from(regression.weights, (row) => row[0]!);
  const residual = q.slice();
  r.forEach((column, j) => {
    for (let i = 0; i <= j; i++) residual[i] = residual[i]! - column[i]! * b[j]!;
  });
  const correction = backSubstitute(r, residual);
  for (let j = 0; j < b.length; j++) b[j] = b[j]! + correction[j]!;
  return b;
}

/** b of R b = q, for the leading part of R that is as long as `q`. */
function backSubstitute(r: Triangle, q: Float64Array): Float64Array {
  const b = q.slice();
  for (let j = b.length - 1; j >= 0; j--) {
    const column = r[j]!;
    b[j] = column[j] === 0 ? 0 : b[j]! / column[j]!;
    for (let i = 0; i < j; i++) b[i] = b[i]! - column[i]! * b[j]!;
  }
  return b;
}

/** b of R'b = q. */
function forwardSubstitute(r: Triangle, q: Float64Array): Float64Array {
  const b = q.slice();
  for (let j = 0; j < b.length; j++) {
    const column = r[j]!;
    for (let i = 0; i < j; i++) b[j] = b[j]! - column[i]! * b[i]!;
    b[j] = column[j] === 0 ? 0 : b[j]! / column[j]!;
  }
  return b;
}

/** (R'R)^-1 = R^-1 R^-T, row by row. */
export function inverseOfSquare(r: Triangle): Float64Array {
  const p = r.length;
  const inverse = r.map((_, k) => {
    const unit = new Float64Array(p);
    unit[k] = 1;
    return backSubstitute(r, unit);
  });
  const out = new Float64Array(p * p);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < p; j++) {
      let sum = 0;
      for (let k = Math.max(i, j); k < p; k++) sum += inverse[k]![i]! * inverse[k]![j]!;
      out[i * p + j] = sum;
    }
  }
  return out;
}
