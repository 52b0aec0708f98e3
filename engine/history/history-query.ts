import { type ErrorCode, quote, Refusal, refuse } from "../contract/errors";
import { isPropertyName, isTwinId, propertyHint } from "../contract/identity";
import { reservedNames } from "./check-sample";
import { readDuration } from "./duration";
import { readInstant } from "./instant";

export const aggregates = ["none", "mean", "min", "max", "first", "last", "count", "stddev", "median"] as const;
export type Aggregate = (typeof aggregates)[number];
/** What stands in a window without a value. A number: that number. */
export type Fill = "none" | "null" | "previous" | "linear" | number;

/** A checked question to the history. */
export interface HistoryQuery {
  /** Twin id, or a pattern with `*`. */
  twin: string;
  /** Empty: every property that has a value in the answer. */
  properties: string[];
  /** Ms since 1970-01-01 UTC; both ends are included. */
  start: number;
  end: number;
  aggregate: Aggregate;
  /** Length of a window, aligned to the epoch as InfluxDB does. 0: one window from start to end, whose time is `start`. */
  windowMs: number;
  fill: Fill;
  /** The first so many rows in order of time and id. 0: all. */
  limit: number;
}

export const queryKeys = ["twin", "properties", "start", "end", "window", "aggregate", "fill", "limit"] as const;
export type QueryKey = (typeof queryKeys)[number];
export type RawQuery = Partial<Record<QueryKey, unknown>>;

const maxProperties = 1000;

/** An absent key (undefined, null, or blank text) means its default. */
export const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === "string" && value.trim() === "");

/**
 * Checks a question. Throws `Refusal` that names the field, the value and the fix.
 *
 * @param nameOf how the field is called where the value came from, such as `msg.query.start`
 */
export function readHistoryQuery(
  raw: RawQuery,
  now: number,
  nameOf: (key: QueryKey) => string = (key) => key,
): HistoryQuery {
  const refusal = (code: ErrorCode, key: QueryKey, value: unknown, hint: string): Refusal =>
    new Refusal(refuse(code, `${nameOf(key)} is ${quote(value)}.`, hint));

  function time(key: "start" | "end", fallback: number): number {
    if (!isGiven(raw[key])) return fallback;
    const instant = readInstant(raw[key], now);
    if (instant !== undefined) return instant;
    throw refusal(
      "bad-time",
      key,
      raw[key],
      "Use ISO 8601 (2026-03-01T08:00:00Z), whole milliseconds since 1970, now, or a distance such as -1h, -30m, -7d.",
    );
  }

  function choice<T extends string>(key: QueryKey, choices: readonly T[], fallback: T): T {
    if (!isGiven(raw[key])) return fallback;
    const found = choices.find((one) => one === raw[key]);
    if (found === undefined) throw refusal("bad-request", key, raw[key], `Use one of ${choices.join(", ")}.`);
    return found;
  }

  const aggregate = choice("aggregate", aggregates, "none");
  const start = time("start", now - 3_600_000);
  const end = time("end", now);
  if (start > end)
    throw new Refusal(
      refuse(
        "bad-time",
        `${nameOf("start")} (${new Date(start).toISOString()}) is after ${nameOf("end")} (${new Date(end).toISOString()}).`,
        "Swap them, or give both.",
      ),
    );

  // A setting that the chosen aggregate does not use is ignored, whatever its value.
  let windowMs = 0;
  if (aggregate !== "none" && isGiven(raw.window)) {
    const ms = readDuration(raw.window);
    if (ms === undefined)
      throw refusal("bad-request", "window", raw.window, "Use a length of time such as 30s, 1m or 1h.");
    windowMs = ms;
  }

  return {
    twin: readTwin(raw.twin, refusal),
    properties: readProperties(raw.properties, refusal),
    start,
    end,
    aggregate,
    windowMs,
    fill: windowMs > 0 ? readFill(raw.fill, refusal) : "none",
    limit: readLimit(raw.limit, refusal),
  };
}

type Refuse = (code: ErrorCode, key: QueryKey, value: unknown, hint: string) => Refusal;

function readTwin(value: unknown, refusal: Refuse): string {
  if (!isGiven(value)) return "*";
  const twin = typeof value === "string" ? value.trim() : value;
  if (isTwinId(twin)) return twin;
  if (typeof twin === "string" && twin.includes("*") && /^[A-Za-z0-9._:*-]{1,128}$/.test(twin)) return twin;
  throw refusal("bad-id", "twin", value, "Use a twin's id, or letters, digits and . _ : - with * for any run of them.");
}

function readProperties(value: unknown, refusal: Refuse): string[] {
  if (!isGiven(value)) return [];
  const list: unknown[] = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : [value];
  if (list.length > maxProperties)
    throw refusal("too-large", "properties", value, `Name at most ${maxProperties} properties.`);
  const names = list.map((item) => {
    const name = typeof item === "string" ? item.trim() : item;
    if (reservedNames.has(name as string))
      throw refusal("bad-name", "properties", name, "Every row has time and id already: leave them out.");
    if (!isPropertyName(name)) throw refusal("bad-name", "properties", name, propertyHint);
    return name;
  });
  return [...new Set(names)];
}

function readFill(value: unknown, refusal: Refuse): Fill {
  if (!isGiven(value)) return "none";
  if (value === "none" || value === "null" || value === "previous" || value === "linear") return value;
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw refusal("bad-request", "fill", value, "Use none, null, previous, linear or a number.");
}

function readLimit(value: unknown, refusal: Refuse): number {
  if (!isGiven(value)) return 0;
  const limit = typeof value === "string" ? Number(value) : value;
  if (typeof limit === "number" && Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw refusal("bad-request", "limit", value, "Use a whole number of rows; 0 or nothing for all.");
}
