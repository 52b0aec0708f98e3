import type { PropertyMeta } from "../contract/document";
import type { Quality, Sample, Scalar } from "../contract/messages";

/** What one sample says of one property. `value` null: no reading. */
export interface Reading {
  value: Scalar;
  meta: PropertyMeta;
}

/** A twin may have a property called `valueOf`. */
export const own = <T>(map: Record<string, T>, name: string): T | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;

export function readingOf(sample: Sample, name: string): Reading {
  const given = sample.values[name] ?? null;
  // -0 and 0 are one value: JSON knows no -0.
  const value = typeof given === "number" ? given + 0 : given;
  const quality: Quality = value === null ? "bad" : ((sample.quality && own(sample.quality, name)) ?? "good");
  const meta: PropertyMeta = { ts: sample.ts, quality };
  if (sample.seq !== undefined) meta.seq = sample.seq;
  return { value, meta };
}

/**
 * Which of two readings of one property the twin goes by: above 0 when it is `a`, 0 when both say the same. The later time
 * wins; of one time the higher `seq`, and one with a `seq` over one without. Where a producer says two things of one time
 * and not which is later, the readings themselves decide, so that every order of arrival ends in one state: a reading
 * over none, then good over uncertain over bad, then text over numbers over booleans, then the greater (text by UTF-16 code units).
 *
 * This is a total order. Comparing `seq` only where both have one would not be: three readings could win in a circle.
 */
export function compareReadings(a: Reading, b: Reading): number {
  return (
    a.meta.ts - b.meta.ts ||
    compare(a.meta.seq ?? Number.NEGATIVE_INFINITY, b.meta.seq ?? Number.NEGATIVE_INFINITY) ||
    Number(a.value !== null) - Number(b.value !== null) ||
    qualityRank[a.meta.quality] - qualityRank[b.meta.quality] ||
    compareValues(a.value, b.value)
  );
}

const qualityRank: Record<Quality, number> = { bad: 0, uncertain: 1, good: 2 };
const typeRank: Record<string, number> = { boolean: 0, number: 1, string: 2 };

function compareValues(a: Scalar, b: Scalar): number {
  if (a === null || b === null) return 0;
  return (typeRank[typeof a] ?? 0) - (typeRank[typeof b] ?? 0) || compare(a, b);
}

const compare = <T extends number | string | boolean>(a: T, b: T): number => (a === b ? 0 : a < b ? -1 : 1);
