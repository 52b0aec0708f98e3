import { Failure, quote } from "../contract/errors";
import { toNumber } from "../contract/messages";
import { maxCategories } from "./category-codes";
import { allNumbers, type CleaningRule, conversions, decimalMarks, roundings, wrongTypeActions } from "./cleaning-rule";
import { findConversion } from "./convert-unit";
import { badSetting, listOf, type RuleFields } from "./rule-fields";
import { isTimePattern, isZone } from "./time-reader";

type Conversion = Pick<
  CleaningRule,
  | "sentinels"
  | "convert"
  | "rounding"
  | "onWrongType"
  | "decimal"
  | "zone"
  | "timeFormat"
  | "categories"
  | "fromUnit"
  | "toUnit"
  | "unit"
>;

/** The keys that say what a value is and what it becomes. */
export function readConversion(fields: RuleFields, property: string): Conversion {
  const convert = fields.choose("convert", conversions);
  if (property === allNumbers && !["none", "number", "integer"].includes(convert))
    throw fields.bad("convert", convert, "* means all numbers: name the property.");
  const number = convert === "number" || convert === "integer";
  const time = convert === "time";
  const fromUnit = fields.text("fromUnit");
  const toUnit = fields.text("toUnit");
  if ((fromUnit || toUnit) && convert !== "none" && !number)
    throw fields.bad("convert", convert, "units need numbers: use number or integer, or clear fromUnit and toUnit.");
  if (fromUnit && !toUnit && property === allNumbers)
    throw new Failure("bad-setting", `${fields.at}.toUnit is missing:`, "name the unit that all numbers shall have.");
  return {
    sentinels: readSentinels(fields),
    convert,
    rounding: convert === "integer" ? fields.choose("rounding", roundings) : "nearest",
    onWrongType: fields.choose("onWrongType", wrongTypeActions),
    decimal: number || toUnit || fromUnit ? fields.choose("decimal", decimalMarks) : "auto",
    zone: time ? readZone(fields) : "UTC",
    timeFormat: time ? readTimeFormat(fields) : "auto",
    categories: convert === "category" ? readCategories(fields) : [],
    fromUnit,
    toUnit,
    unit: toUnit ? readUnit(fromUnit || toUnit, toUnit, fields.at) : undefined,
  };
}

function readUnit(from: string, to: string, at: string): CleaningRule["unit"] {
  const found = findConversion(from, to);
  if (typeof found === "string") throw badUnit(at, from, to, found);
  return found;
}

const badUnit = (at: string, from: string, to: string, problem: string): Failure =>
  new Failure(
    "bad-setting",
    `${at} converts ${quote(from)} to ${quote(to)}, but ${problem}:`,
    "use units of one dimension, such as bar and kPa, degC and K, rpm and Hz.",
  );

/**
 * The unit of the model as `toUnit` where a rule names none: of a rule with `fromUnit`, which needs one, and of one that
 * reads numbers in text, so that "12 mm" does not become 12 of something else.
 *
 * @param unitOf unit of a property in the model; undefined without one
 */
export function withModelUnits(
  rules: readonly CleaningRule[],
  unitOf: (property: string) => string | undefined,
): CleaningRule[] {
  return rules.map((rule, index) => {
    const readsText = (rule.convert === "number" || rule.convert === "integer") && rule.property !== allNumbers;
    if (rule.toUnit !== "" || (rule.fromUnit === "" && !readsText)) return rule;
    const toUnit = unitOf(rule.property) ?? "";
    const at = `rules[${index}]`;
    if (toUnit !== "") return { ...rule, toUnit, unit: readUnit(rule.fromUnit || toUnit, toUnit, at) };
    if (rule.fromUnit === "") return rule;
    throw new Failure(
      "bad-setting",
      `${at}.toUnit is missing:`,
      `name the unit that ${rule.property} shall have, or choose a model that does.`,
    );
  });
}

function readZone(fields: RuleFields): string {
  const zone = fields.text("zone") || "UTC";
  if (!isZone(zone))
    throw fields.bad("zone", zone, "use an IANA zone such as Europe/Berlin, or an offset such as +02:00.");
  return zone;
}

function readTimeFormat(fields: RuleFields): string {
  const pattern = fields.text("timeFormat") || "auto";
  if (!isTimePattern(pattern))
    throw fields.bad(
      "timeFormat",
      pattern,
      "use auto, X (seconds), x (ms), or a pattern with year, month and day such as dd.MM.yyyy HH:mm:ss.",
    );
  return pattern;
}

function readCategories(fields: RuleFields): string[] {
  const labels = listOf(fields.get("categories")).map((label) => {
    if (typeof label !== "string" && typeof label !== "number" && typeof label !== "boolean")
      throw fields.bad("categories", label, 'use a list of labels such as ["L", "M", "H"].');
    return String(label).trim();
  });
  const twice = labels.find((label, i) => label === "" || labels.indexOf(label) !== i);
  if (twice !== undefined) throw fields.bad("categories", twice, "name each label once, and none that is blank.");
  if (labels.length > maxCategories)
    throw badSetting(`${fields.at}.categories`, `a list of ${labels.length}`, `use ${maxCategories} labels or less.`);
  return labels;
}

/** A list, or text with commas in it. */
function readSentinels(fields: RuleFields): (number | string)[] {
  return listOf(fields.get("sentinels"))
    .map((item) => {
      if (typeof item !== "string" && typeof item !== "number")
        throw fields.bad("sentinels", item, 'use a list of numbers and texts such as [-999, "n/a"].');
      const n = toNumber(item);
      return Number.isNaN(n) ? String(item).trim() : n;
    })
    .filter((item) => item !== "");
}
