import { quote } from "../contract/errors";

/** 2262-04-11: beyond it InfluxDB's nanoseconds end. */
const latest = 9_223_372_036_854;
/** Up to here a number is rather seconds than milliseconds of a time in 1973. */
const rarelyMs = 100_000_000_000;

const iso =
  /^([+-]?\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** A time, or what is wrong with it and how to mend that. */
export type TimeResult = number | { message: string; hint: string };

/**
 * Reads a point in time: whole milliseconds since 1970-01-01 UTC, as a number or text of digits, or ISO 8601 text. Without
 * a zone the text means UTC, never the computer's own zone: the same file must give the same times everywhere.
 */
export function readTime(value: unknown): TimeResult {
  if (typeof value === "number") return inRange(value, value);
  if (typeof value !== "string") return wrong(value);
  const text = value.trim();
  if (/^[+-]?\d{1,16}$/.test(text)) return inRange(Number(text), value);
  const ms = readIso(text);
  return ms === undefined ? wrong(value) : inRange(ms, value);
}

function inRange(ms: number, value: unknown): TimeResult {
  if (!Number.isInteger(ms)) return wrong(value);
  if (ms < 0 || ms > latest) return { message: `${quote(value)} lies outside the years 1970 to 2262.`, hint: unit };
  // -0 is 0.
  return ms + 0;
}

const unit = "Use whole milliseconds since 1970-01-01 UTC, or ISO 8601 text such as 2026-03-31T08:00:00Z.";

function wrong(value: unknown): TimeResult {
  const seconds = typeof value === "number" && value > 0 && value < rarelyMs;
  return {
    message: `${quote(value)} is no time.`,
    hint: seconds ? `${unit} Seconds must be multiplied by 1000.` : unit,
  };
}

function readIso(text: string): number | undefined {
  const found = iso.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = found;
  // Milliseconds; finer digits are cut off.
  const ms = Number(fraction.padEnd(3, "0").slice(0, 3));
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second), ms);
  // 31 February, hour 25 and the like have rolled over.
  const same =
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === Number(hour) &&
    date.getUTCMinutes() === Number(minute) &&
    date.getUTCSeconds() === Number(second);
  if (!same) return undefined;
  if (/^z$/i.test(zone)) return date.getTime();
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const offset = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return date.getTime() - (zone.startsWith("-") ? -offset : offset) * 60_000;
}
