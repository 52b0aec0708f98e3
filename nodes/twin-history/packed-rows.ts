import type { RefusalInfo } from "../../engine/contract/errors";
import type { Sample, Values } from "../../engine/contract/messages";
import { checkFrame, readFields } from "../../engine/history/check-sample";
import { checkedText } from "./embedded-file";

/**
 * Samples on their way to the writing thread are one string, five lines for each: a string crosses as one copy of its bytes, while
 * cloning the samples as objects costs more than writing them. No line end can stand in any of the five: names and ids
 * have no control characters, and JSON escapes them.
 */
export interface PackedRow {
  measurement: string;
  id: string;
  ts: number;
  model: string;
  /** JSON */
  values: string;
  /** What the checksum covers. */
  checked: string;
}

/** A sample as a row; undefined when it has no reading; or why it cannot be kept. */
export function packSample(measurement: string, sample: Sample): string | RefusalInfo | undefined {
  const wrong = checkFrame(sample);
  if (wrong) return wrong;
  readings = 0;
  const error = readFields(sample, countReading);
  if (error) return error;
  if (readings === 0) return undefined;
  const { id, ts, model = "", values } = sample;
  // Most samples hold a reading in every property: their object is the text as it stands.
  const isPlain = readings === Object.keys(values).length && values.toJSON === undefined;
  return `${measurement}\n${checkedText(id, ts, model, isPlain ? JSON.stringify(values) : textOfReadings(sample))}\n`;
}

let readings = 0;
const countReading = (): void => void readings++;

function textOfReadings(sample: Sample): string {
  const fields: Values = {};
  readFields(sample, (property, value) => {
    fields[property] = value;
  });
  return JSON.stringify(fields);
}

export function unpackRows(rows: string, tell: (row: PackedRow) => void): void {
  for (let at = 0; at < rows.length; ) {
    const id = rows.indexOf("\n", at) + 1;
    const ts = rows.indexOf("\n", id) + 1;
    const model = rows.indexOf("\n", ts) + 1;
    const values = rows.indexOf("\n", model) + 1;
    const end = rows.indexOf("\n", values);
    tell({
      measurement: rows.slice(at, id - 1),
      id: rows.slice(id, ts - 1),
      ts: Number(rows.slice(ts, model - 1)),
      model: rows.slice(model, values - 1),
      values: rows.slice(values, end),
      checked: rows.slice(id, end),
    });
    at = end + 1;
  }
}
