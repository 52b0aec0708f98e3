import { missingRank, type RankedFeature } from "./ranks";

/**
 * The rows of the tree that is being grown, ordered so that each node's rows stand together. Weights and targets are moved
 * along with the row numbers, so that reading a node reads memory in order.
 */
export interface NodeSamples {
  /** Row numbers, within a node ascending. */
  order: Int32Array;
  /** Weight of each: how often the bootstrap drew it, times its class weight. */
  weight: Float64Array;
  /** Target of each: the number less the mean of all, or the class number. */
  target: Float64Array;
}

/** The best division of a node found so far. */
export interface Candidate {
  /** -1: none yet. */
  feature: number;
  /** What the division makes small: larger is better. */
  score: number;
  /** Ranks below go left. */
  cut: number;
  missingLeft: boolean;
}

/** What a division found beside its cut: the ranks on both sides of it, and how many rows have none. */
export interface Edge {
  left: number;
  /** `missingRank` when nothing known is on the right. */
  right: number;
  missing: number;
}

/** How the rows of nodes are held and searched. Nodes are ranges of rows, `start` to `end` - 1. */
export interface NodeRows {
  /** Reads a node. What follows speaks of it. */
  enter(start: number, end: number): void;
  /** Whether all rows of the node have the same target. */
  isPure(): boolean;
  /** Total weight of the node's rows. */
  weight(): number;
  /** The score of not dividing, which a division's score is compared with. */
  undivided(): number;
  /** Tries every division of the node by a feature. Returns false when the feature does not vary in the node. */
  search(feature: number, best: Candidate): boolean;
  /** Moves the rows that go left to the front. Returns where the right ones begin. */
  divide(best: Candidate, edge: Edge): number;
  /** What a leaf predicts: a number, or the number of a row that was added to `shares`. */
  predict(shares: number[]): number;
}

/** The ranks of a node's rows in one feature, read together with their range. */
export interface RankRange {
  low: number;
  high: number;
  missing: number;
}

/** Copies the ranks of the rows `start` to `end` - 1 into `into`, from 0, and finds their range. */
export function readRanks(
  { ranks }: RankedFeature,
  order: Int32Array,
  start: number,
  end: number,
  into: Uint16Array,
  range: RankRange,
): void {
  let low = missingRank;
  let high = -1;
  let missing = 0;
  for (let i = start; i < end; i++) {
    const rank = ranks[order[i]!]!;
    into[i - start] = rank;
    if (rank === missingRank) missing++;
    else {
      if (rank < low) low = rank;
      if (rank > high) high = rank;
    }
  }
  range.low = low;
  range.high = high;
  range.missing = missing;
}

/** Bins for a node of `n` rows: of widths that are powers of two, so that a row's bin is found by a shift. */
export function binShift({ low, high }: RankRange, n: number): number {
  const most = n >= 2048 ? maxBins : maxBins / 4;
  let shift = 0;
  while ((high - low) >>> shift >= most) shift++;
  return shift;
}

export const maxBins = 1024;

/** A copy of samples' arrays, to be used by `divideSamples`. */
export const spareOf = ({ order, weight, target }: NodeSamples): NodeSamples => ({
  order: new Int32Array(order.length),
  weight: new Float64Array(weight.length),
  target: new Float64Array(target.length),
});

/** Moves the rows that go left to the front, both sides in their order. Without branches, which would often be guessed wrong. */
export function divideSamples(
  { order, weight, target }: NodeSamples,
  spare: NodeSamples,
  { ranks }: RankedFeature,
  start: number,
  end: number,
  { cut, missingLeft }: Candidate,
  edge: Edge,
): number {
  const { order: order2, weight: weight2, target: target2 } = spare;
  // A missing rank, the largest, becomes the smallest by going round where it belongs to the left.
  const turn = missingLeft ? 1 : 0;
  const below = cut + turn;
  let left = start;
  let right = 0;
  let highest = -1;
  let lowest = missingRank;
  let missing = 0;
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const rank = ranks[row]!;
    const goesLeft = (((rank + turn) & 65535) - below) >>> 31;
    if (rank === missingRank) missing++;
    else {
      // The rank itself on its own side, on the other one nothing that counts.
      const leftRank = rank | -(1 - goesLeft);
      const rightRank = rank | -goesLeft;
      if (leftRank > highest) highest = leftRank;
      if (rightRank >= 0 && rightRank < lowest) lowest = rightRank;
    }
    order[left] = row;
    order2[right] = row;
    weight2[right] = weight[left] = weight[i]!;
    target2[right] = target[left] = target[i]!;
    left += goesLeft;
    right += 1 - goesLeft;
  }
  for (let i = 0; i < right; i++) {
    order[left + i] = order2[i]!;
    weight[left + i] = weight2[i]!;
    target[left + i] = target2[i]!;
  }
  edge.left = highest;
  edge.right = lowest;
  edge.missing = missing;
  return left;
}

export function keep(best: Candidate, feature: number, score: number, cut: number, missingLeft: boolean): void {
  best.feature = feature;
  best.score = score;
  best.cut = Math.min(cut, missingRank);
  best.missingLeft = missingLeft;
}
