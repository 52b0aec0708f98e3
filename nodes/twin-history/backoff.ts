/** Pauses between attempts: exponential, with jitter, so that many writers do not come back at the same moment. */
export interface Backoff {
  /** @param attempt from 0 */
  pause(attempt: number): Promise<void>;
  /** Ends every pause now. */
  wake(): void;
}

export function createBackoff(firstMs: number, longestMs: number): Backoff {
  const sleepers = new Set<() => void>();
  return {
    pause(attempt) {
      const ms = Math.min(longestMs, firstMs * 2 ** attempt) * (0.5 + Math.random() / 2);
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          sleepers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms).unref();
        sleepers.add(wake);
      });
    },
    wake() {
      for (const wake of [...sleepers]) wake();
    },
  };
}
