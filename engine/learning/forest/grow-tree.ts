import type { Random } from "../random";
import { drawRows } from "./bootstrap";
import { classSearch, pureShares } from "./class-search";
import { classSorted } from "./class-sorted";
import { heldRows, heldUpTo } from "./held-rows";
import { meanSearch } from "./mean-search";
import { meanSorted } from "./mean-sorted";
import type { Candidate, NodeRows, NodeSamples } from "./node-samples";
import { missingRank, type RankedColumns, thresholdBetween } from "./ranks";
import { mostSorted } from "./sorted-rows";
import { triedRows, triedUpTo } from "./tried-rows";

/** In `feature`: this node is a leaf. */
export const leaf = 65535;
/** In `feature`, beside the feature's number: missing values go left. */
export const missingGoesLeft = 32768;

/** One tree, node by node in preorder: a node's left child is the next one. */
export interface Tree {
  /** Feature number with the `missingGoesLeft` bit, or `leaf`. */
  feature: Uint16Array;
  /** Threshold (values up to it go left); in a leaf the prediction, or for three classes and more a row of `shares`. */
  value: Float64Array;
  /** Number of the right child. */
  right: Int32Array;
  /** Weight of the training rows that came by. */
  cover: Float32Array;
  /** For three classes and more: rows with the share of each class. */
  shares: number[];
  /** What each feature's divisions took off the impurity; sums to 1, or is all 0 in a tree of one leaf. */
  importance: Float64Array;
}

export interface GrowOptions {
  maxDepth: number;
  minLeaf: number;
  /** Features drawn per division. */
  tries: number;
  /** Number of classes; 0 for a regression. */
  classes: number;
}

/** What all trees of a forest share. */
export interface TrainingSet extends RankedColumns {
  /** The numbers, or the class numbers. */
  target: Float64Array;
  /** Weight of each row, from its class. */
  weight: Float64Array;
}

/**
 * Grows trees as scikit-learn's forests do: bootstrap rows, features drawn anew at every division (going on past constant
 * ones until one varies), the best division of those by squared error or Gini impurity, until leaves are pure, have fewer
 * than 2 `minLeaf` rows or are at `maxDepth` (Breiman, Random Forests, Machine Learning 45, 2001).
 *
 * Large nodes count their rows into bins, and once more into the ranks beside the best cut, so that it is exact; below them
 * rows are held sorted by every feature.
 */
export function treeGrower(training: TrainingSet, options: GrowOptions): (random: Random) => Tree {
  const { features, rankRows, target, weight } = training;
  const { minLeaf, tries, classes } = options;
  const maxDepth = options.maxDepth > 0 ? options.maxDepth : Number.POSITIVE_INFINITY;
  const n = target.length;
  const offset = classes === 0 ? meanOf(target) : 0;
  const samples: NodeSamples = { order: new Int32Array(n), weight: new Float64Array(n), target: new Float64Array(n) };
  const triesMost = 2 * tries >= features.length;
  // Bins of more than one rank could hide that a smaller node varies.
  const mixed = features.reduce((most, feature) => Math.max(most, feature.mixed), 0);
  const sortedUpTo = Math.min(mostSorted, Math.max(mixed, triesMost ? heldUpTo : triedUpTo));
  const sorted = triesMost
    ? heldRows(rankRows, features.length, samples, minLeaf, sortedUpTo)
    : triedRows(rankRows, features.length, samples, sortedUpTo);
  // A leaf of equal targets predicts exactly these.
  const predictOf = (mean: number, row: number): number => (row >= 0 ? target[row]! : offset + mean);
  const [large, small]: [NodeRows, NodeRows] =
    classes > 2
      ? [classSearch(training, samples, minLeaf, classes), classSorted(sorted, minLeaf, classes)]
      : [
          meanSearch(training, samples, minLeaf, predictOf, classes === 2),
          meanSorted(sorted, minLeaf, predictOf, classes === 2),
        ];
  const draws = new Int32Array(n);
  const deck = new Int32Array(features.length);
  const nodes = nodeList();

  function bootstrap(random: Random): number {
    drawRows(random, draws);
    let count = 0;
    for (let row = 0; row < n; row++) {
      if (draws[row] === 0) continue;
      samples.order[count] = row;
      samples.weight[count] = draws[row]! * weight[row]!;
      samples.target[count++] = target[row]! - offset;
    }
    return count;
  }

  /** Tries features in random order until `tries` were looked at and one of them varies. */
  function bestDivision(rows: NodeRows, count: number, random: Random, best: Candidate): void {
    best.feature = -1;
    best.score = Number.NEGATIVE_INFINITY;
    let varying = 0;
    // Two rows are parted alike by every feature that varies, and nothing is better than two pure sides.
    const enough = count === 2 ? 1 : deck.length;
    const perfect = rows.perfect() * (1 - 1e-12);
    for (let k = 0; k < deck.length && (k < tries || varying === 0) && varying < enough; k++) {
      const pick = k + random.below(deck.length - k);
      const feature = deck[pick]!;
      deck[pick] = deck[k]!;
      deck[k] = feature;
      if (rows.search(feature, best)) varying++;
      if (best.score >= perfect) return;
    }
  }

  const best: Candidate = { feature: -1, score: 0, left: 0, right: 0, missing: false, missingLeft: false };

  /** Writes a node. Returns where its right rows begin, or -1 for a leaf. */
  function addNode(start: number, end: number, depth: number, parent: number, random: Random, tree: Parts): number {
    const count = end - start;
    let rows = sorted.holds(start, end) ? small : large;
    rows.enter(start, end);
    const at = nodes.add(rows.weight());
    if (parent >= 0) nodes.right[parent] = at;
    best.feature = -1;
    if (count >= 2 * minLeaf && count > 1 && depth < maxDepth && !rows.isPure()) {
      if (rows === large && count <= sortedUpTo) {
        sorted.load(start, end);
        rows = small;
        rows.enter(start, end);
      }
      bestDivision(rows, count, random, best);
      if (best.feature >= 0) rows.sharpen?.(best);
    }
    if (best.feature < 0) {
      nodes.value[at] = rows.predict(tree.shares);
      return -1;
    }
    const { feature } = best;
    tree.importance[feature] = tree.importance[feature]! + Math.max(0, best.score - rows.undivided());
    const middle = rows.divide(best);
    const { upper, lower } = features[feature]!;
    const { left, right } = best;
    nodes.value[at] = right === missingRank ? Number.POSITIVE_INFINITY : thresholdBetween(upper[left]!, lower[right]!);
    // Where no value was missing, a missing one goes with the majority.
    const missingLeft = best.missing ? best.missingLeft : middle - start >= end - middle;
    nodes.feature[at] = missingLeft ? feature | missingGoesLeft : feature;
    return middle;
  }

  return (random) => {
    const count = bootstrap(random);
    for (let f = 0; f < deck.length; f++) deck[f] = f;
    const tree: Parts = {
      shares: classes > 2 ? pureShares(classes) : [],
      importance: new Float64Array(features.length),
    };
    nodes.clear();
    sorted.load(0, 0);
    // start, end, depth, and the node whose right child this is (-1: it is a left child or the root)
    const waiting: number[] = [0, count, 0, -1];
    while (waiting.length > 0) {
      const parent = waiting.pop()!;
      const depth = waiting.pop()!;
      const end = waiting.pop()!;
      const start = waiting.pop()!;
      const middle = addNode(start, end, depth, parent, random, tree);
      if (middle >= 0) waiting.push(middle, end, depth + 1, nodes.last(), start, middle, depth + 1, -1);
    }
    const { importance } = tree;
    const total = importance.reduce((sum, part) => sum + part, 0);
    if (total > 0) for (let f = 0; f < importance.length; f++) importance[f] = importance[f]! / total;
    return { ...nodes.copy(), ...tree };
  };
}

type Parts = Pick<Tree, "shares" | "importance">;

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length > 0 ? sum / values.length : 0;
}

/** Arrays that grow as nodes are added, used again for every tree. */
function nodeList() {
  let size = 1024;
  let count = 0;
  const list = {
    feature: new Uint16Array(size),
    value: new Float64Array(size),
    right: new Int32Array(size),
    cover: new Float32Array(size),
    clear() {
      count = 0;
    },
    add(weight: number): number {
      if (count === size) {
        size *= 2;
        list.feature = grown(list.feature, new Uint16Array(size));
        list.value = grown(list.value, new Float64Array(size));
        list.right = grown(list.right, new Int32Array(size));
        list.cover = grown(list.cover, new Float32Array(size));
      }
      list.feature[count] = leaf;
      list.cover[count] = weight;
      list.right[count] = 0;
      return count++;
    },
    last: () => count - 1,
    copy: (): Pick<Tree, "feature" | "value" | "right" | "cover"> => ({
      feature: list.feature.slice(0, count),
      value: list.value.slice(0, count),
      right: list.right.slice(0, count),
      cover: list.cover.slice(0, count),
    }),
  };
  return list;
}

function grown<T extends Uint16Array | Float64Array | Int32Array | Float32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
