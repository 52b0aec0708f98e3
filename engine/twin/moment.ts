import { readInstant } from "../history/instant";

/** An instant, ms since 1970-01-01 UTC, or a revision of a twin. */
export type Moment = { time: number } | { rev: number };

/** Whole numbers below this are revisions; from here on (26 April 1970) they are instants. */
const firstInstant = 1e10;

/**
 * Reads `msg.at`: `{ rev: 12 }` or a small whole number is a revision; `{ time }`, ms, ISO 8601 text and distances such as `-1h`
 * are instants. Undefined for anything else.
 */
export function readMoment(value: unknown, now: number): Moment | undefined {
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    const { rev, time } = value as { rev?: unknown; time?: unknown };
    if (rev !== undefined) return asRevision(Number(rev));
    return asInstant(time, now);
  }
  const isNumber = typeof value === "number" || (typeof value === "string" && /^\s*\d{1,16}\s*$/.test(value));
  if (isNumber && Number(value) < firstInstant) return asRevision(Number(value));
  return asInstant(value, now);
}

const asRevision = (rev: number): Moment | undefined => (Number.isSafeInteger(rev) && rev >= 0 ? { rev } : undefined);

function asInstant(value: unknown, now: number): Moment | undefined {
  const time = readInstant(value, now);
  return time === undefined ? undefined : { time };
}
