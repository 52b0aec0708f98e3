/**
 * The bare arithmetic of a model. A row is the model's features in their order as numbers: a category is its index among the
 * feature's categories, NaN a missing value or an unknown category.
 */
export interface Scorer {
  /** The predicted number, or the index of the predicted class. Allocates nothing. */
  score(row: Float64Array): number;
  /** The probability of each class; returns the predicted one, as `score` does. Only for classes. */
  probabilities?(row: Float64Array, into: Float64Array): number;
  /** Where the value lies with the probability `level`. Only where the model can tell. */
  interval?(row: Float64Array, level: number): [number, number];
  /** What each feature adds; returns what they are added to. All together are the prediction. */
  contributions?(row: Float64Array, into: Float64Array): number;
}
