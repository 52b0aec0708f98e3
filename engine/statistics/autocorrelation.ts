import type { Moments } from "./moments";

/**
 * Autocorrelation at a lag, as NIST certifies it and R's `acf(na.action = na.pass)` computes it: products of deviations
 * from the mean of the whole column, lag rows apart, over the sum of squares. Where cells are missing, the products there
 * are count for those that are not.
 *
 * @param moments of the values that are not missing
 * @returns NaN for a constant column, and where no two values are so far apart
 */
export function autocorrelationOf(values: Float64Array, lag: number, { count, mean, m2 }: Moments): number {
  if (m2 === 0) return Number.NaN;
  let sum = 0;
  let pairs = 0;
  for (let from = lag; from < values.length; from += 4096) {
    const to = Math.min(values.length, from + 4096);
    let part = 0;
    for (let i = from; i < to; i++) {
      const product = (values[i - lag]! - mean) * (values[i]! - mean);
      if (product - product !== 0) continue;
      part += product;
      pairs++;
    }
    sum += part;
  }
  if (pairs === 0) return Number.NaN;
  return sum / (pairs + lag) / (m2 / count);
}
