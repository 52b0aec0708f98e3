import { Refusal, refuse } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import { parseJson } from "../../engine/ingest/parse-json";
import { isObject } from "../lib/messages";
import { readCsv } from "../lib/read-csv";

const maxDepth = 32;

/**
 * The rows that somebody pasted or chose a file of: CSV with a header, or JSON: a list of rows, of samples `{ id, values }`, or a
 * message with one of these in its payload. Throws `Refusal`.
 */
export function readTableText(text: string): Table {
  if (text.trim() === "")
    throw new Refusal(
      refuse("bad-payload", "There is no table.", "Paste CSV with a header line, or a list of rows in JSON."),
    );
  if (!/^[\s\uFEFF]*[[{]/.test(text)) {
    const { rows, faults } = readCsv(text);
    const [fault] = faults.values();
    if (fault) throw new Refusal(fault);
    return rows;
  }
  let value = parseJson(text.replace(/^\uFEFF/, ""), maxDepth);
  if (isObject(value) && Array.isArray(value.payload)) value = value.payload;
  if (!Array.isArray(value))
    throw new Refusal(
      refuse(
        "bad-payload",
        "The JSON is no list of rows.",
        'Paste a list such as [{ "force": 12.1, "hardness": 54 }].',
      ),
    );
  return value.map((row) => (isObject(row) && isObject(row.values) ? row.values : row)) as Table;
}
