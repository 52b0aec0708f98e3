import type { RefusalInfo } from "../contract/errors";
import type { Sample } from "../contract/messages";
import { checkFrame, readFields, type StoredValue } from "./check-sample";

/** Makes lines of one measurement of InfluxDB's line protocol, with times in ms. */
export interface LineMaker {
  /** The line of a sample; undefined when it has no reading; or why it cannot be kept. */
  lineOf(sample: Sample): string | RefusalInfo | undefined;
}

/** Escaped names, with the `=` behind them, that are kept. */
const maxKeys = 10_000;

/**
 * Ids, models and properties that pass the check hold nothing that could end a line or escape an escape; here only separators
 * are left to be escaped.
 */
export function createLineMaker(measurement: string): LineMaker {
  const start = `${measurement.replace(/[, ]/g, "\\$&")},id=`;
  const keys = new Map<string, string>();
  let line = "";
  let separator = " ";

  function keyOf(property: string): string {
    const known = keys.get(property);
    if (known !== undefined) return known;
    if (keys.size >= maxKeys) keys.clear();
    const key = `${escapeKey(property)}=`;
    keys.set(property, key);
    return key;
  }

  function add(property: string, value: StoredValue): void {
    line += separator + keyOf(property) + fieldText(value);
    separator = ",";
  }

  return {
    lineOf(sample) {
      const wrong = checkFrame(sample);
      if (wrong) return wrong;
      line = start + sample.id;
      separator = " ";
      if (sample.model) line += `,model=${escapeKey(sample.model)}`;
      const error = readFields(sample, add);
      if (error) return error;
      return separator === " " ? undefined : `${line} ${sample.ts}`;
    },
  };
}

const escapeKey = (key: string): string => key.replace(/[,= ]/g, "\\$&");

/** Numbers always go as floats: `5i` after `5` would be a conflict of types, and the whole point lost. */
function fieldText(value: StoredValue): string {
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  return String(value);
}
