export interface BackoffOptions {
  /** @default 1000 */
  firstMs?: number;
  /** @default 30000 */
  maxMs?: number;
  /** In [0, 1). @default Math.random */
  random?: () => number;
}

/**
 * Doubles the wait at each attempt and spreads it over half its length, so that a hundred clients of a broker that
 * restarts do not come back in step.
 */
export function backoffMs(attempt: number, options: BackoffOptions = {}): number {
  const { firstMs = 1000, maxMs = 30_000, random = Math.random } = options;
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.5 + random() / 2));
}
