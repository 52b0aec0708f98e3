/**
 * The delay of samples whose device has a clock of its own, which may be wrong: arrival minus device time is the delay plus the
 * difference of the clocks, and of one-way times alone the two cannot be told apart. What is taken off as the offset is
 *
 * - `minimum`: the least difference of the last minutes. The delay is then what exceeds that of the fastest sample (the
 *   minimum filter of V. Paxson, "On calibrating measurements of packet transit times", SIGMETRICS 1998, section 4).
 * - `synchronised`: nothing; both clocks are kept right, such as by NTP.
 * - `round-trip`: what the latest round trip says ({@link roundTripOf}).
 */
export type ClockMethod = "minimum" | "synchronised" | "round-trip";

export interface ClockFilter {
  /** Least differences of this half of the window and of the one before, ms. */
  least: number;
  leastBefore: number;
  /** Begin of this half, by the receiver's monotonic clock, ms. NaN before the first sample. */
  since: number;
  /** Difference that a clock which was set would explain, and how many samples in a row bear it out. */
  suspect: number;
  suspects: number;
  /** Times that the device's clock was set, in the present period. */
  steps: number;
}

/** No link delays by more than a day: beyond, a clock is wrong. */
export const longestDelayMs = 86_400_000;
/** Faster than the fastest by more than that is a clock that was set. */
const stepMs = 10_000;
/** So many samples in a row must agree before a clock counts as set: one absurd time is just wrong. */
const agreeing = 3;
/** Synchronised clocks are allowed to differ by that. */
const toleranceMs = 1000;

export const newClockFilter = (): ClockFilter => ({
  least: Number.POSITIVE_INFINITY,
  leastBefore: Number.POSITIVE_INFINITY,
  since: Number.NaN,
  suspect: 0,
  suspects: 0,
  steps: 0,
});

/** Ms that are taken off. NaN before the first sample. */
export function offsetOf({ least, leastBefore }: ClockFilter): number {
  const offset = Math.min(least, leastBefore);
  return Number.isFinite(offset) ? offset : Number.NaN;
}

/**
 * The sample's delay in ms, from 0 to a day, by the minimum filter. NaN where its time is absurd.
 *
 * @param difference arrival minus device time, ms
 * @param at arrival by a clock that nobody sets, ms
 */
export function delayByMinimum(filter: ClockFilter, difference: number, at: number, windowMs: number): number {
  if (!Number.isFinite(difference)) return Number.NaN;
  turn(filter, at, windowMs / 2);
  const offset = Math.min(filter.least, filter.leastBefore);
  const excess = difference - offset;
  if (excess < -stepMs || excess > longestDelayMs) {
    if (offset !== Number.POSITIVE_INFINITY && !isSet(filter, difference)) return Number.NaN;
    filter.least = difference;
    filter.leastBefore = Number.POSITIVE_INFINITY;
    return 0;
  }
  filter.suspects = 0;
  if (difference < filter.least) filter.least = difference;
  return Math.max(0, excess);
}

/** Whether enough samples in a row say the same of the clock. */
function isSet(filter: ClockFilter, difference: number): boolean {
  if (filter.suspects > 0 && Math.abs(difference - filter.suspect) <= stepMs) filter.suspects++;
  else filter.suspects = 1;
  filter.suspect = difference;
  if (filter.suspects < agreeing) return false;
  filter.suspects = 0;
  filter.steps++;
  return true;
}

function turn(filter: ClockFilter, at: number, halfMs: number): void {
  const age = at - filter.since;
  if (age < halfMs) return;
  // After a long silence the latest offset is better than none.
  if (filter.least !== Number.POSITIVE_INFINITY) filter.leastBefore = filter.least;
  filter.least = Number.POSITIVE_INFINITY;
  filter.since = at;
}

/** The sample's delay in ms against a known offset. NaN where a clock must be wrong: more than a second early, or a day late. */
export function delayByOffset(difference: number, offset: number): number {
  const delay = difference - offset;
  if (!(delay >= -toleranceMs && delay <= longestDelayMs)) return Number.NaN;
  return Math.max(0, delay);
}
