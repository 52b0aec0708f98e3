/** Rank of a missing value. Real ranks stay below. */
export const missingRank = 65535;

/** One feature as ranks: which of its distinct values each row has. Trees compare ranks; values only name the thresholds. */
export interface RankedFeature {
  /** Rank of each row's value, or `missingRank`. */
  ranks: Uint16Array;
  /** Largest value of each rank, ascending. */
  upper: Float64Array;
  /** Smallest value of each rank. The same array as `upper` unless there are more distinct values than ranks. */
  lower: Float64Array;
}

/**
 * Ranks of a feature's values. Up to 65,535 distinct values have a rank each, so that splits are exact; of more, neighbours
 * share a rank, about equally many distinct values each.
 */
export function rankedFeature(values: Float64Array): RankedFeature {
  const sorted = values.slice().sort();
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    const value = sorted[i]!;
    if (Number.isNaN(value)) break; // sort puts NaN last
    if (count === 0 || value !== sorted[count - 1]) sorted[count++] = value;
  }
  const distinct = sorted.slice(0, count);
  const ranks = new Uint16Array(values.length);
  const places = count <= missingRank ? undefined : sharedRanks(count);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) ranks[i] = missingRank;
    else {
      const place = placeOf(distinct, value);
      ranks[i] = places ? places[place]! : place;
    }
  }
  if (!places) return { ranks, upper: distinct, lower: distinct };
  const rankCount = places[count - 1]! + 1;
  const upper = new Float64Array(rankCount);
  const lower = new Float64Array(rankCount);
  for (let i = count - 1; i >= 0; i--) lower[places[i]!] = distinct[i]!;
  for (let i = 0; i < count; i++) upper[places[i]!] = distinct[i]!;
  return { ranks, upper, lower };
}

function sharedRanks(count: number): Uint16Array {
  const places = new Uint16Array(count);
  for (let i = 0; i < count; i++) places[i] = Math.floor((i * missingRank) / count);
  return places;
}

/** Index of `value` in ascending `sorted`, which holds it. */
function placeOf(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A threshold between two neighbouring ranks: the middle, in the four bytes of a single-precision number where that lies
 * between them too, or the left value where the middle rounds to the right one.
 */
export function thresholdBetween(left: number, right: number): number {
  const middle = left / 2 + right / 2;
  const short = Math.fround(middle);
  if (short >= left && short < right) return short;
  return middle >= left && middle < right ? middle : left;
}
