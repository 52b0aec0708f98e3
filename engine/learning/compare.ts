import { Refusal } from "../contract/errors";
import type { Dataset, FeatureColumn, Label } from "./dataset";
import { evaluate } from "./evaluate";
import { metricOf } from "./headline";
import { type Costs, isError } from "./metrics";
import { type Model, scorerOf } from "./model";
import type { Metrics, Report } from "./report";
import type { Scorer } from "./scorer";

/**
 * How an earlier model does on the very rows that a new one is judged by, and which of the two is better. A model that
 * cannot be judged by these rows is not replaced unseen: `better` is false and `reason` says why.
 *
 * @param metric what decides; smaller is better for errors, larger for all others
 */
export function compareWith(
  champion: { model: Model; version: number },
  rows: Dataset,
  candidate: Metrics,
  metric: string,
  positive: Label | null,
  uncentred: boolean,
  costs?: Costs,
): NonNullable<Report["champion"]> {
  const { model, version } = champion;
  const result = (reason: string, better = false, metrics?: Metrics): NonNullable<Report["champion"]> => ({
    version,
    metric,
    better,
    ...(reason ? { reason } : {}),
    ...(metrics ? { metrics } : {}),
  });
  if (model.target !== rows.target.name) return result(`it predicts ${model.target}`);
  if (JSON.stringify(model.labels ?? []) !== JSON.stringify(rows.target.labels ?? []))
    return result("it tells other classes apart");
  const features: FeatureColumn[] = [];
  for (const spec of model.features) {
    const feature = rows.features.find(({ name, kind }) => name === spec.name && kind === spec.kind);
    if (!feature) return result(`it needs ${spec.name}, which is no feature of this training`);
    features.push(inItsNumbers(feature, spec.categories));
  }
  const scorer = readable(model);
  if (!scorer) return result("it is damaged", true);
  const { metrics } = evaluate(scorer, { ...rows, features }, candidate.on, positive, uncentred, costs);
  const theirs = metricOf(metrics, metric);
  const ours = metricOf(candidate, metric);
  if (theirs === undefined || ours === undefined) return result(`${metric} cannot be computed of both`, false, metrics);
  return result("", isError(metric) ? ours < theirs : ours > theirs, metrics);
}

function readable(model: Model): Scorer | undefined {
  try {
    return scorerOf(model);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** A feature's categories by the numbers that another model gave them. */
function inItsNumbers(feature: FeatureColumn, categories: string[] | undefined): FeatureColumn {
  if (!categories || !feature.categories) return feature;
  const number = new Map(categories.map((text, i) => [text, i]));
  const own = feature.categories.map((text) => number.get(text) ?? Number.NaN);
  return {
    ...feature,
    categories,
    values: feature.values.map((value) => (Number.isNaN(value) ? Number.NaN : own[value]!)),
  };
}
