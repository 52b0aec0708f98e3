import { createRecentMap } from "../contract/recent-map";

export interface ThrottleOptions {
  /** Failures that cost nothing: people mistype. */
  free: number;
  /** The wait after the first failure beyond these; each further one doubles it. */
  firstWaitMs: number;
  maxWaitMs: number;
  /** After so long without a failure everything is forgiven. */
  forgetAfterMs: number;
  /** Keys that are remembered; beyond that the ones that failed longest ago are forgotten. @default 10000 */
  maxKeys?: number;
}

/** Slows down whoever keeps failing. Times are handed in, in ms; keys are the caller's (a name, an address). */
export interface Throttle {
  /** How long this key has to wait yet; 0 when it may try. */
  waitMs(key: string, nowMs: number): number;
  /** Counts a failure. An attempt is counted before it is judged, so that many at once are many. Answers with the wait that follows. */
  failed(key: string, nowMs: number): number;
  /** The attempt was good: nothing is held against that key any more. */
  forgive(key: string): void;
  /** The attempt was good, but others use that key too: only this one is not counted. */
  takeBack(key: string): void;
}

interface Failures {
  count: number;
  lastMs: number;
  untilMs: number;
}

export function createThrottle(options: ThrottleOptions): Throttle {
  const { free, firstWaitMs, maxWaitMs, forgetAfterMs, maxKeys = 10_000 } = options;
  const failures = createRecentMap<string, Failures>(maxKeys);
  return {
    waitMs: (key, nowMs) => Math.min(maxWaitMs, Math.max(0, (failures.get(key)?.untilMs ?? 0) - nowMs)),
    failed(key, nowMs) {
      const before = failures.get(key);
      const isForgotten = !before || nowMs - before.lastMs > forgetAfterMs;
      const count = isForgotten ? 1 : before.count + 1;
      const beyond = count - free;
      // The exponent is bounded: 2 ** 1024 is Infinity.
      const waitMs = beyond <= 0 ? 0 : Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(beyond - 1, 30));
      failures.set(key, { count, lastMs: nowMs, untilMs: nowMs + waitMs });
      return waitMs;
    },
    forgive: (key) => failures.delete(key),
    takeBack(key) {
      const before = failures.get(key);
      if (!before) return;
      const count = before.count - 1;
      failures.set(key, { ...before, count, untilMs: count > free ? before.untilMs : 0 });
    },
  };
}
