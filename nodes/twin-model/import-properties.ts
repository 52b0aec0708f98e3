import { Refusal, refuse } from "../../engine/contract/errors";
import { isPropertyName } from "../../engine/contract/identity";
import { defaultLimits } from "../../engine/ingest/limits";
import { readCsv } from "../lib/read-csv";
import { SettingError } from "../lib/settings";
import { readProperty } from "./read-property";
import { readSampleText } from "./read-sample";

/** Rows for the table of properties, and what was not taken over. */
export interface Imported {
  properties: Record<string, unknown>[];
  /** Columns of the CSV, or fields of the sample, that are no property's. */
  ignored: string[];
}

const texts = ["name", "type", "unit", "label", "class", "calibrationDue", "expression"];
const numbers = ["min", "max", "lsl", "target", "usl", "tolerance", "offset", "gain"];
const columns = new Map([...texts, ...numbers, "writable"].map((column) => [column.toLowerCase(), column]));
const yes = ["true", "1", "x", "yes", "ja", "是"];
const no = ["false", "0", "", "no", "nein", "否"];

/** From text that begins like JSON a sample message, whose types are inferred; else a CSV with a header line. Throws `Refusal` or `SettingError`. */
export function importProperties(text: unknown): Imported {
  if (typeof text === "string" && /^\s*[[{]/.test(text)) return fromSample(readSampleText(text));
  if (typeof text !== "string" || text.trim() === "")
    throw new Refusal(refuse("bad-payload", "There is nothing to import.", "Paste a CSV or a sample message."));
  if (Buffer.byteLength(text) > defaultLimits.maxBytes)
    throw new Refusal(refuse("too-large", "The text is longer than 1 MiB.", "Import it in parts."));
  return fromCsv(text);
}

/** Numbers are `number`: that a value is whole today does not make it an integer. */
function fromSample(values: Record<string, unknown>): Imported {
  const result: Imported = { properties: [], ignored: [] };
  for (const [name, value] of Object.entries(values)) {
    const type = typeof value;
    if (isPropertyName(name) && (type === "number" || type === "boolean" || type === "string"))
      result.properties.push({ name, type });
    else result.ignored.push(name);
  }
  return result;
}

function fromCsv(text: string): Imported {
  const { rows, faults } = readCsv(text);
  const [fault] = faults.values();
  if (fault) throw new Refusal(fault);
  const header = Object.keys(rows[0] ?? {});
  const known = new Map(header.map((column) => [column, columns.get(column.trim().toLowerCase())]));
  if (![...known.values()].includes("name"))
    throw new Refusal(
      refuse(
        "bad-csv",
        "No column is called name.",
        `The header has names such as ${[...columns.values()].join(", ")}.`,
      ),
    );
  const properties = rows.map((row, index) => readRow(row, known, `line ${index + 2}: `));
  return { properties, ignored: header.filter((column) => column !== "" && !known.get(column)) };
}

/** Only what the line says; what does not go together is refused here already, by line. */
function readRow(
  row: Record<string, string>,
  known: ReadonlyMap<string, string | undefined>,
  prefix: string,
): Record<string, unknown> {
  const property: Record<string, unknown> = {};
  for (const [column, cell] of Object.entries(row)) {
    const field = known.get(column);
    if (field === undefined || (cell === "" && field !== "writable")) continue;
    if (field === "writable") {
      if (yes.includes(cell.toLowerCase())) property.writable = true;
      else if (!no.includes(cell.toLowerCase()))
        throw new SettingError(`${prefix}writable`, cell, "use true or false.");
    } else property[field] = numbers.includes(field) ? numberOf(cell, prefix + field) : cell;
  }
  readProperty(property, prefix);
  return property;
}

function numberOf(cell: string, field: string): number {
  const number = Number(cell);
  if (!Number.isFinite(number)) throw new SettingError(field, cell, "use a number.");
  return number;
}
