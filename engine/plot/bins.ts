import { quantilesOf } from "../statistics/quantiles";

/** A histogram: `counts[i]` values from `edges[i]` to before `edges[i + 1]`, the last one with its upper edge. */
export interface Bins {
  edges: Float64Array;
  counts: Float64Array;
}

export const maxBins = 200;

/** Least and greatest of some values, and the distance of their quartiles (type 7). */
interface Spread {
  count: number;
  min: number;
  max: number;
  iqr: number;
}

/** @param values without missing, not empty; in any order, which they keep */
export function spreadOf(values: Float64Array): Spread {
  let min = values[0]!;
  let max = min;
  for (const value of values) {
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  const [q1, q3] = quantilesOf(values.slice(), [0.25, 0.75]);
  return { count: values.length, min, max, iqr: q3! - q1! };
}

/**
 * How wide a bin is by the rule of D. Freedman and P. Diaconis (1981): 2 IQR / n^(1/3), as numpy's "fd". 0 when half of the
 * values are one.
 */
export const freedmanDiaconis = ({ iqr, count }: Spread): number => (2 * iqr) / Math.cbrt(count);

/** H. Sturges (1926): the range in log2(n) + 1 parts, as numpy's "sturges". */
export const sturges = ({ min, max, count }: Spread): number => (max - min) / (Math.log2(count) + 1);

/** The narrower of both, as numpy's "auto"; Sturges alone where Freedman and Diaconis have none. At most `maxBins`. */
export function binCount(spread: Spread): number {
  const narrow = freedmanDiaconis(spread);
  const width = narrow > 0 ? Math.min(narrow, sturges(spread)) : sturges(spread);
  return width > 0 ? Math.max(1, Math.min(maxBins, Math.ceil((spread.max - spread.min) / width))) : 1;
}

/**
 * Counts values in `n` bins of equal width, as numpy's `histogram`; without `n`, in as many as `binCount` finds. Values that are
 * all one stand in the middle of one bin.
 *
 * @param values without missing, not empty
 */
export function histogramOf(values: Float64Array, n?: number): Bins {
  const spread = spreadOf(values);
  const bins = n ?? binCount(spread);
  let { min: lo, max: hi } = spread;
  if (lo === hi) {
    const half = Math.max(0.5, Math.abs(lo) * 0.005);
    lo -= half;
    hi += half;
  }
  const edges = new Float64Array(bins + 1);
  for (let i = 0; i <= bins; i++) edges[i] = i === bins ? hi : lo + (hi - lo) * (i / bins);
  return { edges, counts: countIn(edges, values) };
}

/** Counts values in given bins; what lies outside of them is not counted. */
export function countIn(edges: Float64Array, values: Float64Array): Float64Array {
  const n = edges.length - 1;
  const lo = edges[0]!;
  const hi = edges[n]!;
  const counts = new Float64Array(n);
  for (const value of values) {
    if (!(value >= lo && value <= hi)) continue;
    let bin = Math.min(n - 1, Math.floor(((value - lo) / (hi - lo)) * n));
    // The division may miss an edge by its last digit; the edges themselves decide.
    if (value < edges[bin]!) bin--;
    else if (bin < n - 1 && value >= edges[bin + 1]!) bin++;
    counts[bin]!++;
  }
  return counts;
}
