import { MultivariateLinearRegression } from "ml-regression";

export interface LeastSquares {
  /** One estimate for each column. */
  estimates: Float64Array;
  /** (X'X)^-1, row by row. Times the residual variance it is the covariance of the estimates. */
  covariance: Float64Array;
}

/** Columns that are no more than sums of multiples of earlier ones, within the rounding of their own numbers. */
export interface Dependency {
  /** The column that adds nothing. */
  column: number;
  /** The columns that it can be computed from. */
  from: number[];
}

export interface Factors {
  /** Upper triangle R of X = QR, column by column: `r[j][i]` for i <= j. */
  r: Float64Array[];
  /** The first p numbers of Q'v. */
  applyTransposed(v: Float64Array): Float64Array;
}

/** So many rows of ten columns fit into a processor's cache. */
const blockRows = 4096;

/**
 * QR factors of a matrix with at least as many rows as columns. Long ones are factored block by block, each below the triangle
 * of those before it (J. Demmel et al., Communication-optimal parallel and sequential QR and LU factorizations, SIAM
 * J. Sci. Comput. 34, 2012, 3.2): as stable as all at once, and every number is fetched from memory once and not for each column.
 */
export function factorsOf(columns: readonly Float64Array[]): Factors {
  const p = columns.length;
  const n = columns[0]?.length ?? 0;
  let to = Math.min(n, Math.max(p, blockRows));
  let last = reflected(columns.map((column) => column.slice(0, to)));
  if (to === n) return last;
  const parts: { to: number; factors: Factors }[] = [{ to, factors: last }];
  while (to < n) {
    const from = to;
    to = Math.min(n, from + blockRows);
    const { r } = last;
    const stacked = columns.map((column, j) => {
      const both = new Float64Array(p + to - from);
      both.set(r[j]!);
      both.set(column.subarray(from, to), p);
      return both;
    });
    last = reflected(stacked);
    parts.push({ to, factors: last });
  }
  return {
    r: last.r,
    applyTransposed(v) {
      let out: Float64Array = new Float64Array(0);
      let from = 0;
      for (const { to: end, factors } of parts) {
        const both = new Float64Array(out.length + end - from);
        both.set(out);
        both.set(v.subarray(from, end), out.length);
        out = factors.applyTransposed(both);
        from = end;
      }
      return out;
    },
  };
}

/** By Householder reflections, in place (Golub and Van Loan, Matrix Computations, 4th ed., algorithm 5.2.1). */
function reflected(a: readonly Float64Array[]): Factors {
  const p = a.length;
  const scales = new Float64Array(p);
  const diagonal = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    const v = a[j]!;
    const norm = Math.sqrt(dotFrom(v, v, j));
    const alpha = v[j]! > 0 ? -norm : norm;
    diagonal[j] = alpha;
    if (norm === 0) continue;
    // H = I - scale v v', which turns the column into alpha e_j.
    v[j] = v[j]! - alpha;
    scales[j] = -1 / (alpha * v[j]!);
    for (let k = j + 1; k < p; k++) reflect(a[k]!, v, scales[j]!, j);
  }
  return {
    r: a.map((column, j) => {
      const r = column.slice(0, j + 1);
      r[j] = diagonal[j]!;
      return r;
    }),
    applyTransposed(v) {
      const out = v.slice();
      for (let j = 0; j < p; j++) if (scales[j] !== 0) reflect(out, a[j]!, scales[j]!, j);
      return out.slice(0, p);
    },
  };
}

function reflect(target: Float64Array, v: Float64Array, scale: number, from: number): void {
  const times = dotFrom(target, v, from) * scale;
  for (let i = from; i < target.length; i++) target[i] = target[i]! - times * v[i]!;
}

/** Four sums at a time, none of which waits for another. */
function dotFrom(a: Float64Array, b: Float64Array, from: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const n = a.length;
  let i = from;
  for (; i + 3 < n; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < n; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
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
 * Least squares of `y` on the columns, which are centred and of length 1. The rows are first folded into the p x p triangle
 * of their QR factors, which has the same solution, so that ml-regression, whose normal equations and copies would not
 * stand large or ill-conditioned tables, solves a small and well-scaled system; two steps of iterative refinement against
 * the full data then win back what its normal equations lose (Björck, Numerical Methods for Least Squares Problems, 2.9).
 */
export function leastSquares(columns: readonly Float64Array[], y: Float64Array, factors: Factors): LeastSquares {
  const estimates = solveTriangle(factors, factors.applyTransposed(y));
  for (let step = 0; step < 2; step++) {
    const residual = y.slice();
    columns.forEach((column, j) => {
      const b = estimates[j]!;
      for (let i = 0; i < residual.length; i++) residual[i] = residual[i]! - b * column[i]!;
    });
    const correction = backSubstitute(factors.r, factors.applyTransposed(residual));
    for (let j = 0; j < estimates.length; j++) estimates[j] = estimates[j]! + correction[j]!;
  }
  return { estimates, covariance: inverseOfSquare(factors.r) };
}

/** The solution of R b = q by ml-regression, refined once in the triangle. */
export function solveTriangle({ r }: Factors, q: Float64Array): Float64Array {
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
function backSubstitute(r: readonly Float64Array[], q: Float64Array): Float64Array {
  const b = q.slice();
  for (let j = b.length - 1; j >= 0; j--) {
    const column = r[j]!;
    b[j] = column[j] === 0 ? 0 : b[j]! / column[j]!;
    for (let i = 0; i < j; i++) b[i] = b[i]! - column[i]! * b[j]!;
  }
  return b;
}

/** (R'R)^-1 = R^-1 R^-T, row by row. */
export function inverseOfSquare(r: readonly Float64Array[]): Float64Array {
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
