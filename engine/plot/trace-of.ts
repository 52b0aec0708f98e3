/** A line in buckets of time that hides nothing: what is drawn, and where nothing is. */
export interface Trace {
  /** Lines without a break: x (bucket) and y (0 to 1) in turn. */
  runs: number[][];
  /** Buckets in which there is a gap, as [first, last]. */
  gaps: [number, number][];
  /** How many gaps there are, also those shorter than a bucket. */
  gapCount: number;
}

/**
 * The first, least, greatest and last value of each bucket, in their order, which draws the same line as all values do
 * (M4: U. Jugel et al., VLDB 2014). A line is broken where a value is missing or a step is too long.
 *
 * @param x place of each value in buckets, not decreasing; not necessarily whole
 * @param y place of each value, 0 to 1; NaN where there is none
 * @param times of each value, for the length of a step
 * @param longest a longer step is a gap
 */
export function traceOf(x: Float64Array, y: Float64Array, times: Float64Array, longest: number): Trace {
  const runs: number[][] = [];
  const gaps: [number, number][] = [];
  let gapCount = 0;
  let run: number[] | undefined;
  let bucket: Bucket | undefined;
  let last = -1;
  const noteGap = (from: number, to: number): void => {
    gapCount++;
    const before = gaps.at(-1);
    if (before && from <= before[1]) before[1] = Math.max(before[1], to);
    else gaps.push([from, to]);
  };
  for (let i = 0; i < y.length; i++) {
    if (Number.isNaN(y[i]!)) continue;
    const at = Math.floor(x[i]!);
    const isGap = last >= 0 ? i - last > 1 || times[i]! - times[last]! > longest : i > 0;
    if (isGap) noteGap(Math.floor(x[Math.max(last, 0)]!), at);
    // Shorter than a bucket, a gap is shaded, but breaks nothing.
    const breaks = isGap && last >= 0 && Math.floor(x[last]!) !== at;
    if (bucket && (bucket.x !== at || breaks)) {
      pushBucket(run!, bucket, y);
      bucket = undefined;
    }
    if (!run || breaks) {
      run = [];
      runs.push(run);
    }
    if (!bucket) bucket = { x: at, first: i, least: i, most: i, last: i };
    else {
      if (y[i]! < y[bucket.least]!) bucket.least = i;
      if (y[i]! > y[bucket.most]!) bucket.most = i;
      bucket.last = i;
    }
    last = i;
  }
  if (bucket) pushBucket(run!, bucket, y);
  if (last < y.length - 1) noteGap(Math.floor(x[Math.max(last, 0)]!), Math.floor(x.at(-1)!));
  return { runs, gaps, gapCount };
}

/** Rows of its values. */
interface Bucket {
  x: number;
  first: number;
  least: number;
  most: number;
  last: number;
}

function pushBucket(run: number[], { x, first, least, most, last }: Bucket, y: Float64Array): void {
  const rows = [first, Math.min(least, most), Math.max(least, most), last];
  rows.forEach((row, i) => {
    if (i === 0 || row !== rows[i - 1]) run.push(x, y[row]!);
  });
}
