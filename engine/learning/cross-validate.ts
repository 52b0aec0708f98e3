import { type Dataset, type Label, takeRows } from "./dataset";
import { evaluate } from "./evaluate";
import { fitModel } from "./fit";
import { withKnownCategories } from "./known-categories";
import { featureSpecs, scorerOf } from "./model";
import { type TrainOptions, taskOf } from "./options";
import type { Report } from "./report";
import { foldOfRows } from "./split";

/**
 * Metrics of models that are each fitted to all rows but one part, on that part (k-fold cross-validation). Only of the rows
 * to learn from: the held-out rows stay unseen. The parts follow the same split as the training.
 */
export function crossValidate(
  dataset: Dataset,
  rows: Int32Array,
  options: TrainOptions,
  positive: Label | null,
  onFold: (done: number) => void,
): NonNullable<Report["crossValidation"]> {
  const training = takeRows(dataset, rows);
  const { folds, seed, algorithm } = options;
  const foldOf = foldOfRows(training, folds, { split: options.split, seed });
  const found: Record<string, number[]> = {};
  for (let fold = 0; fold < folds; fold++) {
    const seen = Int32Array.from(foldOf.keys()).filter((row) => foldOf[row] !== fold);
    const unseen = Int32Array.from(foldOf.keys()).filter((row) => foldOf[row] === fold);
    if (unseen.length > 0) {
      const known = withKnownCategories(training, seen);
      const part = takeRows(known, seen);
      const { parts, engine } = fitModel(part, options);
      const scorer = scorerOf({
        format: 1,
        algorithm,
        engine,
        task: taskOf(algorithm),
        target: "",
        features: featureSpecs(part),
        dataHash: "",
        ...parts,
      });
      const uncentred = parts.linear !== undefined && !options.intercept;
      const { metrics } = evaluate(scorer, takeRows(known, unseen), "test", positive, uncentred);
      for (const [name, value] of Object.entries(metrics)) {
        if (typeof value !== "number") continue;
        found[name] ??= [];
        found[name].push(value);
      }
    }
    onFold(fold + 1);
  }
  const mean: Record<string, number> = {};
  const sd: Record<string, number> = {};
  for (const [name, values] of Object.entries(found)) {
    if (name === "positive") continue; // a class may be called by a number
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    mean[name] = average;
    sd[name] = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1));
  }
  return { folds, mean, sd };
}
