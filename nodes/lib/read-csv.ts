import { type CsvError, parse } from "csv-parse/sync";
import { quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";

export interface CsvRows {
  /** One object a line, all cells as text. */
  rows: Record<string, string>[];
  /** Lines whose number of cells is not that of the header, by index of the row. */
  faults: Map<number, RefusalInfo>;
}

const delimiters = [",", ";", "\t"];
const forbidden = ["__proto__", "constructor", "prototype"];
/** German and other European software writes 6,8 for 6.8, and then separates cells by semicolons or tabs. */
const decimalComma = /^[+-]?\d+,\d+$/;

/**
 * Reads CSV with a header line. The separator (comma, semicolon or tab) is found by the header; where it is not the comma, a
 * decimal comma is taken for a point. Not in engine/, because csv-parse's types bring all of Node's with them.
 * Throws `Refusal` `bad-csv`.
 */
export function readCsv(text: string): CsvRows {
  const delimiter = delimiterOf(text);
  const lines = parseLines(text, delimiter);
  const header = lines[0]?.map((name) => name.trim()) ?? [];
  const named = header.filter((name) => name !== "");
  if (named.length === 0 || lines.length < 2)
    throw bad(
      "The CSV needs a header line and at least one line below it.",
      "Begin with a line of names, such as temperature,humidity.",
    );
  const twice = named.find((name, index) => named.indexOf(name) !== index);
  if (twice !== undefined)
    throw bad(`The CSV names the column ${quote(twice)} twice.`, "Give every column a name of its own.");
  const wrong = named.find((name) => forbidden.includes(name));
  if (wrong !== undefined)
    throw new Refusal(refuse("bad-name", `The column name ${quote(wrong)} cannot be used.`, "Choose another name."));

  const rows: Record<string, string>[] = [];
  const faults = new Map<number, RefusalInfo>();
  for (const cells of lines.slice(1)) {
    if (cells.length !== header.length)
      faults.set(
        rows.length,
        refuse(
          "bad-csv",
          `Line ${rows.length + 2} has ${cells.length} cells, the header ${header.length}.`,
          "Give every line as many cells as the header; put text with separators in quotes.",
        ),
      );
    const row: Record<string, string> = {};
    for (const [index, cell] of cells.entries()) {
      const name = header[index] ?? "";
      // Spreadsheets leave blank columns at the end.
      if (name === "" && cell.trim() === "") continue;
      row[name] = delimiter !== "," && decimalComma.test(cell) ? cell.replace(",", ".") : cell;
    }
    rows.push(row);
  }
  return { rows, faults };
}

function parseLines(text: string, delimiter: string): string[][] {
  try {
    return parse(text, { delimiter, bom: true, trim: true, skip_empty_lines: true, relax_column_count: true });
  } catch (error) {
    const reason = (error as CsvError).message.replace(/\p{Cc}+/gu, " ").slice(0, 160);
    throw bad(
      `The payload is not valid CSV: ${reason}.`,
      "Close every quote, and double a quote inside a quoted text.",
    );
  }
}

/** The separator that stands most often in the header line, outside of quotes. */
function delimiterOf(text: string): string {
  const line = /^\uFEFF?\s*([^\r\n]*)/.exec(text)?.[1] ?? "";
  const plain = line.replace(/"[^"]*"/g, "");
  const counts = delimiters.map((delimiter) => plain.split(delimiter).length);
  return delimiters[counts.indexOf(Math.max(...counts))] as string;
}

const bad = (message: string, hint: string): Refusal => new Refusal(refuse("bad-csv", message, hint));
