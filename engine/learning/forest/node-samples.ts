import { missingRank, type RankedFeature } from "./ranks";

/**
 * The rows of the tree that is being grown, ordered so that each node's rows stand together. Weights and targets are moved
 * along with the row numbers, so that reading a node reads memory in order.
 */
export interface NodeSamples {
  /** Row numbers. */
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

/** Looks at one node after another and judges divisions of it. One per kind of target. */
export interface SplitSearch {
  /** Reads the rows `start` to `end` - 1. */
  enter(start: number, end: number): void;
  /** Whether all rows of the node have the same target. */
  isPure(): boolean;
  /** Total weight of the node's rows. */
  weight(): number;
  /** The score of not dividing, which a division's score is compared with. */
  undivided(): number;
  /** Tries every division of the node by a feature. Returns false when the feature does not vary in the node. */
  search(feature: number, start: number, end: number, best: Candidate): boolean;
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

/** Up to this many rows are sorted; more are counted into bins. Where both were timed, about equal. */
export const sortedUpTo = 40;

/** Bins for a node of `n` rows: of widths that are powers of two, so that a row's bin is found by a shift. */
export function binShift({ low, high }: RankRange, n: number): number {
  const most = n >= 2048 ? maxBins : maxBins / 4;
  let shift = 0;
  while ((high - low) >>> shift >= most) shift++;
  return shift;
}

export const maxBins = 1024;

/** Sorts the first `n` ranks, and `places` along with them (insertion sort: n is small). */
export function sortRanks(ranks: Uint16Array, places: Int32Array, n: number): void {
  for (let i = 1; i < n; i++) {
    const rank = ranks[i]!;
    const place = places[i]!;
    let j = i - 1;
    for (; j >= 0 && ranks[j]! > rank; j--) {
      ranks[j + 1] = ranks[j]!;
      places[j + 1] = places[j]!;
    }
    ranks[j + 1] = rank;
    places[j + 1] = place;
  }
}

/** Removes missing ranks, noting where the others stood. Returns how many are left. */
export function compactRanks(ranks: Uint16Array, places: Int32Array, n: number, start: number): number {
  let kept = 0;
  for (let i = 0; i < n; i++) {
    const rank = ranks[i]!;
    if (rank === missingRank) continue;
    ranks[kept] = rank;
    places[kept++] = start + i;
  }
  return kept;
}
