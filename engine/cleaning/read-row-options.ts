import { isAbsent } from "../contract/absent";
import { Failure } from "../contract/errors";
import { isColumnName } from "../contract/identity";
import { toNumber } from "../contract/messages";
import {
  duplicateKinds,
  type Feature,
  featureKinds,
  keeps,
  orders,
  type Resampling,
  type RowOptions,
  resampleMethods,
} from "./row-options";
import { badSetting, orList } from "./rule-fields";
import { readSpan, type Span } from "./span";

/** Rows that a feature looks back at most: they are kept for every twin. */
const maxRowsBack = 10_000;
const maxFeatures = 200;
/** A finer grid than this could not be told from the times themselves. */
const leastStepMs = 1;

/**
 * Reads what a flow holds of {@link RowOptions}. Absent ("", null, an unset variable too) means the default; `dropDuplicates`
 * is the older way to say `duplicates: "all"`. Throws a `Failure` (`bad-setting`) naming field, value and fix.
 */
export function readRowOptions(def: Record<string, unknown>): RowOptions {
  const get = (key: string): unknown => (Object.hasOwn(def, key) && !isAbsent(def[key]) ? def[key] : undefined);
  const dropDuplicates = get("dropDuplicates") === true || get("dropDuplicates") === "true";
  return {
    order: choose(get, "order", orders),
    duplicates: choose(get, "duplicates", duplicateKinds, dropDuplicates ? "all" : "none"),
    keep: choose(get, "keep", keeps),
    resample: readResampling(get),
    features: readFeatures(get("features")),
  };
}

type Get = (key: string) => unknown;

function choose<T extends string>(get: Get, key: string, choices: readonly T[], fallback: T = choices[0]!, at = ""): T {
  const value = get(key);
  if (value === undefined) return fallback;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw badSetting(at + key, value, `use ${orList(choices)}.`);
  return found;
}

function readResampling(get: Get): Resampling | undefined {
  const resample = get("resample");
  if (resample === undefined || resample === false || resample === "none" || toNumber(resample) === 0) return undefined;
  const stepMs = readTimeSpan("resample", resample);
  const gap = get("resampleGap");
  return {
    stepMs,
    method: choose(get, "resampleMethod", resampleMethods),
    gapMs: gap === undefined || toNumber(gap) === 0 ? Number.POSITIVE_INFINITY : readTimeSpan("resampleGap", gap),
  };
}

/** A length of time in whole ms: a grid of fractions of one could not be written in a sample's time. */
function readTimeSpan(field: string, value: unknown): number {
  const span = readSpan(value);
  if (span?.unit !== "ms" || span.size < leastStepMs || !Number.isInteger(span.size))
    throw badSetting(field, value, "use a time such as 10s, 5m or 1h, of whole milliseconds.");
  return span.size;
}

function readFeatures(raw: unknown): Feature[] {
  if (raw === undefined) return [];
  if (!Array.isArray(raw)) throw badSetting("features", raw, "use a list of features.");
  if (raw.length > maxFeatures)
    throw new Failure("bad-setting", `features has ${raw.length} entries:`, `use ${maxFeatures} or less.`);
  const names = new Set<string>();
  return raw.map((entry, index) => {
    const feature = readFeature(entry, `features[${index}]`);
    if (names.has(feature.name))
      throw badSetting(
        `features[${index}].name`,
        feature.name,
        "another feature has that name: give it one of its own.",
      );
    names.add(feature.name);
    return feature;
  });
}

const keys = new Set(["property", "kind", "lag", "window", "name"]);

function readFeature(raw: unknown, at: string): Feature {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw badSetting(at, raw, 'use an object such as { "property": "temperature", "kind": "lag" }.');
  const from = raw as Record<string, unknown>;
  for (const key of Object.keys(from))
    if (!keys.has(key))
      throw badSetting(`${at}.${key}`, from[key], `there is no such key, use ${[...keys].join(", ")}.`);
  const get: Get = (key) => (Object.hasOwn(from, key) && !isAbsent(from[key]) ? from[key] : undefined);
  const property = get("property");
  if (property === undefined)
    throw new Failure("bad-setting", `${at}.property is missing:`, "name the property that it is calculated from.");
  if (!isColumnName(property) || property === "*")
    throw badSetting(`${at}.property`, property, "name one property: 1 to 128 characters without control characters.");
  const kind = choose(get, "kind", featureKinds, undefined, `${at}.`);
  const looksBack = kind === "lag" || kind === "difference";
  const lag = looksBack ? readLag(get("lag"), at) : 1;
  const window: Span = looksBack ? { unit: "rows", size: 1 } : readWindow(get("window"), at);
  const ending = looksBack ? String(lag) : String(get("window") ?? window.size).replace(/\s/g, "");
  const name = get("name") ?? `${property}_${kind.replaceAll("-", "_")}_${ending}`;
  if (!isColumnName(name) || name === property)
    throw badSetting(
      `${at}.name`,
      name,
      "use 1 to 128 characters without control characters, and not the property's own name.",
    );
  return { property, kind, lag, window, name };
}

function readLag(raw: unknown, at: string): number {
  const lag = raw === undefined ? 1 : toNumber(raw);
  if (!Number.isInteger(lag) || lag < 1 || lag > maxRowsBack)
    throw badSetting(`${at}.lag`, raw, `use a number of rows from 1 to ${maxRowsBack}.`);
  return lag;
}

function readWindow(raw: unknown, at: string): Span {
  const window = readSpan(raw ?? 5);
  if (!window)
    throw badSetting(`${at}.window`, raw, "use a number of rows such as 5, or a time such as 30s, 5m or 2h.");
  if (window.unit === "rows" && window.size > maxRowsBack)
    throw badSetting(`${at}.window`, raw, `use ${maxRowsBack} rows or less.`);
  return window;
}
