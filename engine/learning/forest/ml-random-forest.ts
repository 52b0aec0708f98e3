import { RandomForestClassifier, RandomForestRegression } from "ml-random-forest";
import { Refusal, refuse } from "../../contract/errors";
import type { Dataset } from "../dataset";
import { type CartNode, treeOfCart } from "./cart-tree";
import { forestModelOf } from "./forest-model";
import { measureTree } from "./measure-tree";
import { type ForestOptions, featuresToTry, type TrainedForest } from "./train-forest";

/** rows^2 x features x trees; 3,000 rows, 6 features and 10 trees (5.4e8) took 4 s, so this is about ten minutes. */
const maxWork = 8e10;

/**
 * A forest grown by the package ml-random-forest, turned into our own compact form, which predicts as the package does, to the
 * bit: the mean of the trees, or the class that most trees vote for. The package's traps, found in its sources (2.1.0, ml-cart 2.1.1):
 *
 * - out-of-bag results are switched off: with few trees they throw "input must not be empty" and always cost time;
 * - classes must be whole numbers from 0;
 * - `gainThreshold` is -1: the default 0.01 leaves rare classes unseen, and 0 keeps a regression from a perfect division
 *   (one that is perfect at the very first node it still does not make: a target of two values parted by one threshold);
 * - `minNumSamples` 3 by default, here `minLeaf`;
 * - features are drawn once per tree, not per division: `auto` means all of them here, because a few per tree see too little;
 * - `maxFeatures: 1` means all of them, so a single one is asked for as a share; features are drawn without replacement;
 * - time grows with the square of the rows, so there is a limit;
 * - its importance takes errors for gains in regressions, so ours is measured on the finished trees.
 */
export function trainMlRandomForest(dataset: Dataset, options: ForestOptions): TrainedForest {
  const { features, target, rows } = dataset;
  const classes = target.labels?.length ?? 0;
  const work = rows * rows * features.length * options.trees;
  if (work > maxWork)
    throw new Refusal(
      refuse(
        "too-large",
        `ml-random-forest takes time by the square of the rows: ${rows} rows, ${features.length} features and ${options.trees} trees are about ${Math.ceil(((work / 5.4e8) * 4) / 60)} minutes.`,
        "Use the engine meditwin, which takes seconds, or fewer rows or trees.",
      ),
    );
  if (options.classWeight !== "none")
    throw new Refusal(
      refuse("not-yet", "ml-random-forest has no class weights.", "Use the engine meditwin, or classWeight none."),
    );
  const tries =
    options.maxFeatures === "auto" ? features.length : featuresToTry(options.maxFeatures, features.length, classes > 0);
  const settings = {
    nEstimators: options.trees,
    seed: options.seed | 0,
    maxFeatures: tries === 1 && features.length > 1 ? 1.5 / features.length : tries,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    treeOptions: {
      minNumSamples: Math.max(1, options.minLeaf),
      maxDepth: options.maxDepth > 0 ? options.maxDepth : Number.POSITIVE_INFINITY,
      gainThreshold: -1,
    },
  };
  const forest = classes > 0 ? new RandomForestClassifier(settings) : new RandomForestRegression(settings);
  const table = Array.from({ length: rows }, (_, i) => features.map((feature) => feature.values[i]!));
  forest.train(table, Array.from(target.values));

  const indexes = forest.indexes ?? [];
  const roots = (forest.estimators ?? []) as unknown as { root: CartNode }[];
  const trees = roots.map(({ root }, t) => measureTree(treeOfCart(root, indexes[t]!, classes), dataset));
  const importance = new Float64Array(features.length);
  for (const tree of trees)
    for (let f = 0; f < importance.length; f++) importance[f] = importance[f]! + tree.importance[f]!;
  const total = importance.reduce((sum, part) => sum + part, 0);
  return {
    model: forestModelOf(trees, classes, classes > 0),
    importance: total > 0 ? importance.map((part) => part / total) : importance,
    trees,
  };
}
