import { quantileOfSorted } from "../statistics/quantiles";

/** What a box shows. */
export interface Box {
  count: number;
  q1: number;
  median: number;
  q3: number;
  /** The last values within 1.5 IQR of the quartiles: where the whiskers end. */
  low: number;
  high: number;
  /** All values beyond the whiskers, ascending. */
  outliers: Float64Array;
}

/**
 * A box plot's numbers by J. W. Tukey (Exploratory Data Analysis, 1977), with quartiles of type 7, as matplotlib's
 * `boxplot_stats`.
 *
 * @param sorted ascending, without missing, not empty
 */
export function boxOf(sorted: Float64Array, whisker = 1.5): Box {
  const q1 = quantileOfSorted(sorted, 0.25);
  const q3 = quantileOfSorted(sorted, 0.75);
  const reach = whisker * (q3 - q1);
  const inside = sorted.filter((value) => value >= q1 - reach && value <= q3 + reach);
  // Where no value lies between a quartile and its fence, the whisker has no length.
  const low = Math.min(inside[0] ?? q1, q1);
  const high = Math.max(inside.at(-1) ?? q3, q3);
  return {
    count: sorted.length,
    q1,
    median: quantileOfSorted(sorted, 0.5),
    q3,
    low,
    high,
    outliers: sorted.filter((value) => value < low || value > high),
  };
}
