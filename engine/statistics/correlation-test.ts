import { maxExactRows, spearmanExact } from "./spearman-exact";
import { twoSidedTail } from "./student-t";

/** Half-width of a 95 % interval of the standard normal distribution. */
const z95 = 1.959963984540054;

/** Two-sided p-value of no correlation, by t = r sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom. NaN below three rows. */
export function correlationP(r: number, n: number): number {
  if (n < 3) return Number.NaN;
  return twoSidedTail(r * Math.sqrt((n - 2) / ((1 - r) * (1 + r))), n - 2);
}

/**
 * Two-sided p-value of Spearman's coefficient: exact up to 9 rows without ties, as R; else by the t distribution, as scipy
 * and R's `cor.test(exact = FALSE)`.
 */
export const spearmanP = (r: number, n: number, hasTies: boolean): number =>
  n >= 2 && n <= maxExactRows && !hasTies && !Number.isNaN(r) ? spearmanExact(r, n) : correlationP(r, n);

/** 95 % confidence interval of Pearson's coefficient by Fisher's z, as R's `cor.test`. Undefined below four rows. */
export function correlationInterval(r: number, n: number): [number, number] | undefined {
  if (n < 4 || Number.isNaN(r)) return undefined;
  const z = Math.atanh(r);
  const half = z95 / Math.sqrt(n - 3);
  return [Math.tanh(z - half), Math.tanh(z + half)];
}
