import { quantileOfSorted } from "../statistics/quantiles";

/** A histogram: `counts[i]` values from `edges[i]` to before `edges[i + 1]`, the last one with its upper edge. */
export interface Bins {
  edges: Float64Array;
  counts: Float64Array;
}

export const maxBins = 200;

/**
 * How wide a bin is by the rule of D. Freedman and P. Diaconis (1981): 2 IQR / n^(1/3), as numpy's "fd". 0 when half of the
 * values are one.
 *
 * @param sorted ascending, without missing
 */
export const freedmanDiaconis = (sorted: Float64Array): number =>
  (2 * (quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25))) / Math.cbrt(sorted.length);

/** H. Sturges (1926): the range in log2(n) + 1 parts, as numpy's "sturges". */
export const sturges = (sorted: Float64Array): number => (sorted.at(-1)! - sorted[0]!) / (Math.log2(sorted.length) + 1);

/** The narrower of both, as numpy's "auto"; Sturges alone where Freedman and Diaconis have none. At most `maxBins`. */
export function binCount(sorted: Float64Array): number {
  const range = sorted.at(-1)! - sorted[0]!;
  const narrow = freedmanDiaconis(sorted);
  const width = narrow > 0 ? Math.min(narrow, sturges(sorted)) : sturges(sorted);
  return width > 0 ? Math.max(1, Math.min(maxBins, Math.ceil(range / width))) : 1;
}

/**
 * Counts values in `n` bins of equal width, as numpy's `histogram`. Values that are all one stand in the middle of one bin.
 *
 * @param sorted ascending, without missing, not empty
 */
export function histogramOf(sorted: Float64Array, n = binCount(sorted)): Bins {
  let lo = sorted[0]!;
  let hi = sorted.at(-1)!;
  if (lo === hi) {
    const half = Math.max(0.5, Math.abs(lo) * 0.005);
    lo -= half;
    hi += half;
  }
  const edges = new Float64Array(n + 1);
  for (let i = 0; i <= n; i++) edges[i] = i === n ? hi : lo + (hi - lo) * (i / n);
  return { edges, counts: countIn(edges, sorted) };
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
