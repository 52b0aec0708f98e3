import type { Span } from "./span";

/** Most values that a window of time holds: what is older leaves early. */
const maxHeld = 10_000;

/**
 * The last values of one property, in order of arrival and in order of size. Rows without a value take their place in a
 * window of rows, as in pandas' `rolling`.
 */
export interface RollingWindow {
  /** Values in the window, ascending; rows without one do not count. To be read only. */
  readonly sorted: readonly number[];
  /** Lets go of what is as old as the window is long, seen from `ts`. Needed for windows of time only. */
  forget(ts: number): void;
  /** Takes in the next row. NaN: it has no value. */
  push(value: number, ts: number): void;
}

export function createRollingWindow(span: Span): RollingWindow {
  const rows = span.unit === "rows";
  const capacity = rows ? span.size : maxHeld;
  let ring = new Float64Array(Math.min(capacity, 16));
  let times = rows ? undefined : new Float64Array(ring.length);
  let head = 0;
  let length = 0;
  const sorted: number[] = [];

  function grow(): void {
    const larger = new Float64Array(Math.min(capacity, ring.length * 2));
    const largerTimes = times && new Float64Array(larger.length);
    for (let i = 0; i < length; i++) {
      const at = (head + i) % ring.length;
      larger[i] = ring[at]!;
      if (largerTimes) largerTimes[i] = times![at]!;
    }
    ring = larger;
    times = largerTimes;
    head = 0;
  }

  function drop(): void {
    const value = ring[head]!;
    head = head + 1 === ring.length ? 0 : head + 1;
    length--;
    if (!Number.isNaN(value)) sorted.splice(positionIn(sorted, value), 1);
  }

  return {
    sorted,
    forget(ts) {
      // A row of unknown time is judged by the window as it stands.
      if (times && !Number.isNaN(ts)) while (length > 0 && !(times[head]! > ts - span.size)) drop();
    },
    push(value, ts) {
      if (length === capacity) drop();
      else if (length === ring.length) grow();
      let at = head + length;
      if (at >= ring.length) at -= ring.length;
      ring[at] = value;
      if (times) times[at] = ts;
      length++;
      if (!Number.isNaN(value)) sorted.splice(positionIn(sorted, value), 0, value);
    },
  };
}

/** Mean in two passes: exact where all values are equal. */
export function meanOf(values: ArrayLike<number>): number {
  const n = values.length;
  if (n === 0) return Number.NaN;
  const start = values[0]!;
  let sum = 0;
  for (let i = 1; i < n; i++) sum += values[i]! - start;
  const rough = start + sum / n;
  let rest = 0;
  for (let i = 0; i < n; i++) rest += values[i]! - rough;
  return rough + rest / n;
}

/** Standard deviation with n - 1, in two passes. NaN below two values. */
export function sdOf(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 2) return Number.NaN;
  const mean = meanOf(values);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const d = values[i]! - mean;
    sum += d * d;
  }
  return Math.sqrt(sum / (n - 1));
}

/** Quantile of type 7 of ascending values. */
export function quantileOf(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * p;
  const low = Math.floor(at);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (at - low);
}

/** Median of ascending values. */
export function medianOf(sorted: ArrayLike<number>): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  return n % 2 === 1 ? sorted[n >> 1]! : (sorted[n / 2 - 1]! + sorted[n / 2]!) / 2;
}

/** Median absolute deviation of ascending values, without a scale factor: walks outwards from the median. */
export function madOf(sorted: ArrayLike<number>): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const median = medianOf(sorted);
  const lower = (n - 1) >> 1;
  let right = 0;
  let end = n;
  while (right < end) {
    const middle = (right + end) >> 1;
    if (sorted[middle]! < median) right = middle + 1;
    else end = middle;
  }
  let left = right - 1;
  let previous = 0;
  let distance = 0;
  for (let taken = 0; taken <= n >> 1; taken++) {
    const toLeft = left >= 0 ? median - sorted[left]! : Number.POSITIVE_INFINITY;
    const toRight = right < n ? sorted[right]! - median : Number.POSITIVE_INFINITY;
    previous = distance;
    distance = Math.min(toLeft, toRight);
    if (toLeft < toRight) left--;
    else right++;
  }
  return lower === n >> 1 ? distance : (previous + distance) / 2;
}

/** Index of the first value not below `value`. */
function positionIn(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
