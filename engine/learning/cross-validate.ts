import { type Dataset, type Label, takeRows } from "./dataset";
import { evaluate } from "./evaluate";
import { fitModel } from "./fit";
import type { ForestMeans } from "./forest/train-forest";
import { withKnownCategories } from "./known-categories";
import { featureSpecs, scorerOf } from "./model";
import { costsOf, type TrainOptions, taskOf } from "./options";
import { numberedFor } from "./order-categories";
import type { Report } from "./report";
import type { Split } from "./split";

/** By metric its values, one a fold in their order; NaN where a fold has none. */
export type FoldValues = Record<string, number[]>;

/**
 * Metrics of models that are each fitted to the rows of a fold to learn from, and judged by those that it holds out.
 *
 * @param training the rows to learn from only: what is held out to judge the model at last stays unseen
 * @param onFold told how many folds are done
 */
export function crossValidate(
  training: Dataset,
  folds: readonly Split[],
  options: TrainOptions,
  positive: Label | null,
  onFold: (done: number) => void = () => {},
  means: ForestMeans = {},
): FoldValues {
  const { algorithm } = options;
  const costs = costsOf(options);
  const found: FoldValues = {};
  folds.forEach(({ train, test }, fold) => {
    const known = numberedFor(options, withKnownCategories(training, train), train);
    const part = takeRows(known, train);
    const { parts, engine } = fitModel(part, { ...options, outOfBag: false }, { ...means, positive });
    const scorer = scorerOf({
      format: 1,
      algorithm,
      engine,
      task: taskOf(algorithm),
      target: "",
      ...(part.target.labels ? { labels: part.target.labels } : {}),
      features: featureSpecs(part),
      dataHash: "",
      ...parts,
    });
    const { metrics } = evaluate(scorer, takeRows(known, test), "test", positive, false, costs);
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value !== "number" || name === "positive") continue; // a class may be called by a number
      found[name] ??= new Array<number>(folds.length).fill(Number.NaN);
      found[name][fold] = value;
    }
    onFold(fold + 1);
  });
  return found;
}

/** Means over the folds that have a value, and standard deviations (n - 1). */
export function summaryOf(values: FoldValues, folds: number): NonNullable<Report["crossValidation"]> {
  const mean: Record<string, number> = {};
  const sd: Record<string, number> = {};
  for (const [name, all] of Object.entries(values)) {
    const found = all.filter((value) => !Number.isNaN(value));
    if (found.length === 0) continue;
    const average = found.reduce((sum, value) => sum + value, 0) / found.length;
    mean[name] = average;
    sd[name] = Math.sqrt(found.reduce((sum, value) => sum + (value - average) ** 2, 0) / Math.max(1, found.length - 1));
  }
  return { folds, mean, sd };
}
