import { toNumber } from "../contract/messages";
import { allNumbers, type CleaningRule } from "./cleaning-rule";

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

/** The value in the rule's type, or {@link wrongType}. The value is not missing. */
export function convertValue(value: unknown, rule: CleaningRule): unknown {
  if (rule.numeric) {
    if (typeof value === "number") {
      if (!Number.isFinite(value)) return wrongType;
      return rule.convert === "integer" ? toInteger(value, rule.rounding) : value;
    }
    const all = rule.property === allNumbers;
    // `*` speaks of numbers: a code such as "00123" becomes one only when the rule says so, true never.
    if (all && (typeof value === "boolean" || rule.convert === "none")) return wrongType;
    // A boolean counts as 1 or 0 only where the rule says so itself.
    const n = typeof value === "boolean" && rule.convert !== "none" ? Number(value) : toNumber(value);
    if (Number.isNaN(n)) return wrongType;
    return rule.convert === "integer" ? toInteger(n, rule.rounding) : n;
  }
  if (rule.convert === "boolean") return toBoolean(value) ?? wrongType;
  if (rule.convert === "string") {
    if (typeof value === "string") return value;
    if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return String(value);
    return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : wrongType;
  }
  return value;
}
