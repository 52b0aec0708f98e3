import { Failure, quote } from "../contract/errors";
import { isColumnName } from "../contract/identity";
import { type Scalar, toNumber } from "../contract/messages";
import {
  allNumbers,
  type CleaningRule,
  conversions,
  fillAxes,
  missingStrategies,
  outlierActions,
  outlierTests,
  rangeActions,
  roundings,
  smoothings,
  wrongTypeActions,
} from "./cleaning-rule";
import { toBoolean } from "./convert-value";
import { readSpan, type Span } from "./span";

/** Longest window of rows: a rule is kept for every property of every twin, and medians take time in proportion. */
const maxWindowRows = 10_000;

const known = new Set([
  ...["property", "sentinels", "convert", "rounding", "onWrongType", "fromUnit", "toUnit", "min", "max", "onRange"],
  ...["missing", "fill", "maxGap", "by", "outlier", "window", "k", "onOutlier", "smooth", "deadband"],
]);

/**
 * Checks the rules that a flow holds. An absent key ("", null and undefined too) means its default, numbers may stand as
 * text, and what the chosen step does not use is not looked at. Throws a `Failure` that names the field, its value and
 * the fix: `bad-setting`, or `not-yet` for units, Savitzky-Golay and resampling.
 */
export function readRules(raw: unknown): CleaningRule[] {
  if (isAbsent(raw)) return [];
  if (!Array.isArray(raw)) throw bad("rules", raw, "use a list of rules.");
  return raw.map((rule, index) => readRule(rule, `rules[${index}]`));
}

function readRule(raw: unknown, at: string): CleaningRule {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw bad(at, raw, 'use an object such as { "property": "temperature", "missing": "ffill" }.');
  const from = raw as Record<string, unknown>;
  for (const key of Object.keys(from))
    if (!known.has(key)) throw bad(`${at}.${key}`, from[key], `there is no such key, use ${[...known].join(", ")}.`);
  const get = (key: string): unknown => (Object.hasOwn(from, key) ? from[key] : undefined);
  const choose = <T extends string>(key: string, choices: readonly T[]): T => {
    const value = get(key);
    if (isAbsent(value)) return choices[0]!;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw bad(`${at}.${key}`, value, `use ${orList(choices)}.`);
    return found;
  };
  const number = (key: string, fallback: number): number => {
    const value = get(key);
    if (isAbsent(value)) return fallback;
    const n = toNumber(value);
    if (Number.isNaN(n)) throw bad(`${at}.${key}`, value, "use a number, or leave it out.");
    return n;
  };
  const span = (key: string): Span | undefined => {
    const value = get(key);
    if (isAbsent(value) || toNumber(value) === 0) return undefined;
    const read = readSpan(value);
    if (!read) throw bad(`${at}.${key}`, value, "use a number of rows such as 5, or a time such as 30s, 5m or 2h.");
    if (read.unit === "rows" && key === "window" && read.size > maxWindowRows)
      throw bad(`${at}.${key}`, value, `use ${maxWindowRows} rows or less.`);
    return read;
  };

  const property = get("property");
  if (isAbsent(property))
    throw new Failure("bad-setting", `${at}.property is missing:`, "name a property, or * for all numbers.");
  if (!isColumnName(property))
    throw bad(`${at}.property`, property, "use 1 to 128 characters without control characters, or *.");
  if (!isAbsent(get("fromUnit")) || !isAbsent(get("toUnit")))
    throw new Failure(
      "not-yet",
      `${at} converts ${quote(get("fromUnit"))} to ${quote(get("toUnit"))}, and units are not converted yet:`,
      "clear fromUnit and toUnit, and multiply in a function node for now.",
    );
  if (get("smooth") === "savitzky-golay")
    throw new Failure(
      "not-yet",
      `${at}.smooth is "savitzky-golay", which is not there yet:`,
      `use ${orList(smoothings)}.`,
    );

  const convert = choose("convert", conversions);
  let min = number("min", Number.NEGATIVE_INFINITY);
  let max = number("max", Number.POSITIVE_INFINITY);
  if (min > max) throw bad(`${at}.min`, min, `use a value not above max, which is ${max}.`);
  const outlier = choose("outlier", outlierTests);
  const missing = choose("missing", missingStrategies);
  const smooth = choose("smooth", smoothings);
  const deadband = number("deadband", 0);
  if (deadband < 0) throw bad(`${at}.deadband`, deadband, "use 0 (off) or more.");
  const ranged = min !== Number.NEGATIVE_INFINITY || max !== Number.POSITIVE_INFINITY;

  // The step that makes numbers necessary, by the name of its key.
  const calculates = ranged
    ? "min and max"
    : outlier !== "none"
      ? "outlier"
      : ["mean", "median", "linear"].includes(missing)
        ? `missing ${quote(missing)}`
        : smooth !== "none"
          ? "smooth"
          : deadband > 0
            ? "deadband"
            : "";
  if (calculates && (convert === "boolean" || convert === "string"))
    throw bad(`${at}.convert`, convert, `${calculates} needs numbers: use number or integer, or leave that out.`);
  if (property === allNumbers && (convert === "boolean" || convert === "string"))
    throw bad(`${at}.convert`, convert, "* means all numbers: name the property.");
  if (convert === "integer") {
    // No whole number lies between these and the given bounds, and a clamped value stays whole.
    min = Math.ceil(min);
    max = Math.floor(max);
    if (min > max) throw bad(`${at}.min`, get("min"), "no whole number lies between min and max.");
  }

  const carries = missing === "ffill" || missing === "bfill" || missing === "linear";
  const windowed = outlier !== "none" || smooth !== "none" || missing === "median";
  const window = windowed ? span("window") : undefined;
  if (smooth === "ewma" && window?.unit === "ms")
    throw bad(`${at}.window`, get("window"), "ewma counts rows: use a number such as 5.");
  const k = outlier === "none" ? 3 : number("k", outlier === "iqr" ? 1.5 : 3);
  if (k <= 0) throw bad(`${at}.k`, k, "use a number above 0.");
  return {
    property,
    sentinels: readSentinels(get("sentinels"), at),
    convert,
    rounding: convert === "integer" ? choose("rounding", roundings) : "nearest",
    onWrongType: choose("onWrongType", wrongTypeActions),
    min,
    max,
    onRange: ranged ? choose("onRange", rangeActions) : "mark",
    outlier,
    window,
    k,
    onOutlier: outlier === "none" ? "mark" : choose("onOutlier", outlierActions),
    missing,
    fill: missing === "constant" ? readFill(get("fill"), convert, property, calculates !== "", at) : null,
    maxGap: carries ? span("maxGap") : undefined,
    by: missing === "linear" ? choose("by", fillAxes) : "row",
    smooth,
    deadband,
    numeric: calculates !== "" || convert === "number" || convert === "integer" || property === allNumbers,
  };
}

/** The constant in the type of the rule. Without one, text that is a plain number, true or false is taken as that. */
function readFill(
  raw: unknown,
  convert: CleaningRule["convert"],
  property: string,
  number: boolean,
  at: string,
): Scalar {
  if (isAbsent(raw) || (typeof raw === "string" && raw.trim() === ""))
    throw new Failure("bad-setting", `${at}.fill is missing:`, 'missing "constant" needs the value to put in.');
  const where = `${at}.fill`;
  if (convert === "string" && (typeof raw === "number" || typeof raw === "boolean")) return String(raw);
  if (convert === "boolean") {
    const value = toBoolean(raw);
    if (value === undefined) throw bad(where, raw, "use true or false.");
    return value;
  }
  const n = toNumber(raw);
  if (number || convert === "number" || convert === "integer" || property === allNumbers) {
    if (Number.isNaN(n)) throw bad(where, raw, "use a number.");
    if (convert === "integer" && !Number.isInteger(n)) throw bad(where, raw, "use a whole number.");
    return n;
  }
  if (typeof raw === "string") {
    if (convert === "string") return raw;
    return Number.isNaN(n) ? (raw === "true" ? true : raw === "false" ? false : raw) : n;
  }
  if (typeof raw === "boolean" || !Number.isNaN(n)) return raw as Scalar;
  throw bad(where, raw, "use a number, a text, true or false.");
}

/** A list, or text with commas in it. */
function readSentinels(raw: unknown, at: string): (number | string)[] {
  if (isAbsent(raw)) return [];
  const list: unknown[] = Array.isArray(raw) ? raw : String(raw).split(",");
  return list
    .map((item) => {
      if (typeof item !== "string" && typeof item !== "number")
        throw bad(`${at}.sentinels`, item, 'use a list of numbers and texts such as [-999, "n/a"].');
      const n = toNumber(item);
      return Number.isNaN(n) ? String(item).trim() : n;
    })
    .filter((item) => item !== "");
}

/** Node-RED leaves `${NAME}` standing when no such variable is set. */
const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (typeof value === "string" && /^\$\{[^}]+\}$/.test(value));

const bad = (field: string, value: unknown, fix: string): Failure =>
  new Failure("bad-setting", `${field} is ${quote(value)}:`, fix);

const orList = (choices: readonly string[]): string =>
  `${choices.slice(0, -1).join(", ")} or ${choices[choices.length - 1]}`;
