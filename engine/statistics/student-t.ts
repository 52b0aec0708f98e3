/**
 * Student's t distribution with `df` degrees of freedom: the share of the distribution beyond `t` on both sides together,
 * which is the p value of a coefficient. Through the regularised incomplete beta function (DLMF 8.17).
 *
 * @returns NaN when `df` is not positive or `t` is NaN
 */
export function twoSidedTail(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t)) return 0;
  const square = t * t;
  // With df / (df + t^2) as argument nothing cancels, however small the tail is.
  return incompleteBeta(df / (df + square), square / (df + square), df / 2, 0.5);
}

/**
 * The t beyond which, on both sides together, the share `tail` of the distribution lies: 0.05 gives the half-width of a
 * 95 % interval in standard errors.
 *
 * @param tail 0 to 1, both excluded
 */
export function tOfTail(tail: number, df: number): number {
  if (!(df > 0) || !(tail > 0 && tail < 1)) return Number.NaN;
  let low = 0;
  let high = 2;
  while (twoSidedTail(high, df) > tail) {
    low = high;
    high *= 2;
    if (high > 1e300) return Number.POSITIVE_INFINITY;
  }
  // Bisection needs no derivative and cannot leave the bracket; 60 halvings reach the last digit.
  for (let i = 0; i < 200; i++) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (twoSidedTail(middle, df) > tail) low = middle;
    else high = middle;
  }
  return low + (high - low) / 2;
}

/** Regularised incomplete beta I_x(a, b), with y = 1 - x given apart so that neither end loses digits. */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(y));
  // The continued fraction converges fast on this side of the mean only; the other side by symmetry (DLMF 8.17.4).
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(y, b, a)) / b;
}

/** Continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method as modified by Thompson and Barnett. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return result;
}

/** ln Γ(x) for x > 0: Lanczos' approximation with g = 7 and the nine coefficients of P. Godfrey, good to about 1e-15. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum = 0.99999999999980993;
  for (let i = 0; i < lanczos.length; i++) sum += lanczos[i]! / (x + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
