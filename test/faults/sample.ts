/**
 * The generator's samples. Everything follows from the number `n` (from 0) but the time, so that a ledger of numbers is
 * enough, and the checker knows what each row must hold.
 */
export const twins = 100;

export const twinOf = (n: number): string => `m-${String(n % twins).padStart(3, "0")}`;
/** The twin's own sequence number, from 1. */
export const seqOf = (n: number): number => Math.floor(n / twins) + 1;
/** A value that tells a damaged row from a sound one. */
export const readingOf = (n: number): number => ((n * 7919) % 100_003) / 8;

/** The first half of the twins goes straight through the flow, the other by way of stock nodes: see flows.ts. */
export const isDetour = (n: number): boolean => n % twins >= twins / 2;
export const topicOf = (n: number): string => `${isDetour(n) ? "detour" : "straight"}/${twinOf(n)}`;

/** @param ts unique per twin */
export const bodyOf = (n: number, ts: number): { ts: number; seq: number; n: number; value: number } => ({
  ts,
  seq: seqOf(n),
  n,
  value: readingOf(n),
});

/** Times of the device, ms: now, and never the same twice for one twin. */
export function createDeviceClock(): (n: number) => number {
  const last = new Float64Array(twins);
  return (n) => {
    const twin = n % twins;
    const ts = Math.max(Date.now(), (last[twin] as number) + 1);
    last[twin] = ts;
    return ts;
  };
}
