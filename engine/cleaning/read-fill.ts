import { isAbsent } from "../contract/absent";
import { Failure } from "../contract/errors";
import { type Scalar, toNumber } from "../contract/messages";
import { allNumbers, type CleaningRule } from "./cleaning-rule";
import { toBoolean } from "./convert-value";
import type { RuleFields } from "./rule-fields";

/**
 * The constant in the type of the rule. Without one, text that is a plain number, true or false is taken as that.
 *
 * @param calculates whether a step of the rule needs numbers
 */
export function readFill(
  fields: RuleFields,
  rule: Pick<CleaningRule, "property" | "convert" | "categories">,
  calculates: boolean,
): Scalar {
  const raw = fields.get("fill");
  const { convert } = rule;
  const bad = (fix: string): Failure => fields.bad("fill", raw, fix);
  if (isAbsent(raw) || (typeof raw === "string" && raw.trim() === ""))
    throw new Failure("bad-setting", `${fields.at}.fill is missing:`, 'missing "constant" needs the value to put in.');
  if (convert === "string" && (typeof raw === "number" || typeof raw === "boolean")) return String(raw);
  if (convert === "boolean") {
    const value = toBoolean(raw);
    if (value === undefined) throw bad("use true or false.");
    return value;
  }
  if (convert === "category") {
    const code = rule.categories.indexOf(String(raw).trim());
    if (code < 0) throw bad("use one of the labels in categories.");
    return code;
  }
  const n = toNumber(raw);
  const whole = convert === "integer" || convert === "time";
  if (calculates || whole || convert === "number" || rule.property === allNumbers) {
    if (Number.isNaN(n)) throw bad("use a number.");
    if (whole && !Number.isInteger(n)) throw bad("use a whole number.");
    return n;
  }
  if (typeof raw === "string") {
    if (convert === "string") return raw;
    return Number.isNaN(n) ? (raw === "true" ? true : raw === "false" ? false : raw) : n;
  }
  if (typeof raw === "boolean" || !Number.isNaN(n)) return raw as Scalar;
  throw bad("use a number, a text, true or false.");
}
