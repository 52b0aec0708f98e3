import type { Span } from "./span";

export const duplicateKinds = ["none", "all", "time"] as const;
export const keeps = ["first", "last"] as const;
export const orders = ["keep", "sort", "drop"] as const;
export const resampleMethods = ["mean", "last", "linear"] as const;
export const featureKinds = [
  "lag",
  "difference",
  "rolling-mean",
  "rolling-sd",
  "rolling-min",
  "rolling-max",
  "rolling-median",
] as const;

/** What is done to whole rows, beside the rules: order and duplicates before them, resampling and features after them. */
export interface RowOptions {
  /** Rows older than one before them: stay, are put in order of time, or are dropped. @default keep */
  order: (typeof orders)[number];
  /** Rows that count as the same: with equal values in every column, or with the same time. @default none */
  duplicates: (typeof duplicateKinds)[number];
  /** Which of the same rows stays. @default first */
  keep: (typeof keeps)[number];
  resample: Resampling | undefined;
  features: readonly Feature[];
}

export const noRowOptions: RowOptions = {
  order: "keep",
  duplicates: "none",
  keep: "first",
  resample: undefined,
  features: [],
};

/** One row for each interval of a grid that is aligned to the epoch. */
export interface Resampling {
  /** Width of an interval, ms. */
  stepMs: number;
  /** `mean` and `last` of an interval, or the straight line through the samples around its begin. @default mean */
  method: (typeof resampleMethods)[number];
  /** How far `last` carries a value, and how far apart two samples may be for `linear`, ms. @default Infinity */
  gapMs: number;
}

/** A further column, calculated from a cleaned one. */
export interface Feature {
  property: string;
  kind: (typeof featureKinds)[number];
  /** Of `lag` and `difference`: how many rows back. */
  lag: number;
  /** Of `rolling-*`: the rows or ms it looks back, the present row included. */
  window: Span;
  /** Name of the new column. */
  name: string;
}
