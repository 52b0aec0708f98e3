import { formulaOf, onlyFeature, trainCurve } from "./curve";
import type { Dataset, Label } from "./dataset";
import { measureErrors } from "./forest/measure-errors";
import { trainMlRandomForest } from "./forest/ml-random-forest";
import { type ForestMeans, trainForest } from "./forest/train-forest";
import { judgeForest } from "./judge-forest";
import type { Coefficient } from "./linear/coefficients";
import { trainRobust } from "./linear/robust";
import { trainLinear } from "./linear/train-linear";
import type { Model } from "./model";
import { curveOf, type TrainOptions } from "./options";
import type { Report } from "./report";
import { type Warning, warningOf } from "./warning";

/** A model's numbers and what a report says of them. */
export interface Fitted {
  engine: string;
  parts: Pick<Model, "linear" | "curve" | "forest" | "threshold">;
  told: Pick<Report, "coefficients" | "formula" | "fit" | "importance" | "outOfBag" | "threshold">;
  warnings: Warning[];
}

export interface FitHooks extends ForestMeans {
  /** The class that costs speak of. */
  positive?: Label | null;
  /** Told, now and then, which share of the work is done. */
  onPart?(share: number): void;
}

/** Fits the chosen algorithm to a dataset. */
export function fitModel(dataset: Dataset, options: TrainOptions, hooks: FitHooks = {}): Fitted {
  const { algorithm, intercept, degree } = options;
  const curve = curveOf(algorithm);
  if (curve) {
    const { model, coefficients, warnings } = trainCurve(dataset, curve);
    return {
      engine: curve === "theil-sen" ? "meditwin" : "ml-regression",
      parts: { curve: model },
      told: { coefficients, formula: formulaOf(curve) },
      warnings,
    };
  }
  if (algorithm === "forest-classifier" || algorithm === "forest-regressor") {
    const isOurs = options.engine === "meditwin";
    const grow = (part: Dataset, onTree?: (done: number) => void) =>
      isOurs
        ? trainForest(part, options, { ...hooks, ...(onTree ? { onTree } : {}) })
        : trainMlRandomForest(part, options);
    const { model, importance, trees } = grow(dataset, (done) => hooks.onPart?.(done / options.trees));
    const errors = isOurs && !dataset.target.labels ? measureErrors(trees, dataset, options.seed) : undefined;
    const again = (part: Dataset) => grow(part).model;
    const { threshold, told, warnings } = judgeForest(dataset, trees, options, hooks.positive ?? null, again);
    const shares = dataset.features.map(({ name }, f) => ({ feature: name, importance: importance[f]! }));
    shares.sort((a, b) => b.importance - a.importance);
    return {
      engine: options.engine,
      parts: { forest: { ...model, ...(errors ? { errors } : {}) }, ...(threshold ? { threshold } : {}) },
      told: { importance: shares, ...told },
      warnings,
    };
  }
  if (algorithm === "robust-polynomial") {
    onlyFeature(dataset, algorithm);
    const { model, coefficients, fit, outliers } = trainRobust(dataset, { degree, intercept }, options.seed);
    const warnings = outliers > 0 ? [warningOf("outliers", { rows: outliers })] : [];
    return { engine: "meditwin", parts: { linear: model }, told: { coefficients, fit }, warnings };
  }
  const { model, coefficients, fit } = trainLinear(dataset, {
    intercept,
    degree: algorithm === "polynomial" ? degree : 1,
    alpha: algorithm === "ridge" ? options.alpha : 0,
    interactions: options.interactions,
  });
  return {
    engine: "ml-regression",
    parts: { linear: model },
    told: { coefficients, fit },
    warnings: inflated(coefficients),
  };
}

/** Beyond it, estimates say little one by one (M. Kutner et al., Applied Linear Statistical Models, 5th ed., 10.5). */
const largestVif = 10;

function inflated(coefficients: Coefficient[]): Warning[] {
  const names = coefficients.filter(({ vif = 1 }) => vif > largestVif).map(({ term }) => term);
  if (names.length === 0) return [];
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? `, … (+${names.length - 5})` : "");
  return [warningOf("inflated", { columns: shown, limit: largestVif })];
}
