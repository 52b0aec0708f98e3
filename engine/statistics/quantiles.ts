import { orderStatistic } from "./order-statistic";

/**
 * Quantiles of type 7 (Hyndman and Fan, The American Statistician 50, 1996, p. 361): linear between the two values around
 * the place (n - 1) p. What pandas, NumPy and R give when nothing else is asked for.
 *
 * @param values may be put into another order; none of them NaN
 * @param shares each from 0 to 1
 * @param scratch room for as many values, where the caller has some
 * @returns NaN each where there is no value
 */
export function quantilesOf(
  values: Float64Array,
  shares: readonly number[],
  scratch: Float64Array = new Float64Array(values.length),
): number[] {
  const last = values.length - 1;
  if (last < 0) return shares.map(() => Number.NaN);
  return shares.map((p) => {
    const at = last * p;
    const low = Math.floor(at);
    const [value, next] = orderStatistic(values, low, scratch);
    return low === at ? value : between(value, next, at - low);
  });
}

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
