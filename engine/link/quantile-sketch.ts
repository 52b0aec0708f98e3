/**
 * Quantiles of positive values in little memory, each within a relative error that is stated: DDSketch (C. Masson, J. E. Rim,
 * H. K. Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12(12), 2019,
 * sections 2.1 and 2.2). Bucket i counts the values in (γ^(i-1), γ^i], γ = (1 + α) / (1 - α). Instead of drawing buckets
 * together it holds values to a range, so that no bucket loses accuracy.
 */
export interface QuantileSketch {
  /** Counts of the buckets from `first` on; grows with the values that come. */
  counts: Uint32Array;
  /** Number of the bucket that `counts[0]` is of. */
  first: number;
  /** Values below {@link smallest}: they count as 0. */
  zeros: number;
  count: number;
  /** Exact. NaN without values. */
  max: number;
}

/** α: a quantile is at most 1 % away from the value that has its rank. */
export const relativeError = 0.01;
/** What is smaller counts as 0, what is larger as this. */
export const smallest = 0.01;
export const largest = 1e9;

const gamma = (1 + relativeError) / (1 - relativeError);
const perLog = 1 / Math.log(gamma);
const chunk = 64;

export const newSketch = (): QuantileSketch => ({
  counts: new Uint32Array(0),
  first: 0,
  zeros: 0,
  count: 0,
  max: Number.NaN,
});

/** What is no number, or below 0, is left out. */
export function addToSketch(sketch: QuantileSketch, value: number): void {
  if (!(value >= 0)) return;
  const held = value > largest ? largest : value;
  sketch.count++;
  if (!(held <= sketch.max)) sketch.max = held;
  if (held < smallest) {
    sketch.zeros++;
    return;
  }
  const bucket = Math.ceil(Math.log(held) * perLog);
  let place = bucket - sketch.first;
  if (place < 0 || place >= sketch.counts.length) place = makeRoom(sketch, bucket);
  sketch.counts[place]!++;
}

/** Gives the place of the bucket, in counts that have room for it and all that were there. */
function makeRoom(sketch: QuantileSketch, bucket: number): number {
  const { counts, first } = sketch;
  const begin = Math.floor(bucket / chunk) * chunk;
  const from = counts.length === 0 ? begin : Math.min(first, begin);
  const to = counts.length === 0 ? begin + chunk : Math.max(first + counts.length, begin + chunk);
  const larger = new Uint32Array(to - from);
  larger.set(counts, counts.length === 0 ? 0 : first - from);
  sketch.counts = larger;
  sketch.first = from;
  return bucket - from;
}

/**
 * The value of rank floor(share x (count - 1)) among those that came, within {@link relativeError}. NaN without values.
 *
 * @param share 0 to 1
 */
export function quantileOf(sketch: QuantileSketch, share: number): number {
  const { counts, count, first, zeros, max } = sketch;
  if (count === 0) return Number.NaN;
  const rank = Math.floor(share * (count - 1));
  let passed = zeros;
  if (rank < passed) return 0;
  for (let place = 0; place < counts.length; place++) {
    passed += counts[place]!;
    // The middle of the bucket in which both ends are equally far away; never beyond what came.
    if (rank < passed) return Math.min(max, (2 * gamma ** (first + place)) / (gamma + 1));
  }
  return max;
}

/** Forgets the values, and keeps the memory for the next. */
export function clearSketch(sketch: QuantileSketch): void {
  sketch.counts.fill(0);
  sketch.zeros = 0;
  sketch.count = 0;
  sketch.max = Number.NaN;
}
