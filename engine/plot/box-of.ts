import { quantilesOf } from "../statistics/quantiles";

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
 * @param values without missing, not empty
 */
export function boxOf(values: Float64Array, whisker = 1.5): Box {
  const [q1, median, q3] = quantilesOf(values.slice(), [0.25, 0.5, 0.75]) as [number, number, number];
  const reach = whisker * (q3 - q1);
  // Where no value lies between a quartile and its fence, the whisker has no length.
  let low = q1;
  let high = q3;
  for (const value of values) {
    if (value < low && value >= q1 - reach) low = value;
    else if (value > high && value <= q3 + reach) high = value;
  }
  const outliers = values.filter((value) => value < low || value > high).sort();
  return { count: values.length, q1, median, q3, low, high, outliers };
}
