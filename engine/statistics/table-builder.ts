import { toTime } from "../cleaning/read-times";
import { quote, Refusal, refuse } from "../contract/errors";
import type { Row } from "../contract/messages";
import { own } from "../contract/own";
import { checkedRow, checkRowCount } from "../contract/table";
import { type ColumnBuilder, columnBuilder, holdsNumbers, takeCell } from "./column-builder";
import { groupBuilder } from "./group-builder";
import type { StatisticsColumn, StatisticsTable } from "./statistics-table";

export interface TableOptions {
  /** Columns to describe; empty: all that hold numbers. */
  columns?: readonly string[];
  /** Column that tells groups of rows apart. @default none */
  by?: string;
  /** Column of times. @default none */
  timeColumn?: string;
  /** A table with more rows is refused; 0 is no limit. @default 0 */
  maxRows?: number;
  /** A table with more rows x columns is refused before memory is taken for it. @default 50 million */
  maxCells?: number;
}

/** The rows of a table, or the values of a batch's samples with what the samples say of twin and time. */
export interface RowSource {
  readonly length: number;
  row(index: number): unknown;
  time?(index: number): number;
  /** The twin, which can be grouped by as `id`. */
  id?(index: number): string;
}

export interface TableBuilder {
  /** Does a part of the work, about `cells` cells; returns whether all is done. Throws a {@link Refusal}. */
  step(cells?: number): boolean;
  /** How much is done, 0 to 1. */
  readonly share: number;
  /** Does what is left. */
  finish(): StatisticsTable;
}

const maxColumns = 10_000;

export const rowsOf = (table: readonly unknown[]): RowSource => ({ length: table.length, row: (i) => table[i] });

/**
 * Rows to columns, in one pass: a column begins with the first row that has it, and ends as one of numbers or is left out.
 * Blank cells are missing, never 0.
 */
export function tableBuilder(source: RowSource, options: TableOptions = {}): TableBuilder {
  const { columns: listed = [], by = "", timeColumn = "", maxCells = 50e6 } = options;
  const rows = source.length;
  checkRowCount(rows, options.maxRows ?? 0, "Send fewer rows, or raise maxRows.");
  const isListed = listed.length > 0;
  const roles = [by, timeColumn].filter((name) => name !== "");
  const group = by === "" ? undefined : groupBuilder(by, rows);
  const time = source.time || timeColumn !== "" ? new Float64Array(rows) : undefined;
  const columns: ColumnBuilder[] = [];
  const known = new Set(isListed ? [] : roles);
  let at = 0;

  function begin(name: string): void {
    if (known.has(name)) return;
    known.add(name);
    if (known.size > maxColumns || known.size * rows > maxCells) throw tooLarge(rows, known.size, maxCells);
    columns.push(columnBuilder(name, rows));
  }
  for (const name of listed) begin(name);

  function add(index: number): void {
    const row = checkedRow(source.row(index), index);
    let present = 0;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!;
      const cell = column.isInherited ? own(row, column.name) : row[column.name];
      if (cell !== undefined) present++;
      // The short way for what is there most often.
      if (typeof cell === "number" && cell - cell === 0 && column.values !== undefined) {
        column.values[index] = cell;
        column.numbers++;
      } else takeCell(column, cell, index);
    }
    if (!isListed) {
      const names = Object.keys(row);
      if (names.length > present) discover(row, names, index);
    }
    if (group) group.add(by === "id" && source.id ? source.id(index) : own(row, by), index);
    if (time) time[index] = timeColumn !== "" ? toTime(own(row, timeColumn)) : source.time!(index);
  }

  /** Begins the columns that this row is the first to have. */
  function discover(row: Row, names: readonly string[], index: number): void {
    for (const name of names) {
      if (known.has(name)) continue;
      begin(name);
      takeCell(columns.at(-1)!, row[name], index);
    }
  }

  function step(cells = 20_000): boolean {
    const end = Math.min(rows, at + Math.max(1, Math.floor(cells / Math.max(10, columns.length))));
    for (; at < end; at++) add(at);
    return at === rows;
  }
  return {
    step,
    get share() {
      return at / rows;
    },
    finish() {
      while (!step());
      const missing = isListed ? columns.find(({ isThere }) => !isThere) : undefined;
      if (missing) throw noColumn(missing.name, source);
      return {
        rows,
        ...result(columns, rows, isListed),
        ...(group ? { group: group.finish() } : {}),
        ...(time ? { time } : {}),
      };
    },
  };
}

function result(
  builders: readonly ColumnBuilder[],
  rows: number,
  isListed: boolean,
): Pick<StatisticsTable, "columns" | "skipped" | "warnings"> {
  const columns: StatisticsColumn[] = [];
  const skipped: string[] = [];
  const warnings: string[] = [];
  for (const builder of builders) {
    const { name, texts, infinite, firstText } = builder;
    if (!(isListed ? builder.values !== undefined || texts === 0 : holdsNumbers(builder))) {
      if (isListed) throw noNumbers(builder);
      skipped.push(name);
      continue;
    }
    if (firstText)
      warnings.push(
        `${name}: ${texts} cells with a text count as missing, the first ${quote(firstText.cell)} in row ${firstText.row}.`,
      );
    if (infinite > 0) warnings.push(`${name}: ${infinite} cells with an infinite number count as missing.`);
    columns.push({ name, values: builder.values ?? new Float64Array(rows).fill(Number.NaN), texts, infinite });
  }
  if (columns.length > 0) return { columns, skipped, warnings };
  throw new Refusal(
    refuse(
      "wrong-type",
      skipped.length === 0 ? "The rows have no columns." : `No column holds numbers: ${namesIn(skipped)}.`,
      "Send rows with numbers, or make texts into numbers with twin-clean (convert).",
    ),
  );
}

const tooLarge = (rows: number, columns: number, maxCells: number): Refusal =>
  new Refusal(
    refuse(
      "too-large",
      `The table has ${rows} rows and ${columns} or more columns; ${maxCells} cells and ${maxColumns} columns are the most.`,
      "Name the columns that you want described, or send a part of the rows.",
    ),
  );

const noNumbers = ({ name, texts, firstText }: ColumnBuilder): Refusal =>
  new Refusal(
    refuse(
      "wrong-type",
      `The column ${quote(name)} has ${texts} texts and no numbers, the first ${quote(firstText!.cell)} in row ${firstText!.row}.`,
      "Choose a column of numbers, or make its texts into numbers with twin-clean (convert).",
      { property: name, index: firstText!.row },
    ),
  );

function noColumn(name: string, source: RowSource): Refusal {
  const names = new Set<string>();
  for (let i = 0; i < Math.min(20, source.length); i++)
    for (const there of Object.keys(source.row(i) as Row)) names.add(there);
  return new Refusal(
    refuse("schema-mismatch", `There is no column ${quote(name)}.`, `The table has ${namesIn([...names])}.`, {
      property: name,
    }),
  );
}

const namesIn = (names: readonly string[]): string =>
  names
    .slice(0, 20)
    .map((name) => quote(name))
    .join(", ") + (names.length > 20 ? ` and ${names.length - 20} more` : "");
