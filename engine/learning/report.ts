import type { Label } from "./dataset";
import type { GateResult } from "./gate";
import type { Leak } from "./leakage";
import type { Coefficient } from "./linear/coefficients";
import type { LinearFit } from "./linear/train-linear";
import type { ClassMetrics, JudgedOn, RegressionMetrics } from "./metrics";
import type { Algorithm, Task } from "./options";
import type { SplitKind } from "./split";
import type { Threshold } from "./threshold";
import type { Tuning } from "./tune";
import type { Warning } from "./warning";

export type Metrics = RegressionMetrics | ClassMetrics;

/** What training says of the model. `model`, `version` and `durationMs` are filled in by the node, which knows them. */
export interface Report {
  /** Name in the registry. */
  model: string;
  version: number;
  algorithm: Algorithm;
  /** `meditwin`, `ml-random-forest` or `ml-regression`. */
  engine: string;
  task: Task;
  target: string;
  features: string[];
  /** `dropped`: left out because the target or a needed feature was missing. `test` is 0 when all rows were learned from. */
  rows: { train: number; test: number; dropped: number };
  /** How the rows were divided. `heldOut`: fingerprint of the numbers of those held out; `testSize` is absent where the column says which. */
  split: { kind: SplitKind; testSize?: number; heldOut: string };
  /** On the held-out rows; on the training rows (`on: "train"`) when none are held out. */
  metrics: Metrics;
  /** What the simplest guess of all reaches on the same rows: the mean, or the most frequent class, of the training rows. */
  baseline: Metrics & { strategy: "mean" | "most-frequent"; value: Label };
  /** The model in the metric that it is compared by, beside the same of `baseline`; null where that cannot be computed. */
  headline: { metric: string; value: number | null; baseline: number | null };
  gate: GateResult;
  /** Forests: on the rows to learn from, each predicted by the trees that have not seen it. `rows`: that such a tree exists for. */
  outOfBag?: { rows: number; metrics: Metrics };
  /**
   * From which probability of the positive class on the model says that class, and what wrong answers cost a row on the mean with
   * it and with the more probable class. `on`: the rows that it was chosen by, none of them held out; `costs`: by the costs alone.
   * `expectedCost` is a little too good, being the least of many; `metrics.cost` is not.
   */
  threshold?: Threshold & {
    costMissed: number;
    costFalseAlarm: number;
    on: "out-of-bag" | "cross-validation" | "costs";
    expectedCost: number | null;
    costAtHalf: number | null;
  };
  /** Forests: share of each feature in what divisions took off the impurity, largest first; sums to 1. */
  importance?: { feature: string; importance: number }[];
  /** Numbers: the share of the held-out rows (of 2,000 at most) that intervals of that level hold, and their mean width. */
  interval?: { level: number; coverage: number; width: number; rows: number };
  /**
   * How much worse the metric of `permutation` gets when a feature's values are shuffled: mean and standard deviation (n - 1) of
   * `repeats` times, largest first; below 0 where the model does better without it.
   */
  permutationImportance?: { feature: string; mean: number; sd: number | null }[];
  /** What `permutationImportance` speaks of. `rows`: how many were used. */
  permutation?: { metric: string; on: JudgedOn; rows: number; repeats: number };
  coefficients?: Coefficient[];
  /** What the terms of `coefficients` mean, where it is not a sum of multiples. */
  formula?: string;
  /** Linear models: the fit to the training rows. */
  fit?: LinearFit;
  /** Means over the parts of cross-validation, and their standard deviations (n - 1). */
  crossValidation?: { folds: number; mean: Record<string, number>; sd: Record<string, number> };
  /** What the search over `tune` found. The model has its best settings. */
  tuning?: Tuning;
  /** How the present champion does on the same rows, where it was asked to be compared. */
  champion?: { version: number; metric: string; better: boolean; metrics?: Metrics; reason?: string };
  /** Whether the champion's alias was given to this version. */
  promoted?: boolean;
  /** Ids of the node that trained it and of its flow. */
  madeBy?: { node: string; flow: string };
  seed: number;
  /** Fingerprint of the numbers that were learned from and judged by. */
  dataHash: string;
  durationMs: number;
  /** Up to 500 of the rows that `metrics` speak of, in order, evenly picked, for a picture of predicted against measured. */
  predictions: { actual: Label; predicted: Label }[];
  /** What looks as if the model knew at training what nobody knows when it predicts; `warnings` has the texts, too. */
  leaks?: Leak[];
  /** What else somebody who relies on the model should know. Absent: nothing. */
  notices?: Warning[];
  /** The texts of `leaks` and `notices`, and what the node that trained has to say. */
  warnings: string[];
}
