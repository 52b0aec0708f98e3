import { createRecentMap } from "../contract/recent-map";

/** Twins remembered at least; those heard of least recently are forgotten first. */
const maxTwins = 10_000;
/** How far stamps may run ahead of the clock: a twin that sends more than one reading a millisecond needs times of its own. */
const maxAheadMs = 1000;

/** Gives the stamp for a reading of that twin that arrived at `now` (ms since 1970-01-01 UTC). */
export type ArrivalClock = (id: string, now: number) => number;

/**
 * Stamps readings that bring no time of their own. Two readings of one twin never get the same millisecond: in a history the
 * second would overwrite the first, and of two reports of one time nobody could say which came later.
 */
export function createArrivalClock(): ArrivalClock {
  const latest = createRecentMap<string, number>(maxTwins);
  return (id, now) => {
    const last = latest.get(id);
    const next = last !== undefined && last >= now && last < now + maxAheadMs ? last + 1 : now;
    latest.set(id, next);
    return next;
  };
}
