import { quote, Refusal, refuse } from "../contract/errors";
import type { Row, Table } from "../contract/messages";
import { own } from "../contract/own";
import { checkedRow } from "../contract/table";
import { categoryOfCell, compareLabels, labelOfCell, numberOfCell } from "./cells";
import type { Dataset, FeatureColumn, Label } from "./dataset";
import {
  checkPresent,
  checkTable,
  checkTarget,
  columnScan,
  kindOfFeature,
  type Seen,
  specialColumns,
} from "./dataset-columns";
import { isGroupName } from "./group-name";
import { numbering } from "./numbering";
import { type Warning, warningOf } from "./warning";

export interface DatasetOptions {
  target: string;
  task: "regression" | "classification";
  /** Empty or absent: every column but the target and the split and group columns. */
  features?: readonly string[];
  split?: "random" | "stratified" | "time" | "group" | "column";
  /** For the split `column`: the rows saying `test` here are held out. For `time`: what to sort by; absent, the rows' order. */
  splitColumn?: string;
  groupColumn?: string;
  /** Unit of a column's numbers, such as °C. */
  unitOf?(column: string): string | undefined;
  /** A table with more rows is refused; 0 is no limit. @default 0 */
  maxRows?: number;
  /** A table with more rows x columns is refused before memory is taken for it. @default 50 million */
  maxCells?: number;
}

export interface DatasetBuilder {
  /**
   * Does a part of the work, about `cells` cells of the table (50,000 take some milliseconds), so that the caller can let
   * other work go on in between. Returns whether all is done. Throws a {@link Refusal}.
   */
  step(cells?: number): boolean;
  /** Does what is left. */
  finish(): Dataset;
}

/** Most classes that a classifier may be asked to tell apart. */
const maxClasses = 256;

/** The whole conversion at once. For big tables on a thread that has other work, use {@link datasetBuilder}. */
export const buildDataset = (table: Table, options: DatasetOptions): Dataset => datasetBuilder(table, options).finish();

/**
 * Makes a dataset of a table in two passes: the first finds out which columns there are and what they hold, the second
 * converts. Blank cells are missing, never 0. Rows with a missing target are dropped and counted. A feature whose cells are
 * texts becomes categories; a column of numbers with a few texts in it is refused, because a text among measurements is a
 * fault that somebody should see.
 */
export function datasetBuilder(table: Table, options: DatasetOptions): DatasetBuilder {
  checkTable(table, options);
  const listed = [...new Set(options.features ?? [])];
  const special = specialColumns(options);
  if (listed.includes(options.target))
    throw new Refusal(
      refuse("bad-request", `The target ${quote(options.target)} is also a feature.`, "Take it off the features."),
    );
  const scan = columnScan([...special.all, ...listed], listed.length === 0);
  let conversion: Conversion | undefined;
  let at = 0;
  let done = false;

  function step(cells = 50_000): boolean {
    const end = Math.min(table.length, at + Math.max(1, Math.floor(cells / Math.max(1, scan.columns.size))));
    if (conversion) for (; at < end; at++) conversion.add(table[at]!);
    else for (; at < end; at++) scan.look(checkedRow(table[at], at));
    if (at < table.length) return false;
    if (conversion) return true;
    conversion = conversionOf(table, scan.columns, options);
    at = 0;
    return false;
  }
  return {
    step: (cells) => {
      done = done || step(cells);
      return done;
    },
    finish() {
      while (!done) done = step();
      return conversion!.result();
    },
  };
}

interface Conversion {
  add(row: Row): void;
  result(): Dataset;
}

function conversionOf(table: Table, columns: Map<string, Seen>, options: DatasetOptions): Conversion {
  const { target, split, splitColumn = "", groupColumn = "" } = options;
  const warnings: Warning[] = [];
  const names = featureNames(table, columns, options, warnings);
  checkTarget(columns.get(target)!, table, options.task);
  checkSize(table.length, names.length + 1, options.maxCells ?? 50e6);

  const features = names.map((name): FeatureColumn => {
    const kind = kindOfFeature(columns.get(name)!, table);
    const unit = kind === "number" && options.unitOf?.(name);
    return { name, kind, values: new Float64Array(table.length), ...(unit ? { unit } : {}), missing: 0 };
  });
  const categories = features.map((feature) => (feature.kind === "category" ? numbering<string>() : undefined));
  const targetValues = new Float64Array(table.length);
  const labels = options.task === "classification" ? numbering<Label>() : undefined;
  const groupNumbers = numbering<string>();
  const heldOut = split === "column" ? new Uint8Array(table.length) : undefined;
  const groupedBy =
    split === "column" ? splitColumn : groupColumn || (Object.keys(table[0] ?? {}).find(isGroupName) ?? "");
  const groups = groupedBy === "" ? undefined : new Int32Array(table.length);
  const times = split === "time" && splitColumn !== "" ? new Float64Array(table.length) : undefined;
  let rows = 0;
  let index = -1;

  function add(row: Row): void {
    index++;
    const value = labels ? labelNumber(own(row, target)) : numberOfCell(own(row, target));
    if (Number.isNaN(value)) return;
    targetValues[rows] = value;
    for (let f = 0; f < features.length; f++) {
      const feature = features[f]!;
      const cell = own(row, feature.name);
      const coder = categories[f];
      const number = coder ? codeOf(coder, categoryOfCell(cell)) : numberOfCell(cell);
      if (Number.isNaN(number)) feature.missing++;
      feature.values[rows] = number;
    }
    if (heldOut) heldOut[rows] = categoryOfCell(own(row, splitColumn))?.toLowerCase() === "test" ? 1 : 0;
    if (groups) groups[rows] = groupNumbers.of(categoryOfCell(own(row, groupedBy)) ?? "");
    if (times) times[rows] = timeOf(own(row, splitColumn), splitColumn, index);
    rows++;
  }
  function labelNumber(cell: unknown): number {
    const label = labelOfCell(cell);
    if (label === undefined) return Number.NaN;
    const number = labels!.of(label);
    if (number < maxClasses) return number;
    throw new Refusal(
      refuse(
        "wrong-type",
        `The target ${quote(target)} has more than ${maxClasses} different values; a classifier tells classes apart.`,
        "Use forest-regressor for a measured number, or choose a column with few different values.",
        { property: target },
      ),
    );
  }

  function result(): Dataset {
    for (let f = 0; f < features.length; f++) {
      const feature = features[f]!;
      feature.values = feature.values.subarray(0, rows);
      const coder = categories[f];
      if (!coder) continue;
      feature.categories = coder.sorted((a, b) => (a < b ? -1 : a > b ? 1 : 0), feature.values);
      const count = feature.categories.length;
      if (count > 20 && count > rows / 2)
        warnings.push(warningOf("many-texts", { column: feature.name, texts: count, rows }));
    }
    return {
      rows,
      features,
      target: {
        name: target,
        values: targetValues.subarray(0, rows),
        ...(labels ? { labels: labels.sorted(compareLabels, targetValues.subarray(0, rows)) } : {}),
      },
      ...(heldOut ? { heldOut: heldOut.subarray(0, rows) } : {}),
      ...(groups ? { groups: groups.subarray(0, rows), groupedBy } : {}),
      ...(times ? { times: times.subarray(0, rows) } : {}),
      dropped: table.length - rows,
      warnings,
    };
  }
  return { add, result };
}

function codeOf(categories: { of(text: string): number }, text: string | undefined): number {
  return text === undefined ? Number.NaN : categories.of(text);
}

/** The listed features, or every column that has a value and no other role. */
function featureNames(
  table: Table,
  columns: Map<string, Seen>,
  options: DatasetOptions,
  warnings: Warning[],
): string[] {
  const special = specialColumns(options);
  for (const name of [...special.needed, ...(options.features ?? [])]) checkPresent(table, columns.get(name)!);
  if (options.features && options.features.length > 0) return [...new Set(options.features)];
  const names: string[] = [];
  for (const column of columns.values()) {
    if (special.all.includes(column.name)) continue;
    if (column.count.missing === table.length) warnings.push(warningOf("column-empty", { column: column.name }));
    else names.push(column.name);
  }
  if (names.length === 0)
    throw new Refusal(
      refuse(
        "schema-mismatch",
        `Besides the target ${quote(options.target)} the table has no column to learn from.`,
        "Send rows with at least one more column.",
      ),
    );
  return names;
}

function checkSize(rows: number, columns: number, maxCells: number): void {
  if (rows * columns > maxCells)
    throw new Refusal(
      refuse(
        "too-large",
        `${rows} rows x ${columns} columns are ${rows * columns} cells, more than ${maxCells}.`,
        "List fewer features, or train on a part of the rows.",
      ),
    );
}

/** Something to sort by: a number, a date, or a text that is a date. */
function timeOf(cell: unknown, column: string, index: number): number {
  let time = numberOfCell(cell);
  if (Number.isNaN(time) && typeof cell === "string") time = Date.parse(cell.trim());
  if (!Number.isNaN(time)) return time;
  throw new Refusal(
    refuse(
      "bad-time",
      `Row ${index} has ${quote(cell)} as its time.`,
      `Give every row a number or a date in ${column}.`,
      { property: column, index },
    ),
  );
}
