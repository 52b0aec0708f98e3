import { quote, refuse } from "../contract/errors";
import { isMissing, toNumber } from "../contract/messages";
import { maxCategories } from "./category-codes";
import { allNumbers, type CleaningRule } from "./cleaning-rule";
import { convertValue, toInteger, wrongType } from "./convert-value";
import { change, type Lane } from "./lane";

/**
 * The steps that look at each cell by itself: sentinels, conversion, unit and range. A value that cannot be converted drops its
 * row as `wrong-type` (or counts as missing, when the rule says so); under `*` text is passed over, because
 * that rule speaks of numbers only.
 */
export function checkValues(rule: CleaningRule, lane: Lane): void {
  const { cells, flags } = lane;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (isMissing(cell)) {
      cells[i] = null;
      continue;
    }
    if (rule.sentinels.length > 0 && isSentinel(cell, rule.sentinels)) {
      cells[i] = null;
      flags[i]! |= change.sentinel;
      continue;
    }
    const value = convertValue(cell, rule, lane.categories);
    if (value === wrongType) {
      if (rule.property === allNumbers && typeof cell !== "number") flags[i]! |= change.passedOver;
      else if (rule.onWrongType === "missing") cells[i] = null;
      else lane.errors[i] = wrongTypeError(rule, lane.property, cell);
      continue;
    }
    if (value !== cell) {
      cells[i] = value;
      flags[i]! |= change.converted;
    }
    if (typeof value === "number" && (value < rule.min || value > rule.max)) checkRange(rule, lane, i, value);
  }
}

function checkRange(rule: CleaningRule, lane: Lane, i: number, value: number): void {
  if (rule.onRange === "drop")
    lane.errors[i] = refuse(
      "out-of-range",
      value < rule.min
        ? `${lane.property} is ${value}, below ${rule.min}.`
        : `${lane.property} is ${value}, above ${rule.max}.`,
      "Check the sensor, or change the rule's range.",
      { property: lane.property },
    );
  else if (rule.onRange === "clamp") {
    lane.cells[i] = value < rule.min ? rule.min : rule.max;
    lane.flags[i]! |= change.clamped;
  } else lane.flags[i]! |= change.outOfRange;
}

export function isSentinel(cell: unknown, sentinels: CleaningRule["sentinels"]): boolean {
  const text = typeof cell === "string" ? cell.trim() : undefined;
  const n = toNumber(cell);
  return sentinels.some((sentinel) => (typeof sentinel === "number" ? sentinel === n : sentinel === text));
}

function wrongTypeError(rule: CleaningRule, property: string, cell: unknown) {
  const wanted = rule.toUnit !== "" ? `a number of ${rule.toUnit}` : wantedBy[rule.convert];
  return refuse("wrong-type", `${property} is ${quote(cell)}, which cannot be made ${wanted}.`, hintOf(rule), {
    property,
  });
}

const wantedBy: Record<CleaningRule["convert"], string> = {
  none: "a number",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  string: "text",
  time: "a time",
  category: "a category",
};

function hintOf(rule: CleaningRule): string {
  if (rule.convert === "time")
    return rule.timeFormat === "auto"
      ? "Send ISO 8601 text or milliseconds, or name the pattern of the text in the rule's timeFormat."
      : `Send times as ${rule.timeFormat}, or name another pattern in the rule's timeFormat.`;
  if (rule.convert === "category")
    return rule.categories.length > 0
      ? "Add it to the rule's categories, or name it in the sentinels to have it count as missing."
      : `Make sure that these are labels: a rule knows at most ${maxCategories} of them.`;
  if (!rule.numeric) return "Correct the value, or name it in the rule's sentinels to have it count as missing.";
  return rule.convert === "none" && rule.unit === undefined
    ? "Send digits with a decimal point, or name the text in the rule's sentinels to have it count as missing."
    : "Send digits, say in the rule's decimal whether a point or a comma parts decimals, or name the text in its sentinels.";
}

/** A calculated value in the type of the rule. */
export const inTypeOf = (rule: CleaningRule, value: number): number =>
  rule.convert === "integer" || rule.convert === "time" ? toInteger(value, rule.rounding) : value;
