import {
  binShift,
  type Candidate,
  divideSamples,
  type Edge,
  keep,
  maxBins,
  type NodeRows,
  type NodeSamples,
  type RankRange,
  readRanks,
  spareOf,
} from "./node-samples";
import { missingRank, type RankedFeature } from "./ranks";

/**
 * Search for the division that makes the Gini impurity smallest, for three classes and more. The weighted impurity of a side
 * is W less the sum of W_c^2 over W: the score is that sum of both sides. Rows are counted into bins.
 */
export function classSearch(
  features: RankedFeature[],
  samples: NodeSamples,
  minLeaf: number,
  classes: number,
): NodeRows {
  const { order, weight: weights, target: targets } = samples;
  const spare = spareOf(samples);
  const ranks = new Uint16Array(order.length);
  const stride = classes + 1; // the weight of each class, then the count
  const bins = new Float64Array((maxBins + 1) * stride); // what is missing behind the last one
  const range: RankRange = { low: 0, high: 0, missing: 0 };
  const counts = new Float64Array(classes);
  const left = new Float64Array(classes);
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
    readRanks(features[feature]!, order, start, end, ranks, range);
    const { low, high, missing } = range;
    const count = end - start;
    if (low >= high && (missing === 0 || missing === count)) return false;
    const shift = binShift(range, count);
    const last = (high - low) >>> shift;
    fill(low, shift, last + 1);
    left.fill(0);
    scan(feature, missing > 0 ? last + 1 : last, low, shift, 0, best);
    if (missing > 0) {
      for (let c = 0; c < classes; c++) left[c] = bins[(last + 1) * stride + c]!;
      scan(feature, last, low, shift, missing, best);
    }
    return true;
  }

  /** Counts the node's rows into bins, those without a value into bin `lost`. */
  function fill(low: number, shift: number, lost: number): void {
    bins.fill(0, 0, (lost + 1) * stride);
    const count = end - start;
    for (let i = 0; i < count; i++) {
      const rank = ranks[i]!;
      const bin = (rank === missingRank ? lost : (rank - low) >>> shift) * stride;
      const slot = bin + targets[start + i]!;
      bins[slot] = bins[slot]! + weights[start + i]!;
      bins[bin + classes] = bins[bin + classes]! + 1;
    }
  }

  /** Judges the divisions behind the bins 0 to `to` - 1. What is in `left` goes left in all of them. */
  function scan(feature: number, to: number, low: number, shift: number, lostRows: number, best: Candidate): void {
    const count = end - start;
    let leftRows = lostRows;
    for (let bin = 0; bin < to; bin++) {
      const at = bin * stride;
      const here = bins[at + classes]!;
      if (here === 0) continue;
      leftRows += here;
      let [weight, squares, restSquares] = [0, 0, 0];
      for (let c = 0; c < classes; c++) {
        const onLeft = left[c]! + bins[at + c]!;
        const rest = counts[c]! - onLeft;
        left[c] = onLeft;
        weight += onLeft;
        squares += onLeft * onLeft;
        restSquares += rest * rest;
      }
      if (leftRows < minLeaf || count - leftRows < minLeaf) continue;
      const score = squares / weight + restSquares / (nodeWeight - weight);
      if (score > best.score) keep(best, feature, score, low + ((bin + 1) << shift), lostRows > 0);
    }
  }

  return {
    enter,
    isPure: () => pure,
    weight: () => nodeWeight,
    undivided: () => sumOfSquares(counts) / nodeWeight,
    search,
    divide: (best: Candidate, edge: Edge) =>
      divideSamples(samples, spare, features[best.feature]!, start, end, best, edge),
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
