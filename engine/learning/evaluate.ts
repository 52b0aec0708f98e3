import type { Dataset, Label } from "./dataset";
import { meanOf } from "./linear/terms";
import { type Costs, classMetrics, type JudgedOn, regressionMetrics } from "./metrics";
import type { Metrics, Report } from "./report";
import type { Scorer } from "./scorer";

export interface Judged {
  metrics: Metrics;
  predictions: Report["predictions"];
}

/** Metrics of a model on a dataset's rows, whose categories are numbered as the model's. */
export function evaluate(
  scorer: Scorer,
  rows: Dataset,
  on: JudgedOn,
  positive: Label | null,
  uncentred: boolean,
  costs?: Costs,
): Judged {
  const { labels, values: actual } = rows.target;
  const predicted = new Float64Array(rows.rows);
  const probabilities = (labels ?? []).map(() => new Float64Array(rows.rows));
  const row = new Float64Array(rows.features.length);
  const shares = new Float64Array(probabilities.length);
  for (let i = 0; i < rows.rows; i++) {
    for (let f = 0; f < row.length; f++) row[f] = rows.features[f]!.values[i]!;
    predicted[i] = scorer.probabilities?.(row, shares) ?? scorer.score(row);
    for (let c = 0; c < shares.length; c++) probabilities[c]![i] = shares[c]!;
  }
  return {
    metrics: labels
      ? classMetrics({ actual, predicted, probabilities }, labels, positive, on, costs)
      : regressionMetrics(actual, predicted, on, uncentred),
    predictions: sampleOf(actual, predicted, labels),
  };
}

/** What always answering the training rows' mean, or their most frequent class, reaches on the same rows. */
export function evaluateBaseline(
  training: Dataset,
  rows: Dataset,
  on: JudgedOn,
  positive: Label | null,
  uncentred: boolean,
  costs?: Costs,
): Report["baseline"] {
  const { labels, values } = training.target;
  if (!labels) {
    const mean = meanOf(values);
    const { metrics } = evaluate({ score: () => mean }, rows, on, positive, uncentred);
    return { strategy: "mean", value: mean, ...metrics };
  }
  const shares = new Float64Array(labels.length);
  for (const c of values) shares[c] = shares[c]! + 1 / values.length;
  const most = shares.indexOf(Math.max(...shares));
  const { metrics } = evaluate(
    {
      score: () => most,
      probabilities(_, into) {
        into.set(shares);
        return most;
      },
    },
    rows,
    on,
    positive,
    uncentred,
    costs,
  );
  return { strategy: "most-frequent", value: labels[most]!, ...metrics };
}

const mostPredictions = 500;

function sampleOf(actual: Float64Array, predicted: Float64Array, labels: Label[] | undefined): Report["predictions"] {
  const count = Math.min(mostPredictions, actual.length);
  const named = (value: number): Label => (labels ? labels[value]! : value);
  return Array.from({ length: count }, (_, k) => {
    const i = Math.floor((k * actual.length) / count);
    return { actual: named(actual[i]!), predicted: named(predicted[i]!) };
  });
}
