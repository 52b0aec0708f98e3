export interface TheilSen {
  slope: number;
  /** Of the slope, at 95 %. */
  ci: [number, number];
  /** A point of the line: the median of x, and there the median of what is left of y. */
  middle: { x: number; y: number };
}

/** The 0.975 quantile of the normal distribution. */
const z = 1.959963984540054;

/**
 * Median of the slopes between all pairs of rows with different x, and the line through the median of `y - slope * x`; up to
 * 29 % of the rows, being outliers, do not bend it (P. Sen, J. Am. Stat. Assoc. 63, 1968, 1379; the interval from there, with
 * ties). ml-regression's TheilSenRegression has the same slope and intercept and no interval, and keeps rows^2 boxed numbers.
 *
 * @param x not all equal
 */
export function theilSen(x: Float64Array, y: Float64Array): TheilSen {
  const n = x.length;
  const all = new Float64Array((n * (n - 1)) / 2);
  let count = 0;
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++) if (x[i] !== x[j]) all[count++] = (y[j]! - y[i]!) / (x[j]! - x[i]!);
  const slopes = all.subarray(0, count).sort();
  const slope = medianOf(slopes);
  const middle = medianOf(x.slice().sort());
  const rest = y.map((value, i) => value - slope * (x[i]! - middle)).sort();
  const sigma = Math.sqrt((varianceOf(n) - tiesOf(x) - tiesOf(y)) / 18);
  const at = (rank: number): number => slopes[Math.min(count - 1, Math.max(0, rank))]!;
  return {
    slope,
    ci: [at(Math.round((count - z * sigma) / 2) - 1), at(Math.round((count + z * sigma) / 2))],
    middle: { x: middle, y: medianOf(rest) },
  };
}

function medianOf(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

const varianceOf = (n: number): number => n * (n - 1) * (2 * n + 5);

/** What equal values take off the variance. */
function tiesOf(values: Float64Array): number {
  const sizes = new Map<number, number>();
  for (const value of values) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  let sum = 0;
  for (const size of sizes.values()) if (size > 1) sum += varianceOf(size);
  return sum;
}
