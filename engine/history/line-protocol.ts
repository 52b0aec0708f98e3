import type { CheckedSample, StoredValue } from "./check-sample";

/**
 * One line of InfluxDB's line protocol, with times in ms. `sample` must have come through `checkSample`: ids, models and
 * properties hold nothing that could end a line or escape an escape; here only separators are left to be escaped.
 *
 * @param measurement already escaped, see {@link escapeMeasurement}
 */
export function toLine(measurement: string, sample: CheckedSample): string {
  let line = `${measurement},id=${sample.id}`;
  if (sample.model !== "") line += `,model=${escapeKey(sample.model)}`;
  let separator = " ";
  for (const [property, value] of sample.fields) {
    line += `${separator}${escapeKey(property)}=${fieldText(value)}`;
    separator = ",";
  }
  return `${line} ${sample.ts}`;
}

export const escapeMeasurement = (name: string): string => name.replace(/[, ]/g, "\\$&");

const special = /[,= ]/;
const escapeKey = (key: string): string => (special.test(key) ? key.replace(/[,= ]/g, "\\$&") : key);

/** Numbers always go as floats: `5i` after `5` would be a conflict of types, and the whole point lost. */
function fieldText(value: StoredValue): string {
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  return String(value);
}
