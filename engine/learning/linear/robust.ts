import { LuDecomposition, Matrix } from "ml-matrix";
import { type Dataset, takeRows } from "../dataset";
import { randomOf } from "../random";
import { type LinearOptions, type TrainedLinear, trainLinear } from "./train-linear";

/**
 * Polynomial through one feature that up to half of the rows, being outliers, cannot bend: least median of squares
 * (Rousseeuw, J. Am. Stat. Assoc. 79, 1984), then least squares of the rows within 2.5 robust standard deviations of it
 * (Rousseeuw and Leroy, Robust Regression and Outlier Detection, 1987, 5.1).
 *
 * Ours and not ml-regression's RobustPolynomialRegression: that one draws from Math.random, so that no result can be
 * repeated, and its `degree` counts coefficients, one more than the degree.
 */
export function trainRobust(
  dataset: Dataset,
  options: Pick<LinearOptions, "degree" | "intercept">,
  seed: number,
): TrainedLinear & { outliers: number } {
  const { degree, intercept } = options;
  const plain = { degree, intercept, alpha: 0 };
  const first = trainLinear(dataset, plain); // refuses what cannot be fitted at all
  const least = intercept ? 0 : 1;
  const powers = Array.from({ length: first.model.terms.length + 1 - least }, (_, k) => k + least);
  const y = dataset.target.values;
  const x = spreadOut(dataset.features[0]!.values, intercept);
  const squares = new Float64Array(x.length);
  const random = randomOf(seed, robustStream);

  let best = Number.POSITIVE_INFINITY;
  let bestCoefficients: number[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const rows = drawDistinct(x, powers.length, random.below);
    if (!rows) break;
    const system = new LuDecomposition(new Matrix(rows.map((row) => powers.map((k) => x[row]! ** k))));
    if (system.isSingular()) continue;
    const coefficients = system.solve(Matrix.columnVector(rows.map((row) => y[row]!))).to1DArray();
    const median = medianSquare(coefficients, powers, x, y, squares);
    if (median < best) {
      best = median;
      bestCoefficients = coefficients;
    }
  }
  if (bestCoefficients.length === 0) return { ...first, outliers: 0 };

  const n = x.length;
  const sd = 1.4826 * (1 + 5 / Math.max(1, n - powers.length)) * Math.sqrt(best);
  const kept: number[] = [];
  for (let row = 0; row < n; row++) {
    const residual = y[row]! - valueAt(bestCoefficients, powers, x[row]!);
    // Where half of the rows fit exactly, sd is 0 and rounding must not make outliers of them.
    if (Math.abs(residual) <= 2.5 * sd + 1e-9 * Math.abs(y[row]!)) kept.push(row);
  }
  if (kept.length <= powers.length) return { ...first, outliers: 0 };
  return { ...trainLinear(takeRows(dataset, kept), plain), outliers: n - kept.length };
}

/** With half of the rows outliers, 500 draws of 6 rows have one without an outlier with a probability of 99.96 %. */
const attempts = 500;
const robustStream = 0x10b5;

/** x from -1 to 1 (without intercept divided only), as powers of a time in ms would all look alike. */
function spreadOut(x: Float64Array, intercept: boolean): Float64Array {
  const low = x.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = x.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const middle = intercept ? low / 2 + high / 2 : 0;
  const scale = Math.max(high - middle, middle - low) || 1;
  return x.map((value) => (value - middle) / scale);
}

/** Rows with different x, so that a polynomial runs through them. Undefined where chance does not find any. */
function drawDistinct(x: Float64Array, count: number, below: (n: number) => number): number[] | undefined {
  const rows: number[] = [];
  for (let tries = 0; tries < 50 * count && rows.length < count; tries++) {
    const row = below(x.length);
    if (rows.every((other) => x[other] !== x[row])) rows.push(row);
  }
  return rows.length === count ? rows : undefined;
}

function valueAt(coefficients: number[], powers: number[], x: number): number {
  let value = 0;
  for (let k = 0; k < powers.length; k++) value += coefficients[k]! * x ** powers[k]!;
  return value;
}

function medianSquare(
  coefficients: number[],
  powers: number[],
  x: Float64Array,
  y: Float64Array,
  squares: Float64Array,
): number {
  for (let i = 0; i < x.length; i++) squares[i] = (y[i]! - valueAt(coefficients, powers, x[i]!)) ** 2;
  squares.sort();
  return squares[Math.floor(squares.length / 2)]!;
}
