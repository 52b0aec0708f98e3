import type { Label } from "./dataset";

/** The rows that metrics speak of: held-out ones, those learned from, or those that each tree has not seen. */
export type JudgedOn = "test" | "train" | "out-of-bag";

/** What wrong answers about the positive class cost, in any unit. */
export interface Costs {
  /** A row of the positive class that is not found. */
  missed: number;
  /** Another row that is taken for one. */
  falseAlarm: number;
}

/** How far predicted numbers are from measured ones. */
export interface RegressionMetrics {
  on: JudgedOn;
  /** Mean squared error, in the target's unit squared. */
  mse: number;
  rmse: number;
  /** Mean absolute error, in the target's unit. */
  mae: number;
  /** Share of the variance that is explained; below 0 where the mean would predict better. Null for fewer than two different values. */
  r2: number | null;
  /** Mean of the absolute errors as shares of what was measured; null where something measured is 0. */
  mape: number | null;
}

/** How well predicted classes hold. */
export interface ClassMetrics {
  on: JudgedOn;
  accuracy: number;
  /** Of `positive`; for three classes and more without one, the mean over the classes. 0 where nothing was predicted so. */
  precision: number;
  recall: number;
  f1: number;
  /** Means of the classes' values. `recallMacro` is also called balanced accuracy. */
  precisionMacro: number;
  recallMacro: number;
  f1Macro: number;
  /** Means of the classes' values, each as often as it occurs. */
  precisionWeighted: number;
  recallWeighted: number;
  f1Weighted: number;
  /** Matthews' correlation of actual and predicted class, -1 to 1; 0 for guessing, however rare a class is. */
  mcc: number;
  /** Area under the precision-recall curve, by steps: what precision is on average as recall rises. Of `positive`; else the classes' mean. Null where the class does not occur. */
  averagePrecision: number | null;
  /** Brier score: mean squared difference of probabilities and what came, 0 to 1 for two classes, 0 to 2 for more; 0 is best. */
  brier: number;
  /** What the wrong answers cost a row on the mean. Only where costs are given. */
  cost?: number;
  /** By class, in the order of `labels`. `support`: rows that are of it. */
  perClass: { label: Label; precision: number; recall: number; f1: number; support: number }[];
  /** Area under the ROC curve of `positive`; without one the mean over the classes, each against the rest. Null with one class only. */
  rocAuc: number | null;
  /** Rows are the actual classes, columns the predicted ones, in the order of `labels`. */
  confusion: number[][];
  labels: Label[];
  /** The class that precision, recall, f1 and rocAuc speak of; null: the mean over the classes. */
  positive: Label | null;
}

/**
 * As scikit-learn's `mean_squared_error`, `mean_absolute_error`, `mean_absolute_percentage_error` and `r2_score`.
 *
 * @param uncentred R2 against 0 and not against the mean, for models without intercept
 */
export function regressionMetrics(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  on: JudgedOn,
  uncentred = false,
): RegressionMetrics {
  const n = actual.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += actual[i]!;
  const middle = uncentred ? 0 : sum / n;
  let differ = uncentred;
  let squares = 0;
  let absolutes = 0;
  let total = 0;
  let shares = 0;
  for (let i = 0; i < n; i++) {
    const error = actual[i]! - predicted[i]!;
    squares += error * error;
    absolutes += Math.abs(error);
    shares += Math.abs(error / actual[i]!);
    total += (actual[i]! - middle) ** 2;
    if (actual[i] !== actual[0]) differ = true;
  }
  const mse = squares / n;
  // Of equal numbers, rounding of their mean may leave a total above 0.
  const r2 = n > 1 && differ && total > 0 ? 1 - squares / total : null;
  const mape = Number.isFinite(shares) && n > 0 ? shares / n : null;
  return { on, mse, rmse: Math.sqrt(mse), mae: absolutes / n, r2, mape };
}

export interface Classified {
  /** Index of each row's class in `labels`. */
  actual: ArrayLike<number>;
  predicted: ArrayLike<number>;
  /** Probability of each class: one array a class, one number a row. */
  probabilities: readonly ArrayLike<number>[];
}

/**
 * As scikit-learn's `accuracy_score`, `precision_recall_fscore_support`, `roc_auc_score` (one against the rest), `confusion_matrix`,
 * `matthews_corrcoef`, `average_precision_score` and `brier_score_loss` (for three classes and more its sum over the classes).
 */
export function classMetrics(
  { actual, predicted, probabilities }: Classified,
  labels: Label[],
  positive: Label | null,
  on: JudgedOn,
  costs?: Costs,
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
      support: actuallySo,
      ...rankings(actual, probabilities[c] ?? [], c),
    };
  });
  // Like scikit-learn, means are over the classes that occur among these rows.
  const occurring = each.filter((one) => one.occurs);
  const chosen = positive === null ? undefined : each[labels.indexOf(positive)];
  const meanOf = (values: (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length > 0 ? mean(known) : null;
  };
  const macro = (of: "precision" | "recall" | "f1"): number => mean(occurring.map((one) => one[of]));
  const weighted = (of: "precision" | "recall" | "f1"): number =>
    each.reduce((sum, one) => sum + one[of] * one.support, 0) / n;
  return {
    on,
    accuracy: right / n,
    precision: chosen?.precision ?? macro("precision"),
    recall: chosen?.recall ?? macro("recall"),
    f1: chosen?.f1 ?? macro("f1"),
    precisionMacro: macro("precision"),
    recallMacro: macro("recall"),
    f1Macro: macro("f1"),
    precisionWeighted: weighted("precision"),
    recallWeighted: weighted("recall"),
    f1Weighted: weighted("f1"),
    mcc: matthews(confusion),
    averagePrecision: chosen ? chosen.averagePrecision : meanOf(each.map((one) => one.averagePrecision)),
    brier: brierOf(actual, probabilities),
    ...(costs && positive !== null ? { cost: costOf(confusion, labels.indexOf(positive), costs) } : {}),
    perClass: labels.map((label, c) => {
      const { precision, recall, f1, support } = each[c]!;
      return { label, precision, recall, f1, support };
    }),
    rocAuc: chosen ? chosen.auc : meanOf(each.map((one) => one.auc)),
    confusion,
    labels,
    positive,
  };
}

/** Of errors the smaller is better, of all other metrics the larger. */
export const isError = (metric: string): boolean => ["mse", "rmse", "mae", "mape", "brier", "cost"].includes(metric);

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * `auc`: probability that a row of the class has a larger score than one that is not, equal scores counting half (Mann and
 * Whitney). `averagePrecision`: precision at each score, by how much recall rises there.
 */
function rankings(
  actual: ArrayLike<number>,
  scores: ArrayLike<number>,
  ofClass: number,
): { auc: number | null; averagePrecision: number | null } {
  const n = actual.length;
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  let positives = 0;
  /** Pairs in which the row of the class comes first; ties count half. */
  let pairs = 0;
  let steps = 0;
  for (let i = 0; i < n; ) {
    let end = i;
    let here = 0;
    while (end < n && scores[order[end]!] === scores[order[i]!]) if (actual[order[end++]!] === ofClass) here++;
    const others = end - i - here;
    pairs += others * (positives + here / 2);
    positives += here;
    steps += (here * positives) / end;
    i = end;
  }
  const negatives = n - positives;
  return {
    auc: positives === 0 || negatives === 0 ? null : pairs / (positives * negatives),
    averagePrecision: positives === 0 ? null : steps / positives,
  };
}

function costOf(confusion: number[][], positive: number, { missed, falseAlarm }: Costs): number {
  let sum = 0;
  let n = 0;
  confusion.forEach((row, actual) => {
    row.forEach((count, predicted) => {
      n += count;
      if ((actual === positive) === (predicted === positive)) return;
      sum += count * (actual === positive ? missed : falseAlarm);
    });
  });
  return sum / n;
}

/** Of any number of classes (J. Gorodkin, Comput. Biol. Chem. 28, 2004, 367). 0 where all rows are, or are said to be, of one class. */
function matthews(confusion: number[][]): number {
  const k = confusion.length;
  let n = 0;
  let right = 0;
  let both = 0;
  let actualSquares = 0;
  let predictedSquares = 0;
  for (let c = 0; c < k; c++) {
    const isSo = confusion[c]!.reduce((sum, count) => sum + count, 0);
    const saidSo = confusion.reduce((sum, row) => sum + row[c]!, 0);
    n += isSo;
    right += confusion[c]![c]!;
    both += isSo * saidSo;
    actualSquares += isSo * isSo;
    predictedSquares += saidSo * saidSo;
  }
  const spread = (n * n - actualSquares) * (n * n - predictedSquares);
  return spread > 0 ? (right * n - both) / Math.sqrt(spread) : 0;
}

function brierOf(actual: ArrayLike<number>, probabilities: readonly ArrayLike<number>[]): number {
  const n = actual.length;
  let sum = 0;
  for (const [c, shares] of probabilities.entries())
    for (let i = 0; i < n; i++) sum += ((shares[i] ?? 0) - (actual[i] === c ? 1 : 0)) ** 2;
  return sum / n / (probabilities.length === 2 ? 2 : 1);
}

/**
 * The class that precision, recall and f1 speak of, where nobody says: of two classes 1 or true (also as a text), else the rarer one, as a
 * fault is rarer than its absence; of more classes none.
 *
 * @param counts rows of each class
 */
export function defaultPositive(labels: Label[], counts: ArrayLike<number>): Label | null {
  if (labels.length !== 2) return null;
  const [first, second] = labels as [Label, Label];
  if (second === 1 || String(second).toLowerCase() === "true") return second;
  return counts[0]! < counts[1]! ? first : second;
}
