import { Refusal, refuse } from "../../contract/errors";
import type { Dataset } from "../dataset";
import { randomOf } from "../random";
import { type ForestModel, forestModelOf } from "./forest-model";
import { type Tree, treeGrower } from "./grow-tree";
import { rankedFeature } from "./ranks";

export interface ForestOptions {
  trees: number;
  /** 0: unlimited. */
  maxDepth: number;
  minLeaf: number;
  /** Features to try at each division: a count of 1 or more, a share below 1, or by name. `auto`: sqrt for classes, all for numbers. */
  maxFeatures: number | "auto" | "sqrt" | "log2" | "all";
  /** `balanced`: every class weighs the same altogether, as scikit-learn's. */
  classWeight: "none" | "balanced";
  seed: number;
}

export interface TrainedForest {
  model: ForestModel;
  /** Share of each feature in what divisions took off the impurity, averaged over the trees; sums to 1. */
  importance: Float64Array;
}

/**
 * A random forest on the dataset's rows. Each tree has its own random numbers, so the forest does not depend on who grows
 * which tree, or when.
 *
 * @param onTree called after each tree with how many are done
 */
export function trainForest(
  dataset: Dataset,
  options: ForestOptions,
  onTree: (done: number) => void = () => {},
): TrainedForest {
  const classes = dataset.target.labels?.length ?? 0;
  const grow = treeGrower(
    {
      features: dataset.features.map((feature) => rankedFeature(feature.values)),
      target: dataset.target.values,
      weight: rowWeights(dataset, options.classWeight),
    },
    {
      maxDepth: options.maxDepth,
      minLeaf: options.minLeaf,
      classes,
      tries: featuresToTry(options.maxFeatures, dataset.features.length, classes > 0),
    },
  );
  const trees: Tree[] = [];
  let nodes = 0;
  for (let tree = 0; tree < options.trees; tree++) {
    trees.push(grow(randomOf(options.seed, tree)));
    nodes += trees[tree]!.feature.length;
    if (nodes > maxNodes)
      throw new Refusal(
        refuse(
          "too-large",
          `The forest has more than ${maxNodes} nodes after ${tree + 1} trees of ${options.trees}.`,
          "Grow fewer trees, or smaller ones with minLeaf 5 or a maxDepth.",
        ),
      );
    onTree(tree + 1);
  }
  return { model: forestModelOf(trees, classes), importance: meanImportance(trees, dataset.features.length) };
}

/** About 300 MB of stored model. */
const maxNodes = 25e6;

/** How many features each division tries, as scikit-learn reads `max_features`. */
export function featuresToTry(maxFeatures: ForestOptions["maxFeatures"], count: number, isClasses: boolean): number {
  const rule = maxFeatures === "auto" ? (isClasses ? "sqrt" : "all") : maxFeatures;
  let tries = count;
  if (rule === "sqrt") tries = Math.sqrt(count);
  else if (rule === "log2") tries = Math.log2(count);
  else if (typeof rule === "number") tries = rule < 1 ? rule * count : rule;
  return Math.min(count, Math.max(1, Math.floor(tries)));
}

function rowWeights({ target, rows }: Dataset, classWeight: "none" | "balanced"): Float64Array {
  const weights = new Float64Array(rows).fill(1);
  if (classWeight === "none" || !target.labels) return weights;
  const counts = new Float64Array(target.labels.length);
  for (let i = 0; i < rows; i++) counts[target.values[i]!] = counts[target.values[i]!]! + 1;
  // n / (classes * count), scikit-learn's "balanced".
  for (let i = 0; i < rows; i++) weights[i] = rows / (counts.length * counts[target.values[i]!]!);
  return weights;
}

function meanImportance(trees: readonly Tree[], features: number): Float64Array {
  const mean = new Float64Array(features);
  for (const tree of trees) for (let f = 0; f < features; f++) mean[f] = mean[f]! + tree.importance[f]!;
  const total = mean.reduce((sum, part) => sum + part, 0);
  return total > 0 ? mean.map((part) => part / total) : mean;
}
