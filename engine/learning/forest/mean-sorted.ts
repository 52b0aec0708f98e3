import { type Candidate, keep, type NodeRows } from "./node-samples";
import { missingRank } from "./ranks";
import { placeBits, type SortedRows } from "./sorted-rows";

/** The search of `meanSearch` on sorted rows: every division is tried, none is hidden in a bin. */
export function meanSorted(
  rows: SortedRows,
  minLeaf: number,
  predictOf: (mean: number, row: number) => number,
): NodeRows {
  const { keys, keyStride, places, weight: weights, target: targets } = rows;
  let [start, end] = [0, 0];
  let [nodeWeight, nodeSum] = [0, 0];
  let pure = false;

  function enter(from: number, to: number): void {
    [start, end] = [from - rows.base(), to - rows.base()];
    const first = targets[places[start]!]!;
    let [weight, sum, differ] = [0, 0, 0];
    for (let i = start; i < end; i++) {
      const place = places[i]!;
      const w = weights[place]!;
      const y = targets[place]!;
      weight += w;
      sum += w * y;
      if (y !== first) differ = 1;
    }
    [nodeWeight, nodeSum] = [weight, sum];
    pure = differ === 0;
  }

  function search(feature: number, best: Candidate): boolean {
    rows.sort(feature, start, end);
    const from = feature * keyStride + start;
    const to = feature * keyStride + end;
    const highest = keys[to - 1]! >>> 16;
    if (keys[from]! >>> 16 === highest) return false;
    if (highest !== missingRank) {
      scan(feature, from, to - 1, false, 0, 0, 0, best);
      return true;
    }
    let known = to;
    let [lostWeight, lostSum] = [0, 0];
    for (; keys[known - 1]! >>> 16 === missingRank; known--) {
      const place = keys[known - 1]! & placeBits;
      lostWeight += weights[place]!;
      lostSum += weights[place]! * targets[place]!;
    }
    scan(feature, from, known, true, 0, 0, 0, best);
    scan(feature, from, known - 1, true, lostWeight, lostSum, to - known, best);
    return true;
  }

  /** Judges the divisions behind the keys `from` to `to` - 1. `lostWeight`, ... of missing values go left in all of them. */
  function scan(
    feature: number,
    from: number,
    to: number,
    lost: boolean,
    lostWeight: number,
    lostSum: number,
    lostRows: number,
    best: Candidate,
  ): void {
    const count = end - start;
    const [weight, sum] = [nodeWeight, nodeSum];
    let leftWeight = lostWeight;
    let leftSum = lostSum;
    let bestScore = best.score;
    let [bestLeft, bestRight] = [-1, 0];
    let key = keys[from]!;
    for (let k = from; k < to; k++) {
      const next = keys[k + 1]!;
      const place = key & placeBits;
      const w = weights[place]!;
      leftWeight += w;
      leftSum += w * targets[place]!;
      const here = key >>> 16;
      key = next;
      if (here === next >>> 16) continue;
      if (minLeaf > 1) {
        const leftRows = k + 1 - from + lostRows;
        if (leftRows < minLeaf) continue;
        if (count - leftRows < minLeaf) break;
      }
      const rest = sum - leftSum;
      const score = (leftSum * leftSum) / leftWeight + (rest * rest) / (weight - leftWeight);
      if (score > bestScore) {
        bestScore = score;
        bestLeft = here;
        bestRight = next >>> 16;
      }
    }
    if (bestLeft >= 0) keep(best, feature, bestScore, bestLeft, bestRight, lost, lostRows > 0);
  }

  return {
    enter,
    isPure: () => pure,
    weight: () => nodeWeight,
    undivided: () => (nodeSum * nodeSum) / nodeWeight,
    search,
    divide: (best: Candidate) => rows.base() + rows.divide(start, end, best),
    predict: () => predictOf(nodeSum / nodeWeight, pure ? rows.row[places[start]!]! : -1),
  };
}
