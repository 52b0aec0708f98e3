/** Pearson's coefficient of the rows in which both have a finite value, and how many these are. NaN where it is not determined. */
export interface PairCorrelation {
  r: number;
  n: number;
}

/** In two passes over the common rows, as R's `cor(use = "pairwise.complete.obs")`: what other rows hold changes nothing. */
export function pairCorrelation(x: Float64Array, y: Float64Array): PairCorrelation {
  const rows = x.length;
  let n = 0;
  let sumX = 0;
  let sumY = 0;
  for (let i = 0; i < rows; i++) {
    const a = x[i]!;
    const b = y[i]!;
    // False where one of them is NaN or infinite.
    if (a - a + (b - b) !== 0) continue;
    n++;
    sumX += a;
    sumY += b;
  }
  const meanX = sumX / n;
  const meanY = sumY / n;
  let dx = 0;
  let dy = 0;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < rows; i++) {
    const a = x[i]! - meanX;
    const b = y[i]! - meanY;
    if (a - a + (b - b) !== 0) continue;
    dx += a;
    dy += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  return { n, r: coefficient(xx - (dx * dx) / n, yy - (dy * dy) / n, xy - (dx * dy) / n, n, meanX, meanY) };
}

/** Below this share of the mean a deviation is what rounding leaves of equal values: distinct numbers are further apart. */
const roundingShare = 1e-18;

/**
 * @param xx sum of squares of the deviations of x from its mean; `yy` likewise, `xy` of their products
 * @returns NaN where x or y is constant
 */
export function coefficient(xx: number, yy: number, xy: number, n: number, meanX: number, meanY: number): number {
  if (n < 2 || isConstant(xx, n, meanX) || isConstant(yy, n, meanY)) return Number.NaN;
  const both = xx * yy;
  // One root rounds less than two, but for squares that are out of range as a product.
  const r = xy / (both > 1e-290 && both < 1e290 ? Math.sqrt(both) : Math.sqrt(xx) * Math.sqrt(yy));
  return r > 1 ? 1 : r < -1 ? -1 : r;
}

const isConstant = (squares: number, n: number, mean: number): boolean =>
  !(squares > n * (roundingShare * mean) ** 2) || squares <= 0;
