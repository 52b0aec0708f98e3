import { keep } from "./mean-search";
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
 * Search for the division that makes the Gini impurity smallest, for three classes and more. The weighted impurity of a side
 * is W less the sum of W_c^2 over W: the score is that sum of both sides.
 */
export function classSearch(
  features: RankedFeature[],
  samples: NodeSamples,
  minLeaf: number,
  classes: number,
): SplitSearch & { counts: Float64Array } {
  const { order, weight: weights, target: targets } = samples;
  const ranks = new Uint16Array(order.length);
  const places = new Int32Array(sortedUpTo);
  const stride = classes + 1; // the weight of each class, then the count
  const bins = new Float64Array(maxBins * stride);
  const range: RankRange = { low: 0, high: 0, missing: 0 };
  const counts = new Float64Array(classes);
  const left = new Float64Array(classes);
  const lost = new Float64Array(classes);
  let nodeWeight = 0;
  let pure = false;
  let lostCount = 0;

  function enter(start: number, end: number): void {
    const first = targets[start]!;
    counts.fill(0);
    nodeWeight = 0;
    pure = true;
    for (let i = start; i < end; i++) {
      const c = targets[i]!;
      counts[c] = counts[c]! + weights[i]!;
      nodeWeight += weights[i]!;
      if (c !== first) pure = false;
    }
  }

  /** Sum of squares over weight, of both sides. `also` goes left as well. */
  function scoreOf(also: Float64Array | undefined): number {
    let weight = 0;
    let squares = 0;
    let restSquares = 0;
    for (let c = 0; c < classes; c++) {
      const here = also ? left[c]! + also[c]! : left[c]!;
      const rest = counts[c]! - here;
      weight += here;
      squares += here * here;
      restSquares += rest * rest;
    }
    return squares / weight + restSquares / (nodeWeight - weight);
  }

  function judge(leftCount: number, count: number, feature: number, cut: number, best: Candidate): void {
    if (leftCount >= minLeaf && count - leftCount >= minLeaf) {
      const score = scoreOf(undefined);
      if (score > best.score) keep(best, feature, score, cut, false);
    }
    if (lostCount > 0 && leftCount + lostCount >= minLeaf && count - leftCount - lostCount >= minLeaf) {
      const score = scoreOf(lost);
      if (score > best.score) keep(best, feature, score, cut, true);
    }
  }

  function search(feature: number, start: number, end: number, best: Candidate): boolean {
    readRanks(features[feature]!, order, start, end, ranks, range);
    const { low, high, missing } = range;
    const count = end - start;
    if (low >= high && (missing === 0 || missing === count)) return false;
    lostCount = missing;
    if (missing > 0) {
      lost.fill(0);
      for (let i = start; i < end; i++) {
        if (ranks[i - start] !== missingRank) continue;
        const c = targets[i]!;
        lost[c] = lost[c]! + weights[i]!;
      }
      if (missing >= minLeaf && count - missing >= minLeaf) {
        for (let c = 0; c < classes; c++) left[c] = counts[c]! - lost[c]!;
        const score = scoreOf(undefined);
        if (score > best.score) keep(best, feature, score, high + 1, false);
      }
    }
    left.fill(0);
    if (count <= sortedUpTo) searchSorted(feature, start, count, best);
    else searchBins(feature, start, end, best);
    return true;
  }

  function searchSorted(feature: number, start: number, count: number, best: Candidate): void {
    const known = compactRanks(ranks, places, count, start);
    sortRanks(ranks, places, known);
    for (let k = 1; k < known; k++) {
      const i = places[k - 1]!;
      const c = targets[i]!;
      left[c] = left[c]! + weights[i]!;
      const rank = ranks[k]!;
      if (rank !== ranks[k - 1]) judge(k, count, feature, rank, best);
    }
  }

  function searchBins(feature: number, start: number, end: number, best: Candidate): void {
    const { low, high } = range;
    const shift = binShift(range, end - start);
    const last = (high - low) >>> shift;
    bins.fill(0, 0, (last + 1) * stride);
    for (let i = start; i < end; i++) {
      const rank = ranks[i - start]!;
      if (rank === missingRank) continue;
      const bin = ((rank - low) >>> shift) * stride;
      const slot = bin + targets[i]!;
      bins[slot] = bins[slot]! + weights[i]!;
      bins[bin + classes] = bins[bin + classes]! + 1;
    }
    let leftCount = 0;
    for (let bin = 0; bin < last; bin++) {
      const at = bin * stride;
      const here = bins[at + classes]!;
      if (here === 0) continue;
      for (let c = 0; c < classes; c++) left[c] = left[c]! + bins[at + c]!;
      leftCount += here;
      judge(leftCount, end - start, feature, low + ((bin + 1) << shift), best);
    }
  }

  function undivided(): number {
    let squares = 0;
    for (let c = 0; c < classes; c++) squares += counts[c]! * counts[c]!;
    return squares / nodeWeight;
  }

  return { enter, isPure: () => pure, weight: () => nodeWeight, undivided, search, counts };
}
