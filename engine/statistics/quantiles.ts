import { select } from "./select";

/**
 * Quantiles of type 7 (Hyndman and Fan, The American Statistician 50, 1996, p. 361): linear between the two values around
 * the place (n - 1) p. What pandas, NumPy and R give when nothing else is asked for.
 *
 * @param values is put into another order; none of them NaN
 * @param shares ascending, each from 0 to 1
 * @returns NaN each where there is no value
 */
export function quantilesOf(values: Float64Array, shares: readonly number[]): number[] {
  const last = values.length - 1;
  if (last < 0) return shares.map(() => Number.NaN);
  // What a share was found by bounds the next one: all above it stands behind it.
  let from = 0;
  return shares.map((p) => {
    const at = last * p;
    const low = Math.floor(at);
    select(values, low, from);
    from = low;
    const below = values[low]!;
    if (low === at) return below;
    return between(below, smallest(values, low + 1), at - low);
  });
}

export const medianOf = (values: Float64Array): number => quantilesOf(values, [0.5])[0]!;

/** Type 7 of values that stand in ascending order already. NaN where there is none. */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number {
  const last = sorted.length - 1;
  if (last < 0) return Number.NaN;
  const at = last * p;
  const low = Math.floor(at);
  return low === at ? sorted[low]! : between(sorted[low]!, sorted[low + 1]!, at - low);
}

/** The same whichever way round, and exact where both are equal. */
const between = (below: number, above: number, share: number): number =>
  share < 0.5 ? below + (above - below) * share : above - (above - below) * (1 - share);

function smallest(values: Float64Array, from: number): number {
  let least = values[from]!;
  for (let i = from + 1; i < values.length; i++) if (values[i]! < least) least = values[i]!;
  return least;
}
