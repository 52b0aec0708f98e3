import { isAbsent } from "../contract/absent";
import { Failure } from "../contract/errors";
import { isColumnName } from "../contract/identity";
import {
  allNumbers,
  type CleaningRule,
  faultActions,
  fillAxes,
  missingStrategies,
  outlierActions,
  outlierTests,
  rangeActions,
  smoothings,
} from "./cleaning-rule";
import { readConversion } from "./read-conversion";
import { readFill } from "./read-fill";
import { badSetting, createRuleFields, type RuleFields } from "./rule-fields";
import type { Span } from "./span";

const known = new Set([
  ...["property", "sentinels", "convert", "rounding", "onWrongType", "decimal", "zone", "timeFormat", "categories"],
  ...["fromUnit", "toUnit", "min", "max", "onRange", "stuck", "onStuck", "maxRate", "onRate"],
  ...[
    "outlier",
    "robust",
    "window",
    "k",
    "onOutlier",
    "missing",
    "fill",
    "maxGap",
    "by",
    "smooth",
    "degree",
    "deadband",
  ],
]);

/** Longest window of Savitzky-Golay, whose weights cost time in proportion to its square. */
const maxPolynomialWindow = 301;

/**
 * Checks the rules that a flow holds. An absent key ("", null and undefined too) means its default, numbers may stand as
 * text, and what the chosen step does not use is not looked at. Throws a `Failure` (`bad-setting`) that names the field,
 * its value and the fix.
 */
export function readRules(raw: unknown): CleaningRule[] {
  if (isAbsent(raw)) return [];
  if (!Array.isArray(raw)) throw badSetting("rules", raw, "use a list of rules.");
  return raw.map((rule, index) => readRule(rule, `rules[${index}]`));
}

function readRule(raw: unknown, at: string): CleaningRule {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw badSetting(at, raw, 'use an object such as { "property": "temperature", "missing": "ffill" }.');
  const fields = createRuleFields(raw as Record<string, unknown>, at);
  for (const [key, value] of Object.entries(raw))
    if (!known.has(key)) throw fields.bad(key, value, `there is no such key, use ${[...known].join(", ")}.`);

  const property = readProperty(fields);
  const conversion = readConversion(fields, property);
  const { convert } = conversion;
  const range = readRange(fields, convert);
  const stuck = fields.span("stuck");
  const maxRate = fields.number("maxRate", Number.POSITIVE_INFINITY);
  if (maxRate <= 0) throw fields.bad("maxRate", maxRate, "use a number above 0.");
  const outlier = fields.choose("outlier", outlierTests);
  const missing = fields.choose("missing", missingStrategies);
  const smooth = fields.choose("smooth", smoothings);
  const deadband = fields.number("deadband", 0);
  if (deadband < 0) throw fields.bad("deadband", deadband, "use 0 (off) or more.");

  const steps: [string, boolean][] = [
    ["fromUnit", conversion.fromUnit !== "" || conversion.toUnit !== ""],
    ["min and max", range.ranged],
    ["maxRate", maxRate !== Number.POSITIVE_INFINITY],
    ["outlier", outlier !== "none"],
    [`missing "${missing}"`, ["mean", "median", "linear"].includes(missing)],
    ["smooth", smooth !== "none"],
    ["deadband", deadband > 0],
  ];
  const calculating = steps.find(([, does]) => does)?.[0];
  if (calculating !== undefined && ["boolean", "string", "category"].includes(convert))
    throw fields.bad("convert", convert, `${calculating} needs numbers: use number or integer, or leave that out.`);

  const windowed = outlier !== "none" || smooth !== "none" || missing === "median";
  const window = windowed ? fields.span("window") : undefined;
  if (smooth === "ewma" && window?.unit === "ms")
    throw fields.bad("window", fields.get("window"), "ewma counts rows: use a number such as 5.");
  const k = outlier === "none" ? 3 : fields.number("k", outlier === "iqr" ? 1.5 : 3);
  if (k <= 0) throw fields.bad("k", k, "use a number above 0.");
  const carries = missing === "ffill" || missing === "bfill" || missing === "linear";
  return {
    property,
    ...conversion,
    min: range.min,
    max: range.max,
    onRange: range.ranged ? fields.choose("onRange", rangeActions) : "mark",
    stuck,
    onStuck: stuck ? fields.choose("onStuck", faultActions) : "mark",
    maxRate,
    onRate: maxRate === Number.POSITIVE_INFINITY ? "mark" : fields.choose("onRate", faultActions),
    outlier,
    robust: outlier === "zscore" && fields.flag("robust"),
    window,
    k,
    onOutlier: outlier === "none" ? "mark" : fields.choose("onOutlier", outlierActions),
    missing,
    fill: missing === "constant" ? readFill(fields, { property, ...conversion }, calculating !== undefined) : null,
    maxGap: carries ? fields.span("maxGap") : undefined,
    by: missing === "linear" ? fields.choose("by", fillAxes) : "row",
    smooth,
    degree: smooth === "savitzky-golay" ? readDegree(fields, window) : 2,
    deadband,
    numeric: calculating !== undefined || convert === "number" || convert === "integer" || property === allNumbers,
  };
}

function readProperty(fields: RuleFields): string {
  const property = fields.get("property");
  if (isAbsent(property))
    throw new Failure("bad-setting", `${fields.at}.property is missing:`, "name a property, or * for all numbers.");
  if (!isColumnName(property))
    throw fields.bad("property", property, "use 1 to 128 characters without control characters, or *.");
  return property;
}

function readRange(
  fields: RuleFields,
  convert: CleaningRule["convert"],
): { min: number; max: number; ranged: boolean } {
  let min = fields.number("min", Number.NEGATIVE_INFINITY);
  let max = fields.number("max", Number.POSITIVE_INFINITY);
  if (min > max) throw fields.bad("min", min, `use a value not above max, which is ${max}.`);
  if (convert === "integer") {
    // No whole number lies between these and the given bounds, and a clamped value stays whole.
    min = Math.ceil(min);
    max = Math.floor(max);
    if (min > max) throw fields.bad("min", fields.get("min"), "no whole number lies between min and max.");
  }
  return { min, max, ranged: min !== Number.NEGATIVE_INFINITY || max !== Number.POSITIVE_INFINITY };
}

/** Degree of Savitzky-Golay's polynomial; checks the window with it. */
function readDegree(fields: RuleFields, window: Span | undefined): number {
  const degree = fields.number("degree", 2);
  if (!Number.isInteger(degree) || degree < 1 || degree > 5)
    throw fields.bad("degree", degree, "use a whole number from 1 to 5.");
  const size = window?.size ?? 5;
  if (window?.unit === "ms" || size % 2 === 0 || size < 5 || size > maxPolynomialWindow)
    throw fields.bad(
      "window",
      fields.get("window"),
      `savitzky-golay counts rows: use an odd number from 5 to ${maxPolynomialWindow}.`,
    );
  if (degree >= size) throw fields.bad("degree", degree, `use less than the window, which is ${size}.`);
  return degree;
}
