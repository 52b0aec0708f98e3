import { quote, type RefusalInfo, refuse } from "../contract/errors";
import { idHint, isColumnName, isPropertyName, isTwinId, propertyHint } from "../contract/identity";
import type { Sample } from "../contract/messages";

/** Columns that every row of an answer has: no property can have these names. */
export const reservedNames: ReadonlySet<string> = new Set(["time", "id"]);
/** Longest text of one value, as InfluxDB has it. */
export const maxTextLength = 65_536;
/** Half of a character beyond U+FFFF: UTF-8 has no bytes for it, and what is stored would be another text. */
const loneSurrogate = /[\ud800-\udfff]/u;
/** Latest and earliest instant that both backends can keep: InfluxDB counts 64-bit nanoseconds (1677 to 2262). */
export const maxSampleTime = 9_223_372_036_853;

export type StoredValue = number | string | boolean;

/** Names that were found good: the pattern is Unicode-aware and costs more than everything else here. */
const goodNames = new Set<string>();
const maxGoodNames = 10_000;

/**
 * Tells of each reading of a sample whose frame is good, in order, until something is wrong; null, NaN and Infinity are none.
 * What was told before an error is void. The same for every backend, so that a flow can change from one to the other.
 */
export function readFields(
  sample: Sample,
  tell: (property: string, value: StoredValue) => void,
): RefusalInfo | undefined {
  const { values } = sample;
  for (const property of Object.keys(values)) {
    if (!goodNames.has(property)) {
      const error = checkName(property, sample.id);
      if (error) return error;
      if (goodNames.size >= maxGoodNames) goodNames.clear();
      goodNames.add(property);
    }
    const value: unknown = values[property];
    if (value === null || value === undefined) continue;
    if (typeof value === "number") {
      if (Number.isFinite(value)) tell(property, value);
    } else if (typeof value === "boolean") {
      tell(property, value);
    } else if (typeof value === "string") {
      if (value.length > maxTextLength / 4 && utf8Length(value) > maxTextLength)
        return refuse(
          "too-large",
          `${property} of ${sample.id} is a text of ${value.length} characters.`,
          `Keep texts within ${maxTextLength} bytes; store long documents elsewhere and their name here.`,
          { property },
        );
      if (loneSurrogate.test(value))
        return refuse(
          "wrong-type",
          `${property} of ${sample.id} is ${quote(value)}, a text with half a character.`,
          "Send text that UTF-8 can hold: no lone surrogate such as \\ud800.",
          { property },
        );
      tell(property, value);
    } else {
      return refuse(
        "wrong-type",
        `${property} of ${sample.id} is ${quote(value)}.`,
        "Use a number, text, true or false, or null; twin-ingest flattens objects with dots.",
        { property },
      );
    }
  }
  return undefined;
}

/** What is wrong with a sample beside its readings. */
export function checkFrame({ id, ts, values, model = "" }: Sample): RefusalInfo | undefined {
  if (!isTwinId(id)) return refuse("bad-id", `id is ${quote(id)}.`, idHint);
  if (!Number.isInteger(ts) || Math.abs(ts) > maxSampleTime)
    return refuse(
      "bad-time",
      `ts of ${id} is ${quote(ts)}.`,
      "Use whole milliseconds since 1970-01-01 UTC, between the years 1678 and 2262.",
    );
  if (typeof values !== "object" || values === null || Array.isArray(values))
    return refuse("bad-payload", `The values of ${id} are ${quote(values)}.`, "Give an object of properties.");
  if (model !== "" && !isModelName(model))
    return refuse(
      "bad-name",
      `model of ${id} is ${quote(model)}.`,
      "Use 1 to 128 characters of UTF-8 without backslash and control characters.",
    );
  return undefined;
}

function checkName(property: string, id: string): RefusalInfo | undefined {
  if (reservedNames.has(property))
    return refuse(
      "bad-name",
      `${id} has a property called ${property}.`,
      "A row of history has a column of that name already: rename the property before this node.",
      { property },
    );
  return isPropertyName(property)
    ? undefined
    : refuse("bad-name", `${id} has a property called ${quote(property)}.`, propertyHint, { property });
}

const isModelName = (model: unknown): boolean =>
  isColumnName(model) && !model.includes("\\") && !loneSurrogate.test(model);

function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
