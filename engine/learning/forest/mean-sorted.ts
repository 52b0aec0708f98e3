import { type Candidate, keep, type NodeRows, type NodeState } from "./node-samples";
import { missingRank } from "./ranks";
import { placeBits, type SortedRows } from "./sorted-rows";

/** The search of `meanSearch` on sorted rows: every division is tried, none is hidden in a bin. */
export function meanSorted(
  rows: SortedRows,
  minLeaf: number,
  predictOf: (mean: number, row: number) => number,
  isClass: boolean,
): NodeRows {
  const { keys, keyStride, places } = rows;
  /** Rows are counted from the first one that was loaded. */
  const node: NodeState = { start: 0, end: 0, weight: 0, sum: 0, pure: false };

  function search(feature: number, best: Candidate): boolean {
    const { start, end } = node;
    rows.sort(feature, start, end);
    const from = feature * keyStride + start;
    const to = feature * keyStride + end;
    const highest = keys[to - 1]! >>> 16;
    if (keys[from]! >>> 16 === highest) return false;
    if (highest !== missingRank) {
      scan(rows, node, minLeaf, feature, from, to - 1, false, 0, 0, 0, best);
      return true;
    }
    let known = to;
    let [lostWeight, lostSum] = [0, 0];
    for (; keys[known - 1]! >>> 16 === missingRank; known--) {
      const place = keys[known - 1]! & placeBits;
      lostWeight += rows.weight[place]!;
      lostSum += rows.weight[place]! * rows.target[place]!;
    }
    scan(rows, node, minLeaf, feature, from, known, true, 0, 0, 0, best);
    scan(rows, node, minLeaf, feature, from, known - 1, true, lostWeight, lostSum, to - known, best);
    return true;
  }

  return {
    enter(start, end) {
      node.start = start - rows.base();
      node.end = end - rows.base();
      readNode(rows, node);
    },
    isPure: () => node.pure,
    weight: () => node.weight,
    undivided: () => (node.sum * node.sum) / node.weight,
    perfect: () => (isClass ? node.sum : Number.POSITIVE_INFINITY),
    search,
    divide: (best) => rows.base() + rows.divide(node.start, node.end, best),
    predict: () => predictOf(node.sum / node.weight, node.pure ? rows.row[places[node.start]!]! : -1),
  };
}

function readNode({ places, weight: weights, target: targets }: SortedRows, node: NodeState): void {
  const { start, end } = node;
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
  node.weight = weight;
  node.sum = sum;
  node.pure = differ === 0;
}

/** Judges the divisions behind the keys `from` to `to` - 1. `lostWeight`, ... of missing values go left in all of them. */
function scan(
  { keys, weight: weights, target: targets }: SortedRows,
  { start, end, weight, sum }: NodeState,
  minLeaf: number,
  feature: number,
  from: number,
  to: number,
  lacks: boolean,
  lostWeight: number,
  lostSum: number,
  lostRows: number,
  best: Candidate,
): void {
  const count = end - start;
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
  if (bestLeft >= 0) keep(best, feature, bestScore, bestLeft, bestRight, lacks, lostRows > 0);
}
