import { isAbsent } from "../contract/absent";
import { Failure, quote } from "../contract/errors";
import { toNumber } from "../contract/messages";
import { readSpan, type Span } from "./span";

/** Longest window of rows: a rule is kept for every property of every twin. */
const maxWindowRows = 10_000;

/** The keys of one stored rule. An absent one means its default, numbers may stand as text. */
export interface RuleFields {
  /** As `rules[2]`, for errors. */
  readonly at: string;
  get(key: string): unknown;
  has(key: string): boolean;
  /** Trimmed. */
  text(key: string): string;
  /** One of the choices, the first by default. */
  choose<T extends string>(key: string, choices: readonly T[]): T;
  number(key: string, fallback: number): number;
  flag(key: string): boolean;
  /** Rows or time; 0 is as good as absent. */
  span(key: string): Span | undefined;
  bad(key: string, value: unknown, fix: string): Failure;
}

export function createRuleFields(from: Record<string, unknown>, at: string): RuleFields {
  const get = (key: string): unknown => (Object.hasOwn(from, key) ? from[key] : undefined);
  const has = (key: string): boolean => !isAbsent(get(key));
  const bad = (key: string, value: unknown, fix: string): Failure => badSetting(`${at}.${key}`, value, fix);
  return {
    at,
    get,
    has,
    bad,
    text(key) {
      const value = get(key);
      if (isAbsent(value)) return "";
      if (typeof value !== "string") throw bad(key, value, "use text.");
      return value.trim();
    },
    choose(key, choices) {
      const value = get(key);
      if (isAbsent(value)) return choices[0]!;
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw bad(key, value, `use ${orList(choices)}.`);
      return found;
    },
    number(key, fallback) {
      const value = get(key);
      if (isAbsent(value)) return fallback;
      const n = toNumber(value);
      if (Number.isNaN(n)) throw bad(key, value, "use a number, or leave it out.");
      return n;
    },
    flag(key) {
      const value = get(key);
      if (isAbsent(value) || value === false || value === "false") return false;
      if (value === true || value === "true") return true;
      throw bad(key, value, "use true or false.");
    },
    span(key) {
      const value = get(key);
      if (isAbsent(value) || toNumber(value) === 0) return undefined;
      const read = readSpan(value);
      if (!read) throw bad(key, value, "use a number of rows such as 5, or a time such as 30s, 5m or 2h.");
      if (read.unit === "rows" && key === "window" && read.size > maxWindowRows)
        throw bad(key, value, `use ${maxWindowRows} rows or less.`);
      return read;
    },
  };
}

/** A list, or text with commas in it. */
export const listOf = (raw: unknown): unknown[] =>
  isAbsent(raw) ? [] : Array.isArray(raw) ? raw : String(raw).split(",");

export const badSetting = (field: string, value: unknown, fix: string): Failure =>
  new Failure("bad-setting", `${field} is ${quote(value)}:`, fix);

export const orList = (choices: readonly string[]): string =>
  `${choices.slice(0, -1).join(", ")} or ${choices[choices.length - 1]}`;
