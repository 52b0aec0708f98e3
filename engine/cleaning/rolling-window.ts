import { meanOf, sdOf } from "./order-statistics";
import type { Span } from "./span";
import { createWindowMoments, type WindowMoments } from "./window-moments";

/** Most values that a window of time holds: what is older leaves early. */
const maxHeld = 10_000;

/**
 * The last values of one property, in order of arrival. Rows without a value take their place in a window of rows, as in
 * pandas' `rolling`.
 */
export interface RollingWindow {
  /** Values in the window, ascending; rows without one do not count. To be read only. Empty when moments are kept. */
  readonly sorted: readonly number[];
  /** Values in the window. */
  readonly count: number;
  /** NaN of nothing. */
  mean(): number;
  /** With n - 1; NaN below two values. */
  sd(): number;
  /** Lets go of what is as old as the window is long, seen from `ts`. Needed for windows of time only. */
  forget(ts: number): void;
  /** Takes in the next row. NaN: it has no value. */
  push(value: number, ts: number): void;
  /** Numbers that it takes up memory for. */
  readonly held: number;
  /** All that it holds, as plain data. */
  save(): SavedWindow;
}

/** A window's rows, oldest first: pushed into a new one of the same kind they make the same window. */
export interface SavedWindow {
  span: Span;
  keeps: "order" | "moments";
  values: Float64Array;
  /** Of windows of time. */
  times?: Float64Array;
}

/**
 * @param keeps what is kept as values come and go: their `order`, for medians and quantiles (a row costs a search and a
 * move of memory, about 2 us in the longest window), or their `moments`, for mean and sd (O(log window)). Asked for the other
 * one, the window has to go through all it holds.
 */
export function createRollingWindow(span: Span, keeps: "order" | "moments" = "order"): RollingWindow {
  const rows = span.unit === "rows";
  const capacity = rows ? span.size : maxHeld;
  const ordered = keeps === "order";
  let ring = new Float64Array(Math.min(capacity, 16)).fill(Number.NaN);
  let times = rows ? undefined : new Float64Array(ring.length);
  let moments: WindowMoments | undefined = ordered ? undefined : createWindowMoments(ring);
  let head = 0;
  let length = 0;
  const sorted: number[] = [];

  function grow(): void {
    const larger = new Float64Array(Math.min(capacity, ring.length * 2)).fill(Number.NaN);
    const largerTimes = times && new Float64Array(larger.length);
    for (let i = 0; i < length; i++) {
      const at = (head + i) % ring.length;
      larger[i] = ring[at]!;
      if (largerTimes) largerTimes[i] = times![at]!;
    }
    ring = larger;
    times = largerTimes;
    head = 0;
    if (moments) moments = createWindowMoments(ring);
  }

  function drop(): void {
    const value = ring[head]!;
    if (ordered && !Number.isNaN(value)) sorted.splice(positionIn(sorted, value), 1);
    ring[head] = Number.NaN;
    moments?.update(head);
    head = head + 1 === ring.length ? 0 : head + 1;
    length--;
  }

  return {
    sorted,
    get count() {
      return moments ? moments.count() : sorted.length;
    },
    mean: () => (moments ? moments.mean() : meanOf(sorted)),
    sd: () => (moments ? moments.sd() : sdOf(sorted)),
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
      if (moments) moments.update(at);
      else if (!Number.isNaN(value)) sorted.splice(positionIn(sorted, value), 0, value);
    },
    get held() {
      return ring.length * (times ? 2 : 1) + (moments ? ring.length : sorted.length);
    },
    save() {
      const inOrder = (from: Float64Array) => Float64Array.from({ length }, (_, i) => from[(head + i) % ring.length]!);
      return { span, keeps, values: inOrder(ring), ...(times ? { times: inOrder(times) } : {}) };
    },
  };
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
