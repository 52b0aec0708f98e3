import type { Dataset } from "../dataset";
import { randomOf } from "../random";
import { checkMemory, nodeLimit } from "./forest-memory";
import { type ForestModel, forestModelOf } from "./forest-model";
import { type GrowOptions, type TrainingSet, type Tree, treeGrower } from "./grow-tree";
import { rankedColumns } from "./ranks";

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

/** Everything that any tree of a forest is grown from: plain data, for whoever grows them. */
export interface ForestJob {
  training: TrainingSet;
  options: GrowOptions;
  trees: number;
  seed: number;
}

/**
 * Grows the trees 0 to `trees` - 1, in any order, and hands each over with its number.
 *
 * @param meanwhile work that is done here while others grow trees; it need not be done at all
 */
export type GrowTrees = (job: ForestJob, take: (tree: Tree, number: number) => void, meanwhile?: () => void) => void;

/** What a training may use of the machine. None of it changes the forest. */
export interface ForestMeans {
  /** @default one after another, here */
  growTrees?: GrowTrees;
  /** How many trees are grown at a time. @default 1 */
  workers?: number;
  /** Bytes there are. @default 4 GB */
  memory?: number;
  /** May be called as soon as others grow trees, and more than once. */
  meanwhile?(): void;
}

export interface TrainedForest {
  model: ForestModel;
  /** Share of each feature in what divisions took off the impurity, averaged over the trees; sums to 1. */
  importance: Float64Array;
  /** As they were grown, by their numbers. */
  trees: Tree[];
}

/**
 * A random forest on the dataset's rows. Each tree has its own random numbers, so the forest does not depend on who grows
 * which tree, or when. Throws a Refusal before it takes more memory than there is.
 *
 * @param hooks `onTree` is called after each tree with how many are done
 */
export function trainForest(
  dataset: Dataset,
  options: ForestOptions,
  hooks: ForestMeans & { onTree?(done: number): void } = {},
): TrainedForest {
  const { growTrees = growHere, workers = 1, memory = 4e9, meanwhile, onTree } = hooks;
  const size = { rows: dataset.rows, features: dataset.features.length, workers, memory };
  checkMemory(size);
  const checkNodes = nodeLimit(size, options.trees);
  const trees: Tree[] = new Array(options.trees);
  let done = 0;
  const take = (tree: Tree, number: number): void => {
    trees[number] = tree;
    checkNodes(tree, number);
    onTree?.(++done);
  };
  growTrees(forestJob(dataset, options), take, meanwhile);
  const classes = dataset.target.labels?.length ?? 0;
  return { model: forestModelOf(trees, classes), importance: meanImportance(trees, dataset.features.length), trees };
}

export function forestJob(dataset: Dataset, options: ForestOptions): ForestJob {
  const classes = dataset.target.labels?.length ?? 0;
  return {
    training: {
      ...rankedColumns(dataset.features.map((feature) => feature.values)),
      target: dataset.target.values,
      weight: rowWeights(dataset, options.classWeight),
    },
    options: {
      maxDepth: options.maxDepth,
      minLeaf: options.minLeaf,
      classes,
      tries: featuresToTry(options.maxFeatures, dataset.features.length, classes > 0),
    },
    trees: options.trees,
    seed: options.seed,
  };
}

/** One tree after another of a job, each by its number. */
export function growerOf({ training, options, seed }: ForestJob): (number: number) => Tree {
  const grow = treeGrower(training, options);
  return (number) => grow(randomOf(seed, number));
}

const growHere: GrowTrees = (job, take) => {
  const grow = growerOf(job);
  for (let number = 0; number < job.trees; number++) take(grow(number), number);
};

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
