/** What a picture is made of: columns of equal length, as typed arrays, so that a request crosses to a worker without a copy. */
export interface PlotRequest {
  kind: PlotKind;
  columns: readonly PlotColumn[];
  /** Group of each row, which colours points and splits boxes; null is a row of no group. */
  group?: PlotGroup;
  /** Instant of each row in ms since 1970-01-01 UTC, for `series`; without it the row number is drawn. NaN is a row without time. */
  time?: Float64Array;
  /** Length of every column. */
  rows: number;
  /** Points that a scatter panel may show; of more a sample is drawn, or they are counted in hexagons. */
  maxPoints: number;
  language: PlotLanguage;
  /** `auto` follows the reader's `prefers-color-scheme`; paper is always light. @default "auto" */
  theme?: PlotTheme;
  title?: string;
  /** Coefficients that are known already; without them Pearson's are computed, pairwise complete. */
  correlation?: PlotCorrelation;
}

export const plotKinds = ["pair", "histogram", "correlation", "box", "series"] as const;
export type PlotKind = (typeof plotKinds)[number];
export type PlotLanguage = "en-US" | "zh-CN";
export type PlotTheme = "auto" | "light" | "dark";

export interface PlotColumn {
  name: string;
  /** What is written instead of the name. */
  label?: string;
  unit?: string;
  /** NaN is missing; an infinite value cannot be drawn and is told of. */
  values: Float64Array;
  /** Specification limits and target, in the column's unit. */
  lsl?: number;
  target?: number;
  usl?: number;
}

export interface PlotGroup {
  /** The column that tells the groups apart. */
  name: string;
  /** One a row. */
  values: readonly (string | null)[];
}

/** Coefficients as `twin-stats` gives them, rows and columns in the order of `columns`; null where there is none. */
export interface PlotCorrelation {
  method: "pearson" | "spearman";
  /** `complete` left out every row in which any column is missing. @default "pairwise" */
  use?: "pairwise" | "complete";
  columns: readonly string[];
  matrix: readonly (readonly (number | null)[])[];
  /** Rows that each coefficient rests on. */
  n?: readonly (readonly number[])[];
  /** Two-sided p-values. */
  p?: readonly (readonly (number | null)[])[];
}
