import { isPropertyName } from "../contract/identity";
import type { HistoryQuery } from "./history-query";

/** A statement with values apart, so that no value can become part of it. */
export interface Statement {
  text: string;
  placeholders: Record<string, string | number>;
}

/** A statement whose column `c<i>` holds `properties[i]`. */
export interface Select extends Statement {
  properties: string[];
}

export type FieldKind = "number" | "string" | "boolean";
/** What kinds of values a measurement holds of each property: more than one where shards differ. */
export type FieldKinds = ReadonlyMap<string, ReadonlySet<FieldKind>>;

export const maxQueryTime = 9_223_372_036_853;
const casts: Record<FieldKind, string> = { number: "float", string: "string", boolean: "boolean" };
const numbersOnly = new Set(["mean", "min", "max", "stddev", "median"]);
const within = (ms: number): number => Math.max(-maxQueryTime, Math.min(maxQueryTime, ms));

/**
 * The name of a measurement or field as an identifier. The allow-list has no quote, backslash or control character; what is
 * not on it throws, however it came here.
 */
function identifier(name: string): string {
  if (!isPropertyName(name)) throw new Error(`${JSON.stringify(name)} cannot be a name in InfluxQL`);
  return `"${name}"`;
}

/** The kinds in the answer of `SHOW FIELD KEYS`. Names that no sample can have are left out. */
export function fieldKindsOf(rows: Iterable<readonly [unknown, unknown]>): FieldKinds {
  const kinds = new Map<string, Set<FieldKind>>();
  for (const [name, type] of rows) {
    if (!isPropertyName(name) || name === "id" || name === "time") continue;
    const kind: FieldKind = type === "string" || type === "boolean" ? type : "number";
    const known = kinds.get(name);
    if (known) known.add(kind);
    else kinds.set(name, new Set([kind]));
  }
  return kinds;
}

export const showFieldKeys = (measurement: string): Statement => ({
  text: `SHOW FIELD KEYS FROM ${identifier(measurement)}`,
  placeholders: {},
});

export const showIds = (measurement: string): Statement => ({
  text: `SHOW TAG VALUES FROM ${identifier(measurement)} WITH KEY = "id"`,
  placeholders: {},
});

/** Samples from `start` to `end` in order of time, at most `limit` of them, with the twin in the last column. Undefined: there can be none. */
export function selectSamples(
  measurement: string,
  query: HistoryQuery,
  kinds: FieldKinds,
  page: { start: number; limit: number },
): Select | undefined {
  const columns = columnsOf(query, kinds);
  if (columns.length === 0) return undefined;
  const fields = columns.map(({ property, kind }, i) => `${identifier(property)}::${casts[kind]} AS "c${i}"`);
  const twin = whereTwin(query.twin);
  return {
    text: `SELECT ${fields.join(", ")}, "id"::tag AS "twin" FROM ${identifier(measurement)} WHERE time >= $start AND time < $end${twin.text} ORDER BY time LIMIT ${Math.trunc(page.limit)}`,
    placeholders: { ...range(page.start, query.end), ...twin.placeholders },
    properties: columns.map(({ property }) => property),
  };
}

/** Aggregates of those twins from `start` on, grouped by twin and window; only windows with values, at most `limit` of each twin. */
export function selectWindows(
  measurement: string,
  query: HistoryQuery,
  kinds: FieldKinds,
  part: { ids: readonly string[]; start: number; limit: number },
): Select | undefined {
  const columns = columnsOf(query, kinds);
  if (columns.length === 0) return undefined;
  const fields = columns.map(
    ({ property, kind }, i) => `${query.aggregate}(${identifier(property)}::${casts[kind]}) AS "c${i}"`,
  );
  const placeholders: Statement["placeholders"] = range(part.start, query.end);
  const twins = part.ids.map((id, i) => {
    placeholders[`i${i}`] = id;
    return `"id"::tag = $i${i}`;
  });
  const window =
    query.windowMs > 0 ? `, time(${Math.trunc(query.windowMs)}ms) fill(none) LIMIT ${Math.trunc(part.limit)}` : "";
  return {
    text: `SELECT ${fields.join(", ")} FROM ${identifier(measurement)} WHERE time >= $start AND time < $end AND (${twins.join(" OR ")}) GROUP BY "id"${window}`,
    placeholders,
    properties: columns.map(({ property }) => property),
  };
}

/** One column for each property and kind of value: a cast of another kind would give nothing. */
function columnsOf(query: HistoryQuery, kinds: FieldKinds): { property: string; kind: FieldKind }[] {
  const properties = query.properties.length > 0 ? query.properties : [...kinds.keys()];
  return properties.flatMap((property) =>
    [...(kinds.get(property) ?? [])]
      .filter((kind) => kind === "number" || !numbersOnly.has(query.aggregate))
      .map((kind) => ({ property, kind })),
  );
}

/** In ns. A multiple of a million prints exactly, however large: its shortest decimal form is its own. */
const range = (start: number, end: number): Record<string, number> => ({
  start: within(start) * 1e6,
  end: (Math.min(within(end), maxQueryTime - 1) + 1) * 1e6,
});

/** `twin` is an id or pattern that `readHistoryQuery` let pass: letters, digits and . _ : - *; only the dot means something in a pattern. */
function whereTwin(twin: string): Statement {
  if (/^\*+$/.test(twin)) return { text: "", placeholders: {} };
  if (!twin.includes("*")) return { text: ' AND "id"::tag = $twin', placeholders: { twin } };
  if (!/^[A-Za-z0-9._:*-]+$/.test(twin)) throw new Error(`${JSON.stringify(twin)} cannot be a pattern in InfluxQL`);
  const pattern = twin.replaceAll(".", "\\.").replace(/\*+/g, ".*");
  return { text: ` AND "id"::tag =~ /^${pattern}$/`, placeholders: {} };
}
