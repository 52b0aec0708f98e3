import {
  binShift,
  type Candidate,
  compactRanks,
  maxBins,
  type NodeSamples,
  type RankRange,
  readRanks,
  type SplitSearch,
  sortedUpTo,
  sortRanks,
} from "./node-samples";
import { missingRank, type RankedFeature } from "./ranks";

/**
 * Search for the division that makes the squared error smallest, for numbers and for two classes: with a target of 0 and 1
 * the Gini impurity is twice the variance, so the same division is best.
 *
 * The squared error of two sides is the sum of w y^2 less S^2 / W of each, S being the sum of w y: the score is
 * S_l^2 / W_l + S_r^2 / W_r. Targets are centred beforehand so that no digits are lost in it.
 */
export function meanSearch(features: RankedFeature[], samples: NodeSamples, minLeaf: number): SplitSearch {
  const { order, weight: weights, target: targets } = samples;
  const ranks = new Uint16Array(order.length);
  const places = new Int32Array(sortedUpTo);
  const bins = new Float64Array(maxBins * 3); // weight, weighted sum, count
  const range: RankRange = { low: 0, high: 0, missing: 0 };
  let nodeWeight = 0;
  let nodeSum = 0;
  let pure = false;
  // What is missing in the feature at hand: its weight, weighted sum and count.
  let lostWeight = 0;
  let lostSum = 0;
  let lostCount = 0;

  function enter(start: number, end: number): void {
    const first = targets[start]!;
    nodeWeight = 0;
    nodeSum = 0;
    pure = true;
    for (let i = start; i < end; i++) {
      const w = weights[i]!;
      const y = targets[i]!;
      nodeWeight += w;
      nodeSum += w * y;
      if (y !== first) pure = false;
    }
  }

  /** Judges the division with `leftWeight`, ... on the left and the rest on the right, missing values on either side. */
  function judge(
    leftWeight: number,
    leftSum: number,
    leftCount: number,
    count: number,
    feature: number,
    cut: number,
    best: Candidate,
  ): void {
    if (leftCount >= minLeaf && count - leftCount >= minLeaf) {
      const rest = nodeSum - leftSum;
      const score = (leftSum * leftSum) / leftWeight + (rest * rest) / (nodeWeight - leftWeight);
      if (score > best.score) keep(best, feature, score, cut, false);
    }
    if (lostCount > 0 && leftCount + lostCount >= minLeaf && count - leftCount - lostCount >= minLeaf) {
      const sum = leftSum + lostSum;
      const weight = leftWeight + lostWeight;
      const rest = nodeSum - sum;
      const score = (sum * sum) / weight + (rest * rest) / (nodeWeight - weight);
      if (score > best.score) keep(best, feature, score, cut, true);
    }
  }

  function search(feature: number, start: number, end: number, best: Candidate): boolean {
    readRanks(features[feature]!, order, start, end, ranks, range);
    const { low, high, missing } = range;
    const count = end - start;
    if (low >= high && (missing === 0 || missing === count)) return false;
    lostWeight = 0;
    lostSum = 0;
    lostCount = missing;
    if (missing > 0) {
      for (let i = start; i < end; i++) {
        if (ranks[i - start] !== missingRank) continue;
        lostWeight += weights[i]!;
        lostSum += weights[i]! * targets[i]!;
      }
      // Everything known on the left, everything missing on the right.
      if (missing >= minLeaf && count - missing >= minLeaf) {
        const sum = nodeSum - lostSum;
        const score = (sum * sum) / (nodeWeight - lostWeight) + (lostSum * lostSum) / lostWeight;
        if (score > best.score) keep(best, feature, score, high + 1, false);
      }
    }
    if (count <= sortedUpTo) searchSorted(feature, start, count, best);
    else searchBins(feature, start, end, best);
    return true;
  }

  function searchSorted(feature: number, start: number, count: number, best: Candidate): void {
    const known = compactRanks(ranks, places, count, start);
    sortRanks(ranks, places, known);
    let leftWeight = 0;
    let leftSum = 0;
    for (let k = 1; k < known; k++) {
      const i = places[k - 1]!;
      leftWeight += weights[i]!;
      leftSum += weights[i]! * targets[i]!;
      const rank = ranks[k]!;
      if (rank !== ranks[k - 1]) judge(leftWeight, leftSum, k, count, feature, rank, best);
    }
  }

  function searchBins(feature: number, start: number, end: number, best: Candidate): void {
    const { low, high } = range;
    const shift = binShift(range, end - start);
    const last = (high - low) >>> shift;
    bins.fill(0, 0, (last + 1) * 3);
    for (let i = start; i < end; i++) {
      const rank = ranks[i - start]!;
      if (rank === missingRank) continue;
      const bin = ((rank - low) >>> shift) * 3;
      const w = weights[i]!;
      bins[bin] = bins[bin]! + w;
      bins[bin + 1] = bins[bin + 1]! + w * targets[i]!;
      bins[bin + 2] = bins[bin + 2]! + 1;
    }
    let leftWeight = 0;
    let leftSum = 0;
    let leftCount = 0;
    for (let bin = 0; bin < last; bin++) {
      const here = bins[bin * 3 + 2]!;
      if (here === 0) continue;
      leftWeight += bins[bin * 3]!;
      leftSum += bins[bin * 3 + 1]!;
      leftCount += here;
      judge(leftWeight, leftSum, leftCount, end - start, feature, low + ((bin + 1) << shift), best);
    }
  }

  return {
    enter,
    isPure: () => pure,
    weight: () => nodeWeight,
    undivided: () => (nodeSum * nodeSum) / nodeWeight,
    search,
  };
}

export function keep(best: Candidate, feature: number, score: number, cut: number, missingLeft: boolean): void {
  best.feature = feature;
  best.score = score;
  best.cut = cut;
  best.missingLeft = missingLeft;
}
