/**
 * The bare arithmetic of a model. A row is the model's features in their order as numbers: a category is its index among the
 * feature's categories, NaN a missing value or an unknown category.
 */
export interface Scorer {
  /** The predicted number, or the index of the predicted class. Allocates nothing. */
  score(row: Float64Array): number;
  /** The probability of each class; returns the predicted one, as `score` does. Only for classes. */
  probabilities?(row: Float64Array, into: Float64Array): number;
  /** Scores several rows at once, to the bit as one by one. Only where that is faster. */
  together?: Together;
  /** Where the value lies with the probability `level`. Only where the model can tell. */
  interval?(row: Float64Array, level: number): [number, number];
  /** What each feature adds; returns what they are added to. All together are the prediction. */
  contributions?(row: Float64Array, into: Float64Array): number;
}

export interface Together {
  /** So many rows keep both the memory and the time of one call small. */
  mostRows: number;
  score(block: Block): void;
}

/** Rows to score together, and what comes of them. The arrays may have room for more. */
export interface Block {
  /** Numbers of a row. */
  width: number;
  count: number;
  /** Row after row. */
  rows: Float64Array;
  /** Of each row what `score` returns. */
  scores: Float64Array;
  /** Of each row the probability of each class. Empty for numbers. */
  shares: Float64Array;
}
