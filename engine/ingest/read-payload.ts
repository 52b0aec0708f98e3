import { quote, type RefusalInfo, refuse } from "../contract/errors";
import type { Sample } from "../contract/messages";
import { isPlainObject } from "./path";
import { type Arrival, createEntryReader, type EntryRules, isBatchEntry } from "./read-entry";

/** What became of a payload. */
export type Reading =
  | { kind: "sample"; sample: Sample }
  /** An array: the good rows, and the refused ones as they came. Never both empty. */
  | { kind: "batch"; samples: Sample[]; rows: unknown[]; errors: RefusalInfo[] }
  /** Refused as a whole. */
  | { kind: "refused"; error: RefusalInfo };

export type PayloadReader = (payload: unknown, arrival: Arrival) => Reading;

/** Rows that are no objects, each with a refusal of its own. What comes beyond leaves together: a few bytes each make no objects of ours. */
const maxNoObjects = 1000;
const rowHint = "Every row must be an object of properties.";

/** Makes the reader of parsed payloads: an object is a sample, an array a batch. It never throws. */
export function createPayloadReader(rules: EntryRules): PayloadReader {
  const readEntry = createEntryReader(rules);
  // An object { id, values } alone counts as an entry where nothing else says what it is.
  const mayBeEntry =
    rules.id.from === "topic" &&
    rules.id.level === 0 &&
    rules.values.from === "payload" &&
    rules.values.path.length === 0;

  function readRows(rows: unknown[], arrival: Arrival): Reading {
    if (rows.length === 0)
      return { kind: "refused", error: refuse("bad-payload", "The payload has no rows.", "Send at least one sample.") };
    const reading: Reading = { kind: "batch", samples: [], rows: [], errors: [] };
    const beyond: unknown[] = [];
    let firstBeyond = 0;
    let noObjects = 0;
    for (const [index, row] of rows.entries()) {
      const fault = arrival.faults?.get(index);
      const isRow = isPlainObject(row);
      if (!fault && !isRow && ++noObjects > maxNoObjects) {
        if (beyond.push(row) === 1) firstBeyond = index;
        continue;
      }
      const result = fault
        ? { error: fault }
        : isRow
          ? readEntry(row, arrival, isBatchEntry(row))
          : { error: refuse("bad-payload", `The row is ${quote(row)}.`, rowHint) };
      if ("sample" in result) reading.samples.push(result.sample);
      else {
        reading.rows.push(row);
        reading.errors.push({ ...result.error, index });
      }
    }
    if (beyond.length > 0) {
      reading.rows.push(beyond);
      const message = `${beyond.length} more rows, from row ${firstBeyond} on, are no objects.`;
      reading.errors.push({ ...refuse("bad-payload", message, rowHint), index: firstBeyond });
    }
    return reading;
  }

  return (payload, arrival) => {
    if (Array.isArray(payload)) return readRows(payload, arrival);
    if (!isPlainObject(payload))
      return {
        kind: "refused",
        error: refuse(
          "bad-payload",
          `The payload is ${quote(payload)}.`,
          'Send an object of properties, such as {"temperature": 25}, or an array of such objects.',
        ),
      };
    const isEntry = (mayBeEntry || arrival.trusted === true) && isBatchEntry(payload);
    const result = readEntry(payload, arrival, isEntry);
    return "sample" in result ? { kind: "sample", sample: result.sample } : { kind: "refused", error: result.error };
  };
}
