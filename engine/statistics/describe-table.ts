import { Refusal, refuse } from "../contract/errors";
import type { Label } from "../learning/dataset";
import { type Correlation, type CorrelationMethod, correlate } from "./correlate";
import { type ColumnStatistics, describeColumn, workspaceFor } from "./describe-column";
import type { StatisticsColumn, StatisticsTable } from "./statistics-table";

export interface DescribeOptions {
  /** `none` leaves the correlation out, for tables of many columns. @default "pearson" */
  method?: CorrelationMethod | "none";
  /** @default "pairwise" */
  use?: "pairwise" | "complete";
  /** Rows apart: adds each column's autocorrelation, and correlates each with what the others are so many rows later. @default 0 */
  lag?: number;
  /** How much is done, 0 to 1. */
  onProgress?(share: number): void;
}

/** A column's statistics, with what kept cells from counting where there are such. */
export type TableColumnStatistics = ColumnStatistics & { texts?: number; infinite?: number };

export interface Description {
  rows: number;
  columns: Record<string, TableColumnStatistics>;
  /** null where none was asked for. */
  correlation: Correlation | null;
}

/** What `twin-stats` gives for a table. */
export interface TableStatistics extends Description {
  by?: string;
  /** Sorted; `group` null has the rows without a value. */
  groups?: (Description & { group: Label | null })[];
  /** Columns left out because they hold no numbers. */
  skipped?: string[];
  warnings?: string[];
}

/** Coefficients grow with the square of the columns: so many of them still fit in a message. */
const maxCorrelated = 300;
/** Most numbers in an answer with groups. */
const maxNumbers = 2_000_000;

export function describeTable(table: StatisticsTable, options: DescribeOptions = {}): TableStatistics {
  const { columns, group } = table;
  checkAnswer(columns.length, group?.labels.length ?? 0, options.method ?? "pearson");
  const { onProgress = () => {} } = options;
  const parts = group ? 2 : 1;
  const whole = describe(table.rows, columns, { ...options, onProgress: (share) => onProgress(share / parts) });
  for (const { name, texts, infinite } of columns)
    Object.assign(whole.columns[name]!, texts > 0 ? { texts } : {}, infinite > 0 ? { infinite } : {});
  return {
    ...whole,
    ...(group ? { by: group.name, groups: describeGroups(table, options) } : {}),
    ...(table.skipped.length > 0 ? { skipped: table.skipped } : {}),
    ...(table.warnings.length > 0 ? { warnings: table.warnings } : {}),
  };
}

function describe(rows: number, columns: readonly StatisticsColumn[], options: DescribeOptions): Description {
  const { method = "pearson", use, lag = 0, onProgress = () => {} } = options;
  const described: Description["columns"] = {};
  const workspace = workspaceFor(rows);
  columns.forEach(({ name, values }, i) => {
    described[name] = describeColumn(values, lag, workspace);
    onProgress((0.6 * (i + 1)) / columns.length);
  });
  const correlation =
    method === "none"
      ? null
      : correlate(columns, { method, use, lag, onProgress: (share) => onProgress(0.6 + 0.4 * share) });
  return { rows, columns: described, correlation };
}

function describeGroups(
  { rows, columns, group }: StatisticsTable,
  options: DescribeOptions,
): NonNullable<TableStatistics["groups"]> {
  const { labels, codes } = group!;
  const { onProgress = () => {} } = options;
  const sizes = new Uint32Array(labels.length);
  for (let row = 0; row < rows; row++) sizes[codes[row]!]!++;
  // Rows by group, in their order within each.
  const starts = new Uint32Array(labels.length + 1);
  for (let g = 0; g < labels.length; g++) starts[g + 1] = starts[g]! + sizes[g]!;
  const order = new Uint32Array(rows);
  const next = starts.slice();
  for (let row = 0; row < rows; row++) order[next[codes[row]!]!++] = row;
  return labels.map((label, g) => {
    const own = order.subarray(starts[g], starts[g + 1]);
    const theirs = columns.map((column) => ({ ...column, values: rowsOf(column.values, own) }));
    const described = describe(own.length, theirs, { ...options, onProgress: undefined });
    onProgress(0.5 + (0.5 * (g + 1)) / labels.length);
    return { group: label, ...described };
  });
}

function rowsOf(values: Float64Array, rows: Uint32Array): Float64Array {
  const taken = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]!]!;
  return taken;
}

function checkAnswer(columns: number, groups: number, method: string): void {
  if (method !== "none" && columns > maxCorrelated)
    throw new Refusal(
      refuse(
        "too-large",
        `The correlation of ${columns} columns is asked for; ${maxCorrelated} are the most.`,
        "Name fewer columns, or set method to none.",
      ),
    );
  const each = 14 * columns + (method === "none" ? 0 : 5 * columns * columns);
  if (groups * each > maxNumbers)
    throw new Refusal(
      refuse(
        "too-large",
        `${groups} groups of ${columns} columns are too many for one answer.`,
        "Name fewer columns, group by a column with fewer values, or set method to none.",
      ),
    );
}
