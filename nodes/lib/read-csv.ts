import { type CsvError, parse } from "csv-parse/sync";
import { quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";

export interface CsvRows {
  /** One object a line, all cells as text. */
  rows: Record<string, string>[];
  /** Lines whose number of cells is not that of the header, by index of the row. */
  faults: Map<number, RefusalInfo>;
}

const delimiters = [",", ";", "\t", "|"];
const forbidden = ["__proto__", "constructor", "prototype"];
/** The line that Excel reads and writes above the header. */
const saysSeparator = /^\uFEFF?sep=([,;|\t])\r?\n([\s\S]*)$/;
/** German and other European software writes 6,8 for 6.8, and then separates cells by semicolons or tabs. */
const decimalComma = /^[+-]?\d+,\d+$/;

/**
 * Reads CSV. The separator (comma, semicolon, tab or bar) is found by the first line; where it is not the comma, a decimal
 * comma is taken for a point. Not in engine/, because csv-parse's types bring all of Node's with them.
 * Throws `Refusal` `bad-csv`.
 *
 * @param columns names of the columns of a CSV without a header line; a first line that says just them is passed over.
 *   Empty: the first line is the header.
 */
export function readCsv(text: string, columns: readonly string[] = []): CsvRows {
  const [, said, below] = saysSeparator.exec(text) ?? [];
  const delimiter = said ?? delimiterOf(text, columns.length);
  const lines = parseLines(below ?? text, delimiter);
  const first = lines[0]?.map((name) => name.trim()) ?? [];
  const header = columns.length > 0 ? columns : first;
  const begin = columns.length === 0 || first.join("\n") === columns.join("\n") ? 1 : 0;
  checkHeader(header);
  if (lines.length <= begin)
    throw columns.length > 0
      ? bad("The CSV has no line of values.", `Send at least one line of ${header.length} cells.`)
      : noHeader();

  const rows: Record<string, string>[] = [];
  const faults = new Map<number, RefusalInfo>();
  for (const cells of lines.slice(begin)) {
    if (cells.length !== header.length)
      faults.set(
        rows.length,
        refuse(
          "bad-csv",
          `Line ${rows.length + begin + 1} has ${cells.length} cells, the header ${header.length}.`,
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

const noHeader = (): Refusal =>
  bad(
    "The CSV needs a header line and at least one line below it.",
    "Begin with a line of names, such as temperature,humidity, or name the columns in the node.",
  );

function checkHeader(header: readonly string[]): void {
  const named = header.filter((name) => name !== "");
  if (named.length === 0) throw noHeader();
  const twice = named.find((name, index) => named.indexOf(name) !== index);
  if (twice !== undefined)
    throw bad(`The CSV names the column ${quote(twice)} twice.`, "Give every column a name of its own.");
  const wrong = named.find((name) => forbidden.includes(name));
  if (wrong !== undefined)
    throw new Refusal(refuse("bad-name", `The column name ${quote(wrong)} cannot be used.`, "Choose another name."));
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

/**
 * The separator that stands most often in the first line, outside of quotes. Where the number of cells is known, one that
 * makes so many; the comma last, because it may be a decimal one.
 */
function delimiterOf(text: string, cells: number): string {
  const line = /^\uFEFF?\s*([^\r\n]*)/.exec(text)?.[1] ?? "";
  const plain = line.replace(/"[^"]*"/g, "");
  const counts = delimiters.map((delimiter) => plain.split(delimiter).length);
  const fitting = cells > 1 ? counts.lastIndexOf(cells) : -1;
  return delimiters[fitting >= 0 ? fitting : counts.indexOf(Math.max(...counts))] as string;
}

const bad = (message: string, hint: string): Refusal => new Refusal(refuse("bad-csv", message, hint));
