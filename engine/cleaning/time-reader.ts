import { DateTime, FixedOffsetZone, IANAZone, type Zone } from "luxon";
import { toNumber } from "../contract/messages";
import { readTime } from "../ingest/read-time";

const dayMs = 86_400_000;
/** Most days of a zone that are remembered. */
const maxDays = 5000;

/** Gives whole milliseconds since 1970-01-01 UTC, or NaN for what is no time. */
export type TimeReader = (value: unknown) => number;

/**
 * Reads times of devices: `auto` takes milliseconds, ISO 8601, `2019/09/06 09:31`, `06.09.2019 09:31` (day first) and
 * `20190906T093143Z`; `X` seconds, `x` milliseconds since 1970; any other pattern is one of luxon's, month names in
 * English. A time that names no zone is one of `zone`. What the clock shows twice in autumn is the first of the two; what
 * it skips in spring is as much later as it skips. Parts of a millisecond are cut off.
 */
export function createTimeReader(zone: string, pattern: string): TimeReader {
  const toUtc = createLocalTimes(zone);
  if (pattern === "auto") return (value) => readAuto(value, toUtc);
  if (pattern === "X" || pattern === "x") {
    const unitMs = pattern === "X" ? 1000 : 1;
    return (value) => known(Math.trunc(toNumber(value) * unitMs));
  }
  const parser = DateTime.buildFormatParser(pattern, { locale: "en-US" });
  const namesZone = /[Zz]/.test(withoutQuotes(pattern));
  return (value) => {
    if (typeof value !== "string") return value instanceof Date ? known(value.getTime()) : Number.NaN;
    const parsed = DateTime.fromFormatParser(value.trim(), parser, { zone: "utc", locale: "en-US" });
    if (!parsed.isValid) return Number.NaN;
    const ms = parsed.toMillis();
    return known(namesZone ? ms : toUtc(ms));
  };
}

/** Whether it is UTC, an offset such as +02:00, or the name of a zone that this machine knows. */
export const isZone = (zone: string): boolean => zoneOf(zone) !== undefined;

/** Whether a pattern gives a date: with year, month and day, in luxon's letters. */
export function isTimePattern(pattern: string): boolean {
  if (pattern === "auto" || pattern === "X" || pattern === "x") return true;
  const letters = withoutQuotes(pattern);
  return (
    pattern.length <= 64 && /y/.test(letters) && ((/[ML]/.test(letters) && /d/.test(letters)) || /o/.test(letters))
  );
}

const withoutQuotes = (pattern: string): string => pattern.replace(/'[^']*'/g, "");

function zoneOf(zone: string): Zone | undefined {
  if (/^(utc|z)$/i.test(zone)) return FixedOffsetZone.utcInstance;
  const offset = /^(?:utc|gmt)?([+-])(\d{1,2})(?::?([0-5]\d))?$/i.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
    return minutes <= 14 * 60 ? FixedOffsetZone.instance(offset[1] === "-" ? -minutes : minutes) : undefined;
  }
  return IANAZone.isValidZone(zone) ? IANAZone.create(zone) : undefined;
}

/** What a clock of the zone shows, written as if it were UTC, to the instant. */
function createLocalTimes(name: string): (local: number) => number {
  const zone = zoneOf(name) ?? FixedOffsetZone.utcInstance;
  const days = new Map<number, number>();
  const offsetAt = (ms: number): number => zone.offset(ms) * 60_000;
  /** Offset at the beginning of a day: asked for often, and it costs a look into the calendar. */
  const offsetOfDay = (day: number): number => {
    let offset = days.get(day);
    if (offset === undefined) {
      offset = offsetAt(day * dayMs);
      if (days.size >= maxDays) days.clear();
      days.set(day, offset);
    }
    return offset;
  };
  return (local) => {
    if (zone.isUniversal) return local - offsetAt(local);
    const day = Math.floor(local / dayMs);
    const before = offsetOfDay(day - 1);
    const after = offsetOfDay(day + 2);
    if (before === after) return local - before;
    const fits = [before, after].map((offset) => local - offset).filter((ms) => local - ms === offsetAt(ms));
    return fits.length > 0 ? Math.min(...fits) : local - before;
  };
}

function readAuto(value: unknown, toUtc: (local: number) => number): number {
  if (value instanceof Date) return known(value.getTime());
  if (typeof value === "number") return known(Math.trunc(value));
  if (typeof value !== "string") return Number.NaN;
  const text = value
    .trim()
    .replace(/^(\d{4})\/(\d\d?)\/(\d\d?)(?=$|[T ])/i, (_, y: string, m: string, d: string) => isoDate(y, m, d))
    .replace(/^(\d\d?)\.(\d\d?)\.(\d{4})(?=$|[T ])/i, (_, d: string, m: string, y: string) => isoDate(y, m, d))
    .replace(
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?(?!\d)/i,
      (_, y: string, m: string, d: string, ...time: string[]) =>
        `${isoDate(y, m, d)}T${time[0]}:${time[1]}:${time[2] ?? "00"}`,
    );
  const ms = readTime(text);
  if (typeof ms !== "number") return Number.NaN;
  return /^\d+$|:\d.*(?:z|[+-]\d\d(?::?\d\d)?)$/i.test(text) ? ms : known(toUtc(ms));
}

const isoDate = (year: string, month: string, day: string): string =>
  `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;

/** Years that twin-ingest takes too. */
function known(ms: number): number {
  const read = readTime(ms);
  return typeof read === "number" ? read : Number.NaN;
}
