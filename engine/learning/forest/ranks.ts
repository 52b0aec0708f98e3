import { orderOf } from "../../statistics/ranks";

/** Rank of a missing value. Real ranks stay below. */
export const missingRank = 65535;
/** Bin of a missing value. */
export const missingBin = 1023;
/** So that no group of four real bins is that of the missing one. */
const mostBins = 1020;

/** One feature as ranks: which of its distinct values each row has. Trees compare ranks; values only name the thresholds. */
export interface RankedFeature {
  /** Largest value of each rank, ascending. */
  upper: Float64Array;
  /** Smallest value of each rank. The same array as `upper` unless there are more distinct values than ranks. */
  lower: Float64Array;
  /** Each row's bin: neighbouring ranks with about equally many rows, or `missingBin`. */
  bins: Uint16Array;
  /** The first rank of each bin, and behind the last one how many ranks there are. */
  firstRanks: Uint16Array;
  /** Rows in the fullest bin of more than one rank. Nodes of more rows vary in the feature if and only if their bins do. */
  mixed: number;
}

/** Columns as trees read them. */
export interface RankedColumns {
  features: RankedFeature[];
  /** The ranks of all features, row by row: of a row picked at random all of them are one fetch from memory. */
  rankRows: Uint16Array;
}

export function rankedColumns(columns: readonly Float64Array[]): RankedColumns {
  const ranked = columns.map(rankedFeature);
  return {
    features: ranked.map(({ ranks: _, ...feature }) => feature),
    rankRows: rowByRow(ranked.map(({ ranks }) => ranks)),
  };
}

function rowByRow(columns: readonly Uint16Array[]): Uint16Array {
  const width = columns.length;
  const rows = columns[0]?.length ?? 0;
  const out = new Uint16Array(width * rows);
  for (let from = 0; from < rows; from += 1024) {
    const to = Math.min(rows, from + 1024);
    for (let f = 0; f < width; f++) {
      const column = columns[f]!;
      for (let row = from; row < to; row++) out[row * width + f] = column[row]!;
    }
  }
  return out;
}

/**
 * The ranks of a feature's values, finite or NaN; of a missing one `missingRank`. Up to 65,535 distinct values have a rank each, so that splits are exact; of more,
 * neighbours share a rank, about equally many distinct values each.
 */
export function rankedFeature(values: Float64Array): RankedFeature & { ranks: Uint16Array } {
  const order = orderOf(values);
  const known = order.length;
  const places = new Uint32Array(known);
  let count = 0;
  for (let i = 0, last = Number.NaN; i < known; i++) {
    const value = values[order[i]!]!;
    if (value !== last) count++;
    last = value;
    places[i] = count - 1;
  }
  const rankCount = Math.min(count, missingRank);
  const rankOf = (place: number): number => (count > missingRank ? Math.floor((place * missingRank) / count) : place);
  const ranks = new Uint16Array(values.length).fill(missingRank);
  const lower = new Float64Array(rankCount);
  const upper = count > missingRank ? new Float64Array(rankCount) : lower;
  const rows = new Uint32Array(rankCount);
  for (let i = 0, last = -1; i < known; i++) {
    const row = order[i]!;
    const rank = rankOf(places[i]!);
    ranks[row] = rank;
    rows[rank]!++;
    if (rank !== last) lower[rank] = values[row]!;
    upper[rank] = values[row]!;
    last = rank;
  }
  return { ranks, upper, lower, ...binned(ranks, rows, known) };
}

/** A rank of many rows has its own bin; of the others there are as many rows in each as are left for the bins that are left. */
function binned(
  ranks: Uint16Array,
  rowsOf: Uint32Array,
  known: number,
): Pick<RankedFeature, "bins" | "firstRanks" | "mixed"> {
  const binOf = new Uint16Array(missingRank + 1).fill(missingBin);
  const firstRanks: number[] = [];
  const isFrequent = (rank: number): boolean => rowsOf[rank]! * mostBins >= known;
  let [rowsLeft, binsLeft] = [known, mostBins];
  for (let rank = 0; rank < rowsOf.length; rank++) {
    if (!isFrequent(rank)) continue;
    rowsLeft -= rowsOf[rank]!;
    binsLeft--;
  }
  const exact = rowsOf.length <= mostBins;
  let [mixed, bin, size, wasFrequent] = [0, -1, 0, false];
  for (let rank = 0; rank < rowsOf.length; rank++) {
    const here = rowsOf[rank]!;
    const frequent = isFrequent(rank);
    const isFull = exact || frequent || wasFrequent || size + here > rowsLeft / Math.max(1, binsLeft);
    if (bin < 0 || (isFull && bin < mostBins - 1)) {
      if (!wasFrequent && bin >= 0) [rowsLeft, binsLeft] = [rowsLeft - size, binsLeft - 1];
      size = 0;
      bin = firstRanks.push(rank) - 1;
    }
    wasFrequent = frequent;
    size += here;
    if (rank > firstRanks[bin]!) mixed = Math.max(mixed, size);
    binOf[rank] = bin;
  }
  firstRanks.push(rowsOf.length);
  const bins = new Uint16Array(ranks.length);
  for (let row = 0; row < ranks.length; row++) bins[row] = binOf[ranks[row]!]!;
  return { bins, firstRanks: Uint16Array.from(firstRanks), mixed };
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
