import { toNumber } from "../contract/messages";
import type { CategoryCodes } from "./category-codes";
import { allNumbers, type CleaningRule } from "./cleaning-rule";
import { findConversion, isUnit, type LinearConversion } from "./convert-unit";
import { readNumber } from "./read-number";
import { createTimeReader, type TimeReader } from "./time-reader";

/** Stands for a value that cannot be converted: never NaN, never 0. */
export const wrongType: unique symbol = Symbol("wrong type");

const words = new Map<string, boolean>([
  ...["true", "yes", "on", "1"].map((word): [string, boolean] => [word, true]),
  ...["false", "no", "off", "0"].map((word): [string, boolean] => [word, false]),
]);

/** true, false, 1, 0, and these with yes, no, on, off as text in any case. Undefined for anything else. */
export function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value === 1 ? true : value === 0 ? false : undefined;
  return typeof value === "string" ? words.get(value.trim().toLowerCase()) : undefined;
}

/** A whole number: halves go away from zero (2.5 is 3, -2.5 is -3), or decimals are cut off. */
export function toInteger(n: number, rounding: CleaningRule["rounding"]): number {
  const whole = rounding === "truncate" ? Math.trunc(n) : n < 0 ? -Math.round(-n) : Math.round(n);
  return whole + 0; // -0 becomes 0
}

/**
 * The value in the rule's type and unit, or {@link wrongType}. The value is not missing.
 *
 * @param categories codes of labels, for a rule that converts to them
 */
export function convertValue(value: unknown, rule: CleaningRule, categories?: CategoryCodes): unknown {
  if (rule.convert === "time") {
    const ms = timeReaderOf(rule)(value);
    return Number.isNaN(ms) ? wrongType : ms;
  }
  if (rule.numeric) {
    if (typeof value === "number") {
      if (!Number.isFinite(value)) return wrongType;
      return rule.unit
        ? inUnit(value, rule.unit, rule)
        : rule.convert === "integer"
          ? toInteger(value, rule.rounding)
          : value;
    }
    const all = rule.property === allNumbers;
    // `*` speaks of numbers: a code such as "00123" becomes one only when the rule says so, true never.
    if (all && (typeof value === "boolean" || rule.convert === "none")) return wrongType;
    // A boolean counts as 1 or 0 only where the rule says so itself.
    if (typeof value === "boolean") return rule.convert === "none" ? wrongType : Number(value);
    return typeof value === "string" ? numberInText(value, rule) : wrongType;
  }
  if (rule.convert === "boolean") return toBoolean(value) ?? wrongType;
  if (rule.convert === "string") return toText(value) ?? wrongType;
  if (rule.convert === "category") {
    const label = toText(value)?.trim();
    return label === undefined ? wrongType : (categories?.codeOf(label) ?? wrongType);
  }
  return value;
}

function numberInText(text: string, rule: CleaningRule): number | typeof wrongType {
  if (rule.convert === "none" && rule.unit === undefined) {
    const n = toNumber(text);
    return Number.isNaN(n) ? wrongType : n;
  }
  const found = readNumber(text, rule.decimal);
  if (found === undefined) return wrongType;
  const { value, unit } = found;
  let conversion = rule.unit;
  if (unit !== "") {
    // Under `*` a text such as "20M" is rather a name than a quantity.
    if (rule.property === allNumbers) return wrongType;
    if (rule.toUnit === "") {
      if (!isUnit(unit)) return wrongType;
    } else if (unit !== rule.fromUnit) {
      const own = findConversion(unit, rule.toUnit);
      if (typeof own === "string") return wrongType;
      conversion = own;
    }
  }
  if (conversion) return inUnit(value, conversion, rule);
  return rule.convert === "integer" ? toInteger(value, rule.rounding) : value;
}

function inUnit(value: number, { gain, offset }: LinearConversion, rule: CleaningRule): number | typeof wrongType {
  const converted = value * gain + offset;
  if (!Number.isFinite(converted)) return wrongType;
  return rule.convert === "integer" ? toInteger(converted, rule.rounding) : converted;
}

function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return String(value);
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined;
}

const timeReaders = new WeakMap<CleaningRule, TimeReader>();

function timeReaderOf(rule: CleaningRule): TimeReader {
  let reader = timeReaders.get(rule);
  if (reader === undefined) {
    reader = createTimeReader(rule.zone, rule.timeFormat);
    timeReaders.set(rule, reader);
  }
  return reader;
}
