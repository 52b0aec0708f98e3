/** Pauses between attempts: exponential, with jitter, so that many writers do not come back at the same moment. */
export interface Backoff {
  /**
   * @param attempt from 0
   * @param atLeastMs what the other side asked for
   */
  pause(attempt: number, atLeastMs?: number): Promise<void>;
  /** Ends every pause now. */
  wake(): void;
}

export function createBackoff(firstMs: number, longestMs: number): Backoff {
  const sleepers = new Set<() => void>();
  return {
    pause(attempt, atLeastMs = 0) {
      const ms = Math.min(longestMs, firstMs * 2 ** attempt) * (0.5 + Math.random() / 2);
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          sleepers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.max(ms, atLeastMs)).unref();
        sleepers.add(wake);
      });
    },
    wake() {
      for (const wake of [...sleepers]) wake();
    },
  };
}
