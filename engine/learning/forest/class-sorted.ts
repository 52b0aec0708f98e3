import { addShares, sumOfSquares } from "./class-search";
import { type Candidate, keep, type NodeRows } from "./node-samples";
import { missingRank } from "./ranks";
import { placeBits, type SortedRows } from "./sorted-rows";

/** The search of `classSearch` on sorted rows: every division is tried, none is hidden in a bin. */
export function classSorted(rows: SortedRows, minLeaf: number, classes: number): NodeRows {
  const { keys, keyStride, places, weight: weights, target: targets } = rows;
  const counts = new Float64Array(classes);
  const left = new Float64Array(classes);
  let [start, end] = [0, 0];
  let nodeWeight = 0;
  let nodeSquares = 0;
  let pure = false;

  function enter(from: number, to: number): void {
    [start, end] = [from - rows.base(), to - rows.base()];
    const first = targets[places[start]!]!;
    let [weight, differ] = [0, 0];
    counts.fill(0);
    for (let i = start; i < end; i++) {
      const place = places[i]!;
      const c = targets[place]!;
      counts[c] = counts[c]! + weights[place]!;
      weight += weights[place]!;
      if (c !== first) differ = 1;
    }
    nodeWeight = weight;
    nodeSquares = sumOfSquares(counts);
    pure = differ === 0;
  }

  function search(feature: number, best: Candidate): boolean {
    rows.sort(feature, start, end);
    const from = feature * keyStride + start;
    const to = feature * keyStride + end;
    const highest = keys[to - 1]! >>> 16;
    if (keys[from]! >>> 16 === highest) return false;
    left.fill(0);
    if (highest !== missingRank) {
      scan(feature, from, to - 1, false, 0, best);
      return true;
    }
    let known = to;
    while (keys[known - 1]! >>> 16 === missingRank) known--;
    scan(feature, from, known, true, 0, best);
    left.fill(0);
    for (let k = known; k < to; k++) {
      const place = keys[k]! & placeBits;
      const c = targets[place]!;
      left[c] = left[c]! + weights[place]!;
    }
    scan(feature, from, known - 1, true, to - known, best);
    return true;
  }

  /** Judges the divisions behind the keys `from` to `to` - 1. What is in `left` goes left in all of them. */
  function scan(feature: number, from: number, to: number, lost: boolean, lostRows: number, best: Candidate): void {
    const count = end - start;
    let [weight, squares, restSquares] = [0, 0, nodeSquares];
    for (let c = 0; c < classes && lostRows > 0; c++) {
      const lost = left[c]!;
      weight += lost;
      squares += lost * lost;
      restSquares += lost * (lost - 2 * counts[c]!);
    }
    let bestScore = best.score;
    let [bestLeft, bestRight] = [-1, 0];
    let key = keys[from]!;
    for (let k = from; k < to; k++) {
      const next = keys[k + 1]!;
      const place = key & placeBits;
      const c = targets[place]!;
      const w = weights[place]!;
      const onLeft = left[c]!;
      // (a + w)^2 is a^2 + w (w + 2 a)
      weight += w;
      squares += w * (w + 2 * onLeft);
      restSquares += w * (w - 2 * (counts[c]! - onLeft));
      left[c] = onLeft + w;
      const here = key >>> 16;
      key = next;
      if (here === next >>> 16) continue;
      const leftRows = k + 1 - from + lostRows;
      if (leftRows < minLeaf || count - leftRows < minLeaf) continue;
      const score = squares / weight + restSquares / (nodeWeight - weight);
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
    undivided: () => nodeSquares / nodeWeight,
    perfect: () => nodeWeight,
    search,
    divide: (best: Candidate) => rows.base() + rows.divide(start, end, best),
    predict: (shares) => addShares(shares, counts, nodeWeight),
  };
}
