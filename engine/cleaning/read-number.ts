import { toNumber } from "../contract/messages";
import type { CleaningRule } from "./cleaning-rule";

/** Blanks (no-break and thin ones too) and apostrophes part thousands in either way of writing. */
const gap = "[ '\u2019\u00a0\u2009\u202f]";
const wayOfWriting = (group: string, mark: string): RegExp =>
  new RegExp(
    `^([+-]?)(\\d+|[1-9]\\d{0,2}(?:${group}\\d{3})+|[1-9]\\d{0,2}(?:${gap}\\d{3})+)?(?:${mark}(\\d*))?(e[+-]?\\d+)?$`,
    "i",
  );
const point = wayOfWriting(",", "\\.");
const comma = wayOfWriting("\\.", ",");
const parts = /^([+\-\u2212]?[\d.,'\u2019\u00a0\u2009\u202f ]*\d[.,]?(?:e[+-]?\d+)?)\s*([^\d\s.,].*)?$/i;

/** Longer text is no number that anybody wrote. */
const maxLength = 100;

/** A number in text and what stands behind it. */
export interface NumberText {
  value: number;
  /** Such as `mm`; "" without one. */
  unit: string;
}

/**
 * Reads a number as people and devices write it: with a decimal point or comma, thousands parted, a unit behind it.
 * `auto` takes plain decimals (`1.234` is 1.234) and else what can mean one thing only: `1,23`, `1.234,5`, `1,234.5` and
 * `1.234.567`, but not `1,234`. Undefined for anything else.
 */
export function readNumber(text: string, decimal: CleaningRule["decimal"]): NumberText | undefined {
  const found = text.length <= maxLength ? parts.exec(text.trim()) : null;
  if (!found) return undefined;
  const value = valueIn(found[1]!.replace("\u2212", "-"), decimal);
  return Number.isNaN(value) ? undefined : { value, unit: found[2] ?? "" };
}

function valueIn(digits: string, decimal: CleaningRule["decimal"]): number {
  if (decimal === "point") return withMark(digits, point);
  if (decimal === "comma") return withMark(digits, comma);
  const plain = toNumber(digits);
  if (!Number.isNaN(plain)) return plain;
  const one = withMark(digits, point);
  const other = withMark(digits, comma);
  return Number.isNaN(one) ? other : Number.isNaN(other) || one === other ? one : Number.NaN;
}

function withMark(digits: string, written: RegExp): number {
  const found = written.exec(digits);
  if (!found) return Number.NaN;
  const [, sign, whole, decimals, exponent = ""] = found;
  if (whole === undefined && !decimals) return Number.NaN;
  return toNumber(`${sign}${(whole ?? "0").replace(/\D/g, "")}.${decimals || "0"}${exponent}`);
}
