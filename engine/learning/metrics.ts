import type { Label } from "./dataset";

/** How far predicted numbers are from measured ones. `on` says which rows: held-out ones, or those learned from. */
export interface RegressionMetrics {
  on: "test" | "train";
  /** Mean squared error, in the target's unit squared. */
  mse: number;
  rmse: number;
  /** Mean absolute error, in the target's unit. */
  mae: number;
  /** Share of the variance that is explained; below 0 where the mean would predict better. Null for fewer than two different values. */
  r2: number | null;
}

/** How well predicted classes hold. */
export interface ClassMetrics {
  on: "test" | "train";
  accuracy: number;
  /** Of `positive`; for three classes and more without one, the mean over the classes. 0 where nothing was predicted so. */
  precision: number;
  recall: number;
  f1: number;
  /** Mean of the classes' f1. */
  f1Macro: number;
  /** Area under the ROC curve of `positive`; without one the mean over the classes, each against the rest. Null with one class only. */
  rocAuc: number | null;
  /** Rows are the actual classes, columns the predicted ones, in the order of `labels`. */
  confusion: number[][];
  labels: Label[];
  /** The class that precision, recall, f1 and rocAuc speak of; null: the mean over the classes. */
  positive: Label | null;
}

/**
 * As scikit-learn's `mean_squared_error`, `mean_absolute_error` and `r2_score`.
 *
 * @param uncentred R2 against 0 and not against the mean, for models without intercept
 */
export function regressionMetrics(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  on: "test" | "train",
  uncentred = false,
): RegressionMetrics {
  const n = actual.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += actual[i]!;
  const middle = uncentred ? 0 : sum / n;
  let squares = 0;
  let absolutes = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const error = actual[i]! - predicted[i]!;
    squares += error * error;
    absolutes += Math.abs(error);
    total += (actual[i]! - middle) ** 2;
  }
  const mse = squares / n;
  return { on, mse, rmse: Math.sqrt(mse), mae: absolutes / n, r2: n > 1 && total > 0 ? 1 - squares / total : null };
}

export interface Classified {
  /** Index of each row's class in `labels`. */
  actual: ArrayLike<number>;
  predicted: ArrayLike<number>;
  /** Probability of each class: one array a class, one number a row. */
  probabilities: readonly ArrayLike<number>[];
}

/** As scikit-learn's `accuracy_score`, `precision_recall_fscore_support`, `roc_auc_score` (one against the rest) and `confusion_matrix`. */
export function classMetrics(
  { actual, predicted, probabilities }: Classified,
  labels: Label[],
  positive: Label | null,
  on: "test" | "train",
): ClassMetrics {
  const n = actual.length;
  const confusion = labels.map(() => labels.map(() => 0));
  for (let i = 0; i < n; i++) confusion[actual[i]!]![predicted[i]!]!++;
  const right = labels.reduce<number>((sum, _, c) => sum + confusion[c]![c]!, 0);
  const each = labels.map((_, c) => {
    const hits = confusion[c]![c]!;
    const predictedSo = confusion.reduce((sum, row) => sum + row[c]!, 0);
    const actuallySo = confusion[c]!.reduce((sum, count) => sum + count, 0);
    return {
      occurs: predictedSo + actuallySo > 0,
      precision: predictedSo > 0 ? hits / predictedSo : 0,
      recall: actuallySo > 0 ? hits / actuallySo : 0,
      f1: predictedSo + actuallySo > 0 ? (2 * hits) / (predictedSo + actuallySo) : 0,
      auc: rocAuc(actual, probabilities[c] ?? [], c),
    };
  });
  // Like scikit-learn, means are over the classes that occur among these rows.
  const occurring = each.filter((one) => one.occurs);
  const chosen = positive === null ? undefined : each[labels.indexOf(positive)];
  const aucs = each.flatMap((one) => (one.auc === null ? [] : [one.auc]));
  return {
    on,
    accuracy: right / n,
    precision: chosen?.precision ?? mean(occurring.map((one) => one.precision)),
    recall: chosen?.recall ?? mean(occurring.map((one) => one.recall)),
    f1: chosen?.f1 ?? mean(occurring.map((one) => one.f1)),
    f1Macro: mean(occurring.map((one) => one.f1)),
    rocAuc: chosen ? chosen.auc : aucs.length > 0 ? mean(aucs) : null,
    confusion,
    labels,
    positive,
  };
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Probability that a row of the class has a larger score than one that is not, equal scores counting half (Mann and Whitney). */
function rocAuc(actual: ArrayLike<number>, scores: ArrayLike<number>, ofClass: number): number | null {
  const n = actual.length;
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let positives = 0;
  let ranks = 0;
  for (let i = 0; i < n; ) {
    let end = i;
    while (end < n && scores[order[end]!] === scores[order[i]!]) end++;
    for (let k = i; k < end; k++) {
      if (actual[order[k]!] !== ofClass) continue;
      positives++;
      ranks += (i + end + 1) / 2; // mean of the ranks from i + 1 to end
    }
    i = end;
  }
  const negatives = n - positives;
  return positives === 0 || negatives === 0
    ? null
    : (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * The class that precision, recall and f1 speak of, where nobody says: of two classes 1 or true, else the rarer one, as a
 * fault is rarer than its absence; of more classes none.
 *
 * @param counts rows of each class
 */
export function defaultPositive(labels: Label[], counts: ArrayLike<number>): Label | null {
  if (labels.length !== 2) return null;
  const [first, second] = labels as [Label, Label];
  if (second === 1 || second === true) return second;
  return counts[0]! < counts[1]! ? first : second;
}
