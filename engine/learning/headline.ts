import type { TargetColumn } from "./dataset";
import type { Gate } from "./gate";
import type { Metrics, Report } from "./report";
import { type Warning, warningOf } from "./warning";

/**
 * From how many rows of the most frequent class for each of the rarest on accuracy says little: 80 to 20, where "moderate"
 * imbalance begins (Google, Machine Learning Crash Course: Imbalanced datasets).
 */
const imbalancedFrom = 4;

export interface Imbalance {
  /** Number of the most frequent and of the rarest class. */
  most: number;
  rarest: number;
  /** Their shares of the rows. */
  shares: [number, number];
}

/** Whether one class is so much more frequent than another that accuracy misleads; undefined where it is not. */
export function imbalanceOf({ labels, values }: TargetColumn): Imbalance | undefined {
  if (!labels) return undefined;
  const counts = new Float64Array(labels.length);
  for (const c of values) counts[c] = counts[c]! + 1;
  const occurring = [...counts].filter((count) => count > 0);
  const [high, low] = [Math.max(...occurring), Math.min(...occurring)];
  if (occurring.length < 2 || high < imbalancedFrom * low) return undefined;
  return {
    most: counts.indexOf(high),
    rarest: counts.indexOf(low),
    shares: [high / values.length, low / values.length],
  };
}

/** In a sentence, what accuracy is worth then. */
export function imbalanceWarnings({ labels }: TargetColumn, imbalance: Imbalance | undefined): Warning[] {
  if (!imbalance || !labels) return [];
  const [mostShare, leastShare] = imbalance.shares.map((share) => (100 * share).toFixed(1)) as [string, string];
  const [most, least] = [String(labels[imbalance.most]), String(labels[imbalance.rarest])];
  return [warningOf("imbalanced", { most, mostShare, least, leastShare })];
}

/**
 * The metric that a model is spoken of and compared by: the first of its gate; else its cost, where wrong answers have one;
 * else the error of numbers, and f1 of classes, which a rare class does not escape. Of imbalanced classes never accuracy.
 */
export function decidingMetric(
  { conditions }: Pick<Gate, "conditions">,
  { isClasses, isImbalanced, hasCosts }: { isClasses: boolean; isImbalanced: boolean; hasCosts: boolean },
): string {
  const first = conditions.find(({ metric }) => !(isImbalanced && metric === "accuracy"));
  return first?.metric ?? (hasCosts ? "cost" : isClasses ? "f1" : "rmse");
}

/** A model in one number, beside what the naive guess reaches. */
export const headlineOf = (metric: string, metrics: Metrics, baseline: Metrics): Report["headline"] => ({
  metric,
  value: metricOf(metrics, metric) ?? null,
  baseline: metricOf(baseline, metric) ?? null,
});

/** One of a model's metrics, where it could be computed. */
export function metricOf(metrics: Metrics, name: string): number | undefined {
  const value = (metrics as unknown as Record<string, unknown>)[name];
  return typeof value === "number" && !Number.isNaN(value) ? value : undefined;
}
