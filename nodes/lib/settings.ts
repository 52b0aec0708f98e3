import { isAbsent } from "../../engine/contract/absent";
import { Failure, quote, Refusal, refuse } from "../../engine/contract/errors";

/** A setting that cannot be used: names the field, the value and the fix. */
export class SettingError extends Failure {
  override name = "SettingError";
  readonly field: string;
  constructor(field: string, value: unknown, fix: string) {
    super("bad-setting", `${field} is ${quote(value)}:`, fix);
    this.field = field;
  }
}

export interface NumberRule {
  min?: number;
  max?: number;
  integer?: boolean;
}

export interface SettingsReader {
  /** Text, trimmed. */
  text(field: string, fallback: string): string;
  number(field: string, fallback: number, rule?: NumberRule): number;
  /** A number, or undefined when absent. */
  optionalNumber(field: string, rule?: NumberRule): number | undefined;
  flag(field: string, fallback: boolean): boolean;
  choice<T extends string>(field: string, choices: readonly T[], fallback: T): T;
  /** A list: an array, or text with commas or JSON in it. */
  list(field: string): unknown[];
  /** A list of texts, trimmed, blanks left out. */
  names(field: string): string[];
  has(field: string): boolean;
  raw(field: string): unknown;
}

/**
 * Reads what the editor (or a person writing a flow file by hand) stored. An absent setting means its default; numbers and
 * booleans may stand as text. Throws {@link SettingError}.
 *
 * @param prefix put before field names in errors, such as `properties[2].`
 */
export function readerOf(def: Record<string, unknown>, prefix = ""): SettingsReader {
  const at = (field: string): unknown => (Object.hasOwn(def, field) ? def[field] : undefined);

  function asNumber(field: string, value: unknown, rule: NumberRule): number {
    const n =
      typeof value === "number" ? value : typeof value === "string" && value.trim() ? Number(value) : Number.NaN;
    if (!Number.isFinite(n)) throw new SettingError(prefix + field, value, "use a number.");
    if (rule.integer && !Number.isInteger(n)) throw new SettingError(prefix + field, value, "use a whole number.");
    if (rule.min !== undefined && n < rule.min)
      throw new SettingError(prefix + field, value, `use ${rule.min} or more.`);
    if (rule.max !== undefined && n > rule.max)
      throw new SettingError(prefix + field, value, `use ${rule.max} or less.`);
    return n;
  }

  function list(field: string): unknown[] {
    const value = at(field);
    if (isAbsent(value)) return [];
    if (Array.isArray(value)) return value;
    if (typeof value !== "string") throw new SettingError(prefix + field, value, "use a list.");
    const text = value.trim();
    if (!text.startsWith("[")) return text.split(",");
    try {
      return JSON.parse(text) as unknown[];
    } catch {
      throw new SettingError(prefix + field, value, "this is not valid JSON.");
    }
  }

  return {
    has: (field) => !isAbsent(at(field)),
    raw: at,
    list,
    text(field, fallback) {
      const value = at(field);
      if (isAbsent(value)) return fallback;
      if (typeof value === "string") return value.trim() === "" ? fallback : value.trim();
      if (typeof value === "number" || typeof value === "boolean") return String(value);
      throw new SettingError(prefix + field, value, "use text.");
    },
    number: (field, fallback, rule = {}) => (isAbsent(at(field)) ? fallback : asNumber(field, at(field), rule)),
    optionalNumber: (field, rule = {}) => (isAbsent(at(field)) ? undefined : asNumber(field, at(field), rule)),
    flag(field, fallback) {
      const value = at(field);
      if (isAbsent(value)) return fallback;
      if (typeof value === "boolean") return value;
      if (value === "true") return true;
      if (value === "false") return false;
      throw new SettingError(prefix + field, value, "use true or false.");
    },
    choice(field, choices, fallback) {
      const value = at(field);
      if (isAbsent(value)) return fallback;
      const found = choices.find((choice) => choice === String(value));
      if (found === undefined) throw new SettingError(prefix + field, value, `use one of ${choices.join(", ")}.`);
      return found;
    },
    names(field) {
      return list(field)
        .map((item) => {
          if (typeof item !== "string" && typeof item !== "number")
            throw new SettingError(prefix + field, item, "use a list of names.");
          return String(item).trim();
        })
        .filter((item) => item !== "");
    },
  };
}

/**
 * Reads a node's settings with those of a message over them. The node's own were read at the start: what is wrong came with the
 * message, and is refused.
 *
 * @param where the message's field, such as `msg.train`
 * @param hint in place of the setting's own
 */
export function readOverridden<T>(where: string, read: () => T, hint?: string): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SettingError)
      throw new Refusal(
        refuse("bad-request", `${where}: ${error.message}`, hint ?? error.hint, { property: error.field }),
      );
    if (error instanceof Failure) throw new Refusal(refuse(error.code, `${where}: ${error.message}`, error.hint));
    throw error;
  }
}
