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
 * Search for the division that makes the squared error smallest, for numbers and for two classes: with a target of 0 and 1
 * the Gini impurity is twice the variance, so the same division is best. Rows are counted into bins.
 *
 * The squared error of two sides is the sum of w y^2 less S^2 / W of each, S being the sum of w y: the score is
 * S_l^2 / W_l + S_r^2 / W_r. Targets are centred beforehand so that no digits are lost in it.
 *
 * @param predictOf what a leaf predicts whose rows have that mean, or all the target of that row
 */
export function meanSearch(
  features: RankedFeature[],
  samples: NodeSamples,
  minLeaf: number,
  predictOf: (mean: number, row: number) => number,
): NodeRows {
  const { order, weight: weights, target: targets } = samples;
  const spare = spareOf(samples);
  const ranks = new Uint16Array(order.length);
  const bins = new Float64Array((maxBins + 1) * 2); // weight and weighted sum; what is missing behind the last one
  const rowsOf = new Int32Array(maxBins + 1);
  const range: RankRange = { low: 0, high: 0, missing: 0 };
  let [start, end] = [0, 0];
  let [nodeWeight, nodeSum] = [0, 0];
  let pure = false;

  function enter(from: number, to: number): void {
    const first = targets[from]!;
    let [weight, sum, differ] = [0, 0, 0];
    for (let i = from; i < to; i++) {
      const w = weights[i]!;
      const y = targets[i]!;
      weight += w;
      sum += w * y;
      if (y !== first) differ = 1;
    }
    [start, end] = [from, to];
    [nodeWeight, nodeSum] = [weight, sum];
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
    if (minLeaf > 1) countRows(low, shift, last + 1);
    if (missing === 0) scan(feature, last, low, shift, 0, 0, 0, best);
    else {
      scan(feature, last + 1, low, shift, 0, 0, 0, best);
      const lost = 2 * (last + 1);
      scan(feature, last, low, shift, bins[lost]!, bins[lost + 1]!, missing, best);
    }
    return true;
  }

  /** Counts the node's rows into bins, those without a value into bin `lost`. */
  function fill(low: number, shift: number, lost: number): void {
    bins.fill(0, 0, 2 * lost + 2);
    const count = end - start;
    for (let i = 0; i < count; i++) {
      const rank = ranks[i]!;
      const bin = 2 * (rank === missingRank ? lost : (rank - low) >>> shift);
      const w = weights[start + i]!;
      bins[bin] = bins[bin]! + w;
      bins[bin + 1] = bins[bin + 1]! + w * targets[start + i]!;
    }
  }
  function countRows(low: number, shift: number, lost: number): void {
    rowsOf.fill(0, 0, lost + 1);
    const count = end - start;
    for (let i = 0; i < count; i++) {
      const rank = ranks[i]!;
      rowsOf[rank === missingRank ? lost : (rank - low) >>> shift]!++;
    }
  }

  /** Judges the divisions behind the bins 0 to `to` - 1. `lostWeight`, ... of missing values go left in all of them. */
  function scan(
    feature: number,
    to: number,
    low: number,
    shift: number,
    lostWeight: number,
    lostSum: number,
    lostRows: number,
    best: Candidate,
  ): void {
    const count = end - start;
    const [weight, sum] = [nodeWeight, nodeSum];
    let leftWeight = lostWeight;
    let leftSum = lostSum;
    let leftRows = lostRows;
    let bestScore = best.score;
    let bestBin = -1;
    for (let bin = 0; bin < to; bin++) {
      const here = bins[2 * bin]!;
      if (here === 0) continue;
      leftWeight += here;
      leftSum += bins[2 * bin + 1]!;
      if (minLeaf > 1) {
        leftRows += rowsOf[bin]!;
        if (leftRows < minLeaf) continue;
        if (count - leftRows < minLeaf) break;
      }
      const rest = sum - leftSum;
      const score = (leftSum * leftSum) / leftWeight + (rest * rest) / (weight - leftWeight);
      if (score > bestScore) {
        bestScore = score;
        bestBin = bin;
      }
    }
    if (bestBin >= 0) keep(best, feature, bestScore, low + ((bestBin + 1) << shift), lostRows > 0);
  }

  return {
    enter,
    isPure: () => pure,
    weight: () => nodeWeight,
    undivided: () => (nodeSum * nodeSum) / nodeWeight,
    search,
    divide: (best: Candidate, edge: Edge) =>
      divideSamples(samples, spare, features[best.feature]!, start, end, best, edge),
    predict: () => predictOf(nodeSum / nodeWeight, pure ? order[start]! : -1),
  };
}
