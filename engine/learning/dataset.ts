import { type Warning, warningOf } from "./warning";

/** What a class is called: as it stood in the table, text that is a number as that number. */
export type Label = string | number | boolean;

/** One feature: a column of numbers, or of texts as the index of each text in `categories`. NaN where the cell is missing. */
export interface FeatureColumn {
  name: string;
  kind: "number" | "category";
  values: Float64Array;
  /** What the numbers are in, where somebody said so. */
  unit?: string;
  /** The texts that occur, in order of their code points. Only for `category`. */
  categories?: string[];
  /** How many of the values are missing. */
  missing: number;
}

/** What is to be predicted. Never missing: rows without it are dropped when the dataset is built. */
export interface TargetColumn {
  name: string;
  /** The numbers; for classes the index of each row's class in `labels`. */
  values: Float64Array;
  /** The classes, sorted: numbers by size, false before true, texts by code points. Absent for a regression. */
  labels?: Label[];
}

/**
 * A table made ready for learning: one typed array per column, so it can be handed to a worker thread without copying
 * (`buffersOf`). Made by {@link ./dataset-builder}.
 */
export interface Dataset {
  rows: number;
  features: FeatureColumn[];
  target: TargetColumn;
  /** 1 where the split column says `test`. Only for the split `column`. */
  heldOut?: Uint8Array;
  /**
   * Number of the group of each row: by `groupColumn`, or by a column whose name says that rows belong together; for the split
   * `column` of what that column says.
   */
  groups?: Int32Array;
  /** The column that `groups` are of. */
  groupedBy?: string;
  /** What the rows are sorted by for the split `time`; absent: they stand in order already. */
  times?: Float64Array;
  /** Rows left out because the target or, where the algorithm needs it, a feature was missing. */
  dropped: number;
  /** What the reader of a report should know about the data, in sentences. */
  warnings: Warning[];
}

/** The memory behind a dataset, for the transfer list of `postMessage`. */
export function buffersOf(dataset: Dataset): ArrayBuffer[] {
  const arrays = [
    ...dataset.features.map((feature) => feature.values),
    dataset.target.values,
    dataset.heldOut,
    dataset.groups,
    dataset.times,
  ];
  return [...new Set(arrays.flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])))];
}

/** The dataset without the rows in which a feature is missing: for algorithms that cannot learn from such rows. */
export function withoutMissing(dataset: Dataset): Dataset {
  if (dataset.features.every((feature) => feature.missing === 0)) return dataset;
  const kept: number[] = [];
  for (let row = 0; row < dataset.rows; row++) {
    if (dataset.features.every((feature) => !Number.isNaN(feature.values[row]))) kept.push(row);
  }
  const lost = dataset.rows - kept.length;
  const worst = dataset.features.filter((feature) => feature.missing > 0).sort((a, b) => b.missing - a.missing);
  const names = worst.slice(0, 5).map((feature) => `${feature.name} (${feature.missing})`);
  return {
    ...takeRows(dataset, kept),
    dropped: dataset.dropped + lost,
    warnings: [...dataset.warnings, warningOf("rows-left-out", { rows: lost, features: names.join(", ") })],
  };
}

/** The given rows of a dataset, in the given order. Rows that stand together are not copied: their columns are views. `missing` is counted anew. */
export function takeRows(dataset: Dataset, rows: ArrayLike<number>): Dataset {
  const first = rows[0] ?? 0;
  let stands = rows.length > 0;
  for (let i = 1; stands && i < rows.length; i++) stands = rows[i] === first + i;
  const take = <T extends Float64Array | Int32Array | Uint8Array>(from: T, make: new (length: number) => T): T => {
    if (stands) return from.subarray(first, first + rows.length) as T;
    const into = new make(rows.length);
    for (let i = 0; i < rows.length; i++) into[i] = from[rows[i]!]!;
    return into;
  };
  const out: Dataset = {
    ...dataset,
    rows: rows.length,
    features: dataset.features.map((feature) => {
      const values = take(feature.values, Float64Array);
      return { ...feature, values, missing: feature.missing === 0 ? 0 : countMissing(values) };
    }),
    target: { ...dataset.target, values: take(dataset.target.values, Float64Array) },
  };
  if (dataset.heldOut) out.heldOut = take(dataset.heldOut, Uint8Array);
  if (dataset.groups) out.groups = take(dataset.groups, Int32Array);
  if (dataset.times) out.times = take(dataset.times, Float64Array);
  return out;
}

export function countMissing(values: Float64Array): number {
  let missing = 0;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) missing++;
  return missing;
}
