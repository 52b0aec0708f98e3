import { quantileOfSorted } from "../../statistics/quantiles";
import { fromBase64 } from "../base64";

/**
 * How far a forest's predictions of numbers are off, by rows that the trees have not seen: its errors as shares of how much the
 * trees differ there. An interval is the prediction and two quantiles of these times how much the trees differ at a new row.
 * So it holds what it promises whether features are few or leaves large, where quantiles of the trees' own values, and of
 * the rows in their leaves (N. Meinshausen, J. Mach. Learn. Res. 7, 2006), are much too close together; and it is wide where
 * the forest is unsure (U. Johansson et al., Regression conformal prediction with random forests, Machine Learning 97, 2014).
 */
export interface IntervalErrors {
  /** Added to the trees' standard deviation, so that trees that agree by chance promise nothing. */
  spread: number;
  /** Float64: (measured - predicted) / (standard deviation + spread), ascending; of many rows evenly spaced quantiles. */
  quantiles: string;
}

export interface IntervalReader {
  spread: number;
  quantiles: Float64Array;
}

/** Throws a RangeError for what does not fit together. */
export function intervalReader({ spread, quantiles }: IntervalErrors): IntervalReader {
  const values = new Float64Array(fromBase64(quantiles).buffer);
  if (!(spread > 0) || values.length === 0) throw new RangeError("the forest's errors do not fit together");
  return { spread, quantiles: values };
}

/** The interval of a row between two shares of the errors, from what each tree says of it. */
export function errorsAround(
  { spread, quantiles }: IntervalReader,
  trees: Float64Array,
  [low, high]: readonly [number, number],
): [number, number] {
  let sum = 0;
  for (const value of trees) sum += value;
  const mean = sum / trees.length;
  let squares = 0;
  for (const value of trees) squares += (value - mean) ** 2;
  const unsure = spread + (trees.length > 1 ? Math.sqrt(squares / (trees.length - 1)) : 0);
  return [mean + unsure * quantileOfSorted(quantiles, low), mean + unsure * quantileOfSorted(quantiles, high)];
}
