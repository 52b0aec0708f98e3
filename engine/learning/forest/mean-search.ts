import {
  allBins,
  type Candidate,
  divideSamples,
  fewGroups,
  firstRank,
  groupShift,
  isGrouped,
  keep,
  type NodeRows,
  type NodeSamples,
  spareOf,
} from "./node-samples";
import { missingBin, missingRank, type RankedFeature } from "./ranks";

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
  const bins = new Float64Array(2 * allBins); // weight and weighted sum
  const rowsOf = new Int32Array(allBins);
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
    const grouped = isGrouped(end - start, features[feature]!);
    return (grouped && searchBins(feature, groupShift, best) >= fewGroups) || searchBins(feature, 0, best) > 1;
  }

  /** By groups of 2^shift bins. Returns how many have rows. */
  function searchBins(feature: number, shift: number, best: Candidate): number {
    const { bins: binOf, firstRanks } = features[feature]!;
    fill(binOf, shift);
    if (minLeaf > 1) countRows(binOf, shift);
    const lacks = bins[2 * (missingBin >> shift)]! > 0;
    const filled = scan(feature, firstRanks, shift, lacks, false, best);
    if (lacks && filled > 1) scan(feature, firstRanks, shift, true, true, best);
    return filled;
  }

  function fill(binOf: Uint16Array, shift: number): void {
    bins.fill(0, 0, (2 * allBins) >> shift);
    for (let i = start; i < end; i++) {
      const bin = 2 * (binOf[order[i]!]! >> shift);
      const w = weights[i]!;
      bins[bin] = bins[bin]! + w;
      bins[bin + 1] = bins[bin + 1]! + w * targets[i]!;
    }
  }
  function countRows(binOf: Uint16Array, shift: number): void {
    rowsOf.fill(0, 0, allBins >> shift);
    for (let i = start; i < end; i++) rowsOf[binOf[order[i]!]! >> shift]!++;
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
    const [weight, sum] = [nodeWeight, nodeSum];
    // Missing values, in the last bin, are on the right of all others, or on the left.
    const lost = missingBin >> shift;
    const known = ((firstRanks.length - 2) >> shift) + 1;
    const last = lacks && !lostLeft ? known + 1 : known;
    let leftWeight = lostLeft ? bins[2 * lost]! : 0;
    let leftSum = lostLeft ? bins[2 * lost + 1]! : 0;
    let leftRows = lostLeft ? rowsOf[lost]! : 0;
    let bestScore = best.score;
    let [bestLeft, bestRight] = [-1, 0];
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
      const right = bestRight === lost ? missingRank : firstRank(firstRanks, bestRight, shift);
      keep(best, feature, bestScore, firstRank(firstRanks, bestLeft + 1, shift) - 1, right, lacks, lostLeft);
    }
    return filled;
  }

  return {
    enter,
    isPure: () => pure,
    weight: () => nodeWeight,
    undivided: () => (nodeSum * nodeSum) / nodeWeight,
    search,
    divide: (best: Candidate) => divideSamples(samples, spare, features[best.feature]!, start, end, best),
    predict: () => predictOf(nodeSum / nodeWeight, pure ? order[start]! : -1),
  };
}
