import {
  allBins,
  type Candidate,
  divideSamples,
  fewGroups,
  firstRank,
  groupShift,
  isGrouped,
  keep,
  moveCut,
  type NodeRows,
  type NodeSamples,
  type NodeState,
  nearCut,
  spareOf,
} from "./node-samples";
import { missingBin, missingRank, type RankedColumns } from "./ranks";

/**
 * Search for the division that makes the squared error smallest, for numbers and for two classes: with a target of 0 and 1
 * the Gini impurity is twice the variance, so the same division is best. Rows are counted into bins.
 *
 * The squared error of two sides is the sum of w y^2 less S^2 / W of each, S being the sum of w y: the score is
 * S_l^2 / W_l + S_r^2 / W_r. Targets are centred beforehand so that no digits are lost in it.
 *
 * @param predictOf what a leaf predicts whose rows have that mean, or all the target of that row
 * @param isClass whether targets are 0 and 1
 */
export function meanSearch(
  columns: RankedColumns,
  samples: NodeSamples,
  minLeaf: number,
  predictOf: (mean: number, row: number) => number,
  isClass: boolean,
): NodeRows {
  const { features } = columns;
  const spare = spareOf(samples);
  const search: Search = {
    columns,
    samples,
    minLeaf,
    node: { start: 0, end: 0, weight: 0, sum: 0, pure: false },
    bins: new Float64Array(2 * allBins),
    rowsOf: new Int32Array(allBins),
    leftOfBest: { weight: 0, sum: 0, rows: 0 },
    ofRank: new Float64Array(0),
  };
  const { node } = search;
  return {
    enter(start, end) {
      node.start = start;
      node.end = end;
      readNode(samples, node);
    },
    isPure: () => node.pure,
    weight: () => node.weight,
    undivided: () => (node.sum * node.sum) / node.weight,
    perfect: () => (isClass ? node.sum : Number.POSITIVE_INFINITY),
    search(feature, best) {
      const grouped = isGrouped(node.end - node.start, features[feature]!);
      return (
        (grouped && searchBins(search, feature, groupShift, best) >= fewGroups) ||
        searchBins(search, feature, 0, best) > 1
      );
    },
    sharpen: (best) => sharpen(search, best),
    divide: (best) => divideSamples(samples, spare, columns, node.start, node.end, best),
    predict: () => predictOf(node.sum / node.weight, node.pure ? samples.order[node.start]! : -1),
  };
}

interface Search {
  columns: RankedColumns;
  samples: NodeSamples;
  minLeaf: number;
  node: NodeState;
  /** Weight and weighted sum of each bin. */
  bins: Float64Array;
  /** Rows of each bin, where they have to be known. */
  rowsOf: Int32Array;
  /** What the best division has on its left. */
  leftOfBest: { weight: number; sum: number; rows: number };
  /** Weight, weighted sum and rows of single ranks. */
  ofRank: Float64Array;
}

function readNode({ weight: weights, target: targets }: NodeSamples, node: NodeState): void {
  const { start, end } = node;
  const first = targets[start]!;
  let [weight, sum, differ] = [0, 0, 0];
  for (let i = start; i < end; i++) {
    const w = weights[i]!;
    const y = targets[i]!;
    weight += w;
    sum += w * y;
    if (y !== first) differ = 1;
  }
  node.weight = weight;
  node.sum = sum;
  node.pure = differ === 0;
}

/** By groups of 2^shift bins. Returns how many have rows. */
function searchBins(search: Search, feature: number, shift: number, best: Candidate): number {
  const { bins: binOf } = search.columns.features[feature]!;
  fill(search, binOf, shift);
  if (search.minLeaf > 1) countRows(search, binOf, shift);
  const lacks = search.bins[2 * (missingBin >> shift)]! > 0;
  const filled = scan(search, feature, shift, lacks, false, best);
  if (lacks && filled > 1) scan(search, feature, shift, true, true, best);
  return filled;
}

function fill({ bins, samples, node }: Search, binOf: Uint16Array, shift: number): void {
  const { order, weight: weights, target: targets } = samples;
  const { start, end } = node;
  bins.fill(0, 0, (2 * allBins) >> shift);
  for (let i = start; i < end; i++) {
    const bin = 2 * (binOf[order[i]!]! >> shift);
    const w = weights[i]!;
    bins[bin] = bins[bin]! + w;
    bins[bin + 1] = bins[bin + 1]! + w * targets[i]!;
  }
}

function countRows({ rowsOf, samples: { order }, node: { start, end } }: Search, binOf: Uint16Array, shift: number) {
  rowsOf.fill(0, 0, allBins >> shift);
  for (let i = start; i < end; i++) rowsOf[binOf[order[i]!]! >> shift]!++;
}

/** Judges the divisions between the bins that have rows. Returns how many have. */
function scan(
  search: Search,
  feature: number,
  shift: number,
  lacks: boolean,
  lostLeft: boolean,
  best: Candidate,
): number {
  const { bins, rowsOf, minLeaf, leftOfBest } = search;
  const { start, end, weight, sum } = search.node;
  const { firstRanks } = search.columns.features[feature]!;
  const count = end - start;
  // Missing values, in the last bin, are on the right of all others, or on the left.
  const lost = missingBin >> shift;
  const known = ((firstRanks.length - 2) >> shift) + 1;
  const last = lacks && !lostLeft ? known + 1 : known;
  let leftWeight = lostLeft ? bins[2 * lost]! : 0;
  let leftSum = lostLeft ? bins[2 * lost + 1]! : 0;
  let leftRows = lostLeft ? rowsOf[lost]! : 0;
  let bestScore = best.score;
  let [bestLeft, bestRight] = [-1, 0];
  let [bestWeight, bestSum, bestRows] = [0, 0, 0];
  let before = -1;
  let filled = 0;
  for (let bin = 0; bin < last; bin++) {
    const at = bin < known ? bin : lost;
    const here = bins[2 * at]!;
    if (here === 0) continue;
    if (before >= 0) {
      if (minLeaf === 1 || (leftRows >= minLeaf && count - leftRows >= minLeaf)) {
        const rest = sum - leftSum;
        const score = (leftSum * leftSum) / leftWeight + (rest * rest) / (weight - leftWeight);
        if (score > bestScore) {
          bestScore = score;
          bestLeft = before;
          bestRight = at;
          bestWeight = leftWeight;
          bestSum = leftSum;
          bestRows = leftRows;
        }
      }
    }
    leftWeight += here;
    leftSum += bins[2 * at + 1]!;
    if (minLeaf > 1) leftRows += rowsOf[at]!;
    before = bin;
    filled++;
  }
  if (bestLeft >= 0) {
    leftOfBest.weight = bestWeight;
    leftOfBest.sum = bestSum;
    leftOfBest.rows = bestRows;
    const right = bestRight === lost ? missingRank : firstRank(firstRanks, bestRight, shift);
    keep(best, feature, bestScore, firstRank(firstRanks, bestLeft + 1, shift) - 1, right, lacks, lostLeft);
  }
  return filled;
}

function sharpen(search: Search, best: Candidate): void {
  const { columns, samples, minLeaf, leftOfBest } = search;
  const { features, rankRows } = columns;
  const { order, weight: weights, target: targets } = samples;
  const { start, end, weight: nodeWeight, sum: nodeSum } = search.node;
  const { feature, score: found } = best;
  const near = nearCut(features[feature]!, best, end - start);
  if (!near) return;
  const { low, high, ranks, leftRanks, numberOf } = near;
  if (search.ofRank.length < 3 * ranks) search.ofRank = new Float64Array(3 * ranks);
  else search.ofRank.fill(0, 0, 3 * ranks);
  const { ofRank } = search;
  const binOf = features[feature]!.bins;
  const span = high - low;
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    if ((binOf[row]! - low) >>> 0 > span) continue;
    const rank = rankRows[row * features.length + feature]!;
    if (rank > best.left && rank < best.right) continue;
    const at = 3 * numberOf(rank);
    const w = weights[i]!;
    ofRank[at] = ofRank[at]! + w;
    ofRank[at + 1] = ofRank[at + 1]! + w * targets[i]!;
    ofRank[at + 2] = ofRank[at + 2]! + 1;
  }
  let { weight: leftWeight, sum: leftSum, rows: leftRows } = leftOfBest;
  for (let at = 0; at < 3 * leftRanks; at += 3) {
    leftWeight -= ofRank[at]!;
    leftSum -= ofRank[at + 1]!;
    leftRows -= ofRank[at + 2]!;
  }
  let before = -1;
  for (let k = 0; k < ranks; k++) {
    const at = 3 * k;
    if (ofRank[at + 2] === 0) continue;
    if (before >= 0 && (minLeaf === 1 || (leftRows >= minLeaf && end - start - leftRows >= minLeaf))) {
      const rest = nodeSum - leftSum;
      const score = (leftSum * leftSum) / leftWeight + (rest * rest) / (nodeWeight - leftWeight);
      moveCut(best, found, near, before, k, score);
    }
    leftWeight += ofRank[at]!;
    leftSum += ofRank[at + 1]!;
    leftRows += ofRank[at + 2]!;
    before = k;
  }
}
