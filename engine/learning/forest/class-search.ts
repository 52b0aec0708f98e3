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
  nearCut,
  spareOf,
} from "./node-samples";
import { missingBin, missingRank, type RankedColumns } from "./ranks";

/**
 * Search for the division that makes the Gini impurity smallest, for three classes and more. The weighted impurity of a side
 * is W less the sum of W_c^2 over W: the score is that sum of both sides. Rows are counted into bins.
 */
export function classSearch(columns: RankedColumns, samples: NodeSamples, minLeaf: number, classes: number): NodeRows {
  const { features, rankRows } = columns;
  const { order, weight: weights, target: targets } = samples;
  const spare = spareOf(samples);
  const stride = classes + 1; // the weight of each class, then the count
  const bins = new Float64Array(allBins * stride);
  const counts = new Float64Array(classes);
  const left = new Float64Array(classes);
  /** On the left of the best division the weight of each class, then the count. */
  const leftOfBest = new Float64Array(stride);
  /** The same of single ranks. */
  let ofRank = new Float64Array(0);
  let [start, end] = [0, 0];
  let nodeWeight = 0;
  let pure = false;

  function enter(from: number, to: number): void {
    const first = targets[from]!;
    let [weight, differ] = [0, 0];
    counts.fill(0);
    for (let i = from; i < to; i++) {
      const c = targets[i]!;
      counts[c] = counts[c]! + weights[i]!;
      weight += weights[i]!;
      if (c !== first) differ = 1;
    }
    [start, end] = [from, to];
    nodeWeight = weight;
    pure = differ === 0;
  }

  function search(feature: number, best: Candidate): boolean {
    const grouped = isGrouped(end - start, features[feature]!);
    return (grouped && searchBins(feature, groupShift, best) >= fewGroups) || searchBins(feature, 0, best) > 1;
  }

  /** By groups of 2^shift bins. Returns how many have rows. */
  function searchBins(feature: number, shift: number, best: Candidate): number {
    const { bins: binOf, firstRanks } = features[feature]!;
    bins.fill(0, 0, stride * (allBins >> shift));
    for (let i = start; i < end; i++) {
      const bin = (binOf[order[i]!]! >> shift) * stride;
      const slot = bin + targets[i]!;
      bins[slot] = bins[slot]! + weights[i]!;
      bins[bin + classes] = bins[bin + classes]! + 1;
    }
    const lacks = bins[(missingBin >> shift) * stride + classes]! > 0;
    const filled = scan(feature, firstRanks, shift, lacks, false, best);
    if (lacks && filled > 1) scan(feature, firstRanks, shift, true, true, best);
    return filled;
  }

  /** Judges the divisions between the bins that have rows. Returns how many have. */
  function scan(
    feature: number,
    firstRanks: Uint16Array,
    shift: number,
    lacks: boolean,
    lostLeft: boolean,
    best: Candidate,
  ): number {
    const count = end - start;
    // Missing values, in the last bin, are on the right of all others, or on the left.
    const lost = missingBin >> shift;
    const known = ((firstRanks.length - 2) >> shift) + 1;
    const last = lacks && !lostLeft ? known + 1 : known;
    left.fill(0);
    let leftRows = 0;
    if (lostLeft) leftRows = add(lost);
    let before = -1;
    let filled = 0;
    for (let bin = 0; bin < last; bin++) {
      const at = bin < known ? bin : lost;
      if (bins[at * stride + classes] === 0) continue;
      if (before >= 0) {
        if (leftRows >= minLeaf && count - leftRows >= minLeaf) {
          const score = scoreOf();
          if (score > best.score) {
            const right = at === lost ? missingRank : firstRank(firstRanks, at, shift);
            keep(best, feature, score, firstRank(firstRanks, before + 1, shift) - 1, right, lacks, lostLeft);
            leftOfBest.set(left);
            leftOfBest[classes] = leftRows;
          }
        }
      }
      leftRows += add(at);
      before = bin;
      filled++;
    }
    return filled;
  }

  /** Adds a bin to the left. Returns its rows. */
  function add(bin: number): number {
    const at = bin * stride;
    for (let c = 0; c < classes; c++) left[c] = left[c]! + bins[at + c]!;
    return bins[at + classes]!;
  }
  function scoreOf(): number {
    let [weight, squares, restSquares] = [0, 0, 0];
    for (let c = 0; c < classes; c++) {
      const onLeft = left[c]!;
      const rest = counts[c]! - onLeft;
      weight += onLeft;
      squares += onLeft * onLeft;
      restSquares += rest * rest;
    }
    return squares / weight + restSquares / (nodeWeight - weight);
  }

  function sharpen(best: Candidate): void {
    const { feature, score: found } = best;
    const near = nearCut(features[feature]!, best, end - start);
    if (!near) return;
    const { low, high, ranks, leftRanks, numberOf } = near;
    if (ofRank.length < ranks * stride) ofRank = new Float64Array(ranks * stride);
    else ofRank.fill(0, 0, ranks * stride);
    const binOf = features[feature]!.bins;
    const span = high - low;
    for (let i = start; i < end; i++) {
      const row = order[i]!;
      if ((binOf[row]! - low) >>> 0 > span) continue;
      const rank = rankRows[row * features.length + feature]!;
      if (rank > best.left && rank < best.right) continue;
      const at = numberOf(rank) * stride;
      const slot = at + targets[i]!;
      ofRank[slot] = ofRank[slot]! + weights[i]!;
      ofRank[at + classes] = ofRank[at + classes]! + 1;
    }
    left.set(leftOfBest.subarray(0, classes));
    let leftRows = leftOfBest[classes]!;
    for (let k = 0; k < leftRanks; k++) {
      for (let c = 0; c < classes; c++) left[c] = left[c]! - ofRank[k * stride + c]!;
      leftRows -= ofRank[k * stride + classes]!;
    }
    let before = -1;
    for (let k = 0; k < ranks; k++) {
      const here = ofRank[k * stride + classes]!;
      if (here === 0) continue;
      if (before >= 0 && leftRows >= minLeaf && end - start - leftRows >= minLeaf) {
        const score = scoreOf();
        moveCut(best, found, near, before, k, score);
      }
      for (let c = 0; c < classes; c++) left[c] = left[c]! + ofRank[k * stride + c]!;
      leftRows += here;
      before = k;
    }
  }

  return {
    enter,
    isPure: () => pure,
    weight: () => nodeWeight,
    undivided: () => sumOfSquares(counts) / nodeWeight,
    perfect: () => nodeWeight,
    search,
    sharpen,
    divide: (best: Candidate) => divideSamples(samples, spare, columns, start, end, best),
    predict: (shares) => addShares(shares, counts, nodeWeight),
  };
}

export function sumOfSquares(counts: Float64Array): number {
  let squares = 0;
  for (let c = 0; c < counts.length; c++) squares += counts[c]! * counts[c]!;
  return squares;
}

/** The rows of shares that a tree begins with: of each class the one of which all is that class. */
export const pureShares = (classes: number): number[] =>
  Array.from({ length: classes * classes }, (_, i) => (i % (classes + 1) === 0 ? 1 : 0));

/** Adds a row with each class's share, unless it is one of {@link pureShares}. Returns its number. */
export function addShares(shares: number[], counts: Float64Array, weight: number): number {
  const only = counts.indexOf(weight);
  if (only >= 0) return only;
  const row = shares.length / counts.length;
  for (let c = 0; c < counts.length; c++) shares.push(counts[c]! / weight);
  return row;
}
