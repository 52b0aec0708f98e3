import type { Label } from "../learning/dataset";

/** One column of numbers, and what its cells held that were none. */
export interface StatisticsColumn {
  name: string;
  /** NaN is missing. */
  values: Float64Array;
  /** Cells with a text or an object; they count as missing. */
  texts: number;
  /** Cells with an infinite number; they count as missing. */
  infinite: number;
}

/** The group of each row. */
export interface GroupColumn {
  name: string;
  /** Sorted; null, for rows without one, is the last. */
  labels: (Label | null)[];
  /** Index in `labels`, one a row. */
  codes: Int32Array;
}

/**
 * A table made ready for statistics: one typed array a column, so it can be handed to a worker thread without copying
 * ({@link buffersOf}). Made by {@link ./table-builder}.
 */
export interface StatisticsTable {
  rows: number;
  columns: StatisticsColumn[];
  group?: GroupColumn;
  /** Ms since 1970-01-01 UTC, one a row; NaN where a row has none. */
  time?: Float64Array;
  /** Columns that were left out because they hold no numbers, or too few among texts. */
  skipped: string[];
  /** What a reader should know, in sentences. */
  warnings: string[];
}

/** The memory behind a table, for the transfer list of `postMessage`. */
export function buffersOf({ columns, group, time }: StatisticsTable): ArrayBuffer[] {
  const arrays = [...columns.map(({ values }) => values), group?.codes, time];
  return [...new Set(arrays.flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])))];
}
