import { readDuration } from "./duration";

/** Largest time that a date can have, ms since 1970-01-01 UTC, on both sides. */
export const maxTime = 8.64e15;

const iso = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
const relative = /^(?:now(?:\(\))?)?\s*([+-])\s*(\S.*)$/i;

/**
 * An instant: ms since 1970-01-01 UTC as a number or as text, ISO 8601 (`2026-03-01`, `2026-03-01T08:00Z`; UTC unless it names
 * an offset, so that every machine reads the same), `now`, or a distance from now (`-1h`, `-1h30m`, `now-7d`).
 * Undefined for anything else.
 */
export function readInstant(value: unknown, now: number): number | undefined {
  if (value instanceof Date) return within(value.getTime());
  if (typeof value === "number") return within(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (/^-?\d{1,16}$/.test(text)) return within(Number(text));
  if (/^now(\(\))?$/i.test(text)) return now;
  const distance = relative.exec(text);
  if (distance) {
    const ms = readDuration(distance[2]);
    return ms === undefined ? undefined : within(distance[1] === "-" ? now - ms : now + ms);
  }
  const date = iso.exec(text);
  if (!date) return undefined;
  return within(Date.parse(normalised(text, date[1])));
}

const within = (ms: number): number | undefined => (Number.isInteger(ms) && Math.abs(ms) <= maxTime ? ms : undefined);

/** In the one form that every JavaScript engine must parse: `T`, a decimal point, an offset with a colon. */
function normalised(text: string, offset: string | undefined): string {
  if (text.length === 10) return text;
  const local = (offset ? text.slice(0, -offset.length) : text).trim().replace(" ", "T").replace(",", ".");
  const trimmed = local.replace(/(\.\d{3})\d+$/, "$1");
  if (!offset || /^z$/i.test(offset)) return `${trimmed}Z`;
  const digits = offset.slice(1).replace(":", "").padEnd(4, "0");
  return `${trimmed}${offset[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
