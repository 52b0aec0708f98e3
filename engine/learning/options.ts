import type { CurveForm } from "./curve";
import type { ForestOptions } from "./forest/train-forest";
import type { Costs } from "./metrics";
import type { SplitKind } from "./split";
import type { Tune } from "./tune-candidates";

export const algorithms = [
  "linear",
  "ridge",
  "polynomial",
  "exponential",
  "power",
  "theil-sen",
  "robust-polynomial",
  "forest-classifier",
  "forest-regressor",
] as const;
export type Algorithm = (typeof algorithms)[number];
export const engines = ["meditwin", "ml-random-forest"] as const;
export type ForestEngine = (typeof engines)[number];
export type Task = "regression" | "classification";

export const taskOf = (algorithm: Algorithm): Task =>
  algorithm === "forest-classifier" ? "classification" : "regression";
export const isForest = (algorithm: Algorithm): boolean => algorithm.startsWith("forest-");
export const curveOf = (algorithm: Algorithm): CurveForm | undefined =>
  algorithm === "exponential" || algorithm === "power" || algorithm === "theil-sen" ? algorithm : undefined;

/** What `tune` may name. */
export const tunables = [
  "algorithm",
  "degree",
  "alpha",
  "interactions",
  "intercept",
  "trees",
  "maxDepth",
  "minLeaf",
  "maxFeatures",
  "classWeight",
] as const;
export type Tunable = (typeof tunables)[number];

/** Whether an algorithm looks at a setting at all. */
export function usesSetting(algorithm: Algorithm, setting: Tunable): boolean {
  if (setting === "algorithm") return true;
  if (setting === "degree") return algorithm.endsWith("polynomial");
  if (setting === "alpha") return algorithm === "ridge";
  if (setting === "interactions") return ["linear", "ridge", "polynomial"].includes(algorithm);
  if (setting === "intercept") return !isForest(algorithm) && !curveOf(algorithm);
  if (setting === "classWeight") return algorithm === "forest-classifier";
  return isForest(algorithm);
}

/** How to train. What an algorithm does not use is ignored. */
export interface TrainOptions extends ForestOptions {
  algorithm: Algorithm;
  /** Of forests. @default "meditwin" */
  engine: ForestEngine;
  /** @default "stratified" for classes, else "random" */
  split: SplitKind;
  /** Share of the rows that is held out; 0 learns from all and judges by the same rows. @default 0.2 */
  testSize: number;
  /** Parts for cross-validation of the rows to learn from; below 2 there is none. @default 0 */
  folds: number;
  /** The class that precision, recall and f1 speak of, as text. Empty: see `defaultPositive`. */
  positive: string;
  /**
   * What a row of the positive class that is not found costs, and a false alarm, in any unit: two classes are then told apart
   * where that costs least. 0: by the more probable one. @default 0
   */
  costMissed: number;
  costFalseAlarm: number;
  /** Judge a forest by the rows that its trees have not seen, too. @default false */
  outOfBag: boolean;
  /** How often each feature's values are shuffled to see what the model is worth without them; 0: never. @default 0 */
  permutationRepeats: number;
  /** Of polynomials. @default 2 */
  degree: number;
  /** Of ridge. @default 1 */
  alpha: number;
  /** @default true */
  intercept: boolean;
  /** Of linear, ridge and polynomial: whether each pair of features also has the product of the two as a term. @default false */
  interactions: boolean;
  /** Conditions on the metrics, such as `f1>=0.7`. */
  gate: string;
  /** Settings to search the best of, by cross-validation of the rows to learn from. @default [] */
  tune: Tune[];
  /** `grid` tries every combination, `random` as many as `candidates`. @default "grid" */
  search: "grid" | "random";
  /** Most combinations of a grid; how many are drawn at random. @default 60 */
  candidates: number;
}

/** The defaults of the contract, forests as scikit-learn's. */
export function trainOptions(given: Partial<TrainOptions> & { algorithm: Algorithm }): TrainOptions {
  return {
    engine: "meditwin",
    split: taskOf(given.algorithm) === "classification" ? "stratified" : "random",
    testSize: 0.2,
    seed: 1,
    folds: 0,
    trees: 100,
    maxDepth: 0,
    minLeaf: 1,
    maxFeatures: "auto",
    classWeight: "none",
    positive: "",
    costMissed: 0,
    costFalseAlarm: 0,
    outOfBag: false,
    permutationRepeats: 0,
    degree: 2,
    alpha: 1,
    intercept: true,
    interactions: false,
    gate: "",
    tune: [],
    search: "grid",
    candidates: 60,
    ...given,
  };
}

export const costsOf = ({ costMissed, costFalseAlarm }: TrainOptions): Costs | undefined =>
  costMissed > 0 && costFalseAlarm > 0 ? { missed: costMissed, falseAlarm: costFalseAlarm } : undefined;
