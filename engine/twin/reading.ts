import type { PropertyMeta } from "../contract/document";
import type { Quality, Sample, Scalar } from "../contract/messages";
import { own } from "../contract/own";

/** What one sample says of one property. `value` null: no reading. */
export interface Reading {
  value: Scalar;
  meta: PropertyMeta;
}

/** By which a device's clock is judged. */
export interface Clock {
  /** Arrival, ms since 1970-01-01 UTC. */
  now: number;
  /** Times further ahead of `now` are a clock's that is wrong. @default Infinity */
  maxSkewMs?: number | undefined;
}

/** How far the time is ahead, where that is beyond the limit, in ms; else 0. */
export const skewOf = (ts: number, { now, maxSkewMs = Number.POSITIVE_INFINITY }: Clock): number =>
  ts - now > maxSkewMs ? ts - now : 0;

/**
 * What the sample says of each property, by name. A reading of a clock that runs ahead counts as one of its arrival, and is
 * uncertain: a year ahead must not freeze it for a year. Properties of one quality share one `meta`: never change it.
 */
export function readingsOf(sample: Sample, clock: Clock): (name: string) => Reading {
  const isAhead = skewOf(sample.ts, clock) > 0;
  const metas: Partial<Record<Quality, PropertyMeta>> = {};

  function metaOf(quality: Quality): PropertyMeta {
    const meta: PropertyMeta = { ts: isAhead ? clock.now : sample.ts, quality };
    if (sample.seq !== undefined) meta.seq = sample.seq;
    if (isAhead) {
      meta.deviceTs = sample.ts;
      if (quality === "good") meta.quality = "uncertain";
    }
    return meta;
  }

  return (name) => {
    const given = sample.values[name] ?? null;
    // -0 and 0 are one value: JSON knows no -0.
    const value = typeof given === "number" ? given + 0 : given;
    const quality: Quality = value === null ? "bad" : ((sample.quality && own(sample.quality, name)) ?? "good");
    metas[quality] ??= metaOf(quality);
    return { value, meta: metas[quality] };
  };
}

/**
 * What is known, as it is to be compared. A time that is ahead of us by now (it was taken over without a limit, or our own clock
 * went back) gives way to any time that can be true.
 */
export function boundedMeta(meta: PropertyMeta, clock: Clock): PropertyMeta {
  if (skewOf(meta.ts, clock) === 0) return meta;
  return { ...meta, ts: Number.NEGATIVE_INFINITY, deviceTs: meta.deviceTs ?? meta.ts };
}

/**
 * Which of two readings of one property the twin goes by: above 0 when it is `a`, 0 when both say the same. The later time
 * wins; of one time the higher `seq`, and one with a `seq` over one without. Where a producer says two things of one time
 * and not which is later, the readings themselves decide, so that every order of arrival ends in one state: a reading
 * over none, then good over uncertain over bad, then text over numbers over booleans, then the greater (text by UTF-16 code units).
 *
 * This is a total order among readings of clocks within the limit, and among those that arrived in one instant. Comparing `seq`
 * only where both have one would not be: three readings could win in a circle. Two readings of a clock that runs ahead are
 * compared by that clock; one with a reading of a right clock by its arrival, so that there the order of arrival shows.
 */
export function compareReadings(a: Reading, b: Reading): number {
  return (
    compareTimes(a.meta, b.meta) ||
    compare(a.meta.seq ?? Number.NEGATIVE_INFINITY, b.meta.seq ?? Number.NEGATIVE_INFINITY) ||
    Number(a.value !== null) - Number(b.value !== null) ||
    qualityRank[a.meta.quality] - qualityRank[b.meta.quality] ||
    compareValues(a.value, b.value)
  );
}

/** Of one time, a right clock wins: without that, three readings could win in a circle. */
function compareTimes(a: PropertyMeta, b: PropertyMeta): number {
  if (a.deviceTs !== undefined && b.deviceTs !== undefined) return a.deviceTs - b.deviceTs;
  return compare(a.ts, b.ts) || Number(a.deviceTs === undefined) - Number(b.deviceTs === undefined);
}

const qualityRank: Record<Quality, number> = { bad: 0, uncertain: 1, good: 2 };
const typeRank: Record<string, number> = { boolean: 0, number: 1, string: 2 };

function compareValues(a: Scalar, b: Scalar): number {
  if (a === null || b === null) return 0;
  return (typeRank[typeof a] ?? 0) - (typeRank[typeof b] ?? 0) || compare(a, b);
}

const compare = <T extends number | string | boolean>(a: T, b: T): number => (a === b ? 0 : a < b ? -1 : 1);
