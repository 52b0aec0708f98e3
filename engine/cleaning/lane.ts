import type { RefusalInfo } from "../contract/errors";
import type { CategoryCodes } from "./category-codes";
import type { RollingWindow } from "./rolling-window";

/** What a step did to a cell: bits, because several can happen to one. */
export const change = {
  converted: 1,
  sentinel: 2,
  outOfRange: 4,
  clamped: 8,
  outlier: 16,
  replaced: 32,
  filled: 64,
  smoothed: 128,
  held: 256,
  stillMissing: 512,
  passedOver: 1024,
  stuck: 2048,
  tooFast: 4096,
  removed: 8192,
} as const;

/** The cells of one property of one twin (or one group of a table's rows), in order: what the steps of a rule work on. */
export interface Lane {
  property: string;
  /** Values as they come, then as they go. null: missing. */
  cells: unknown[];
  /** Milliseconds of each cell; NaN where unknown. Absent in a table without a column of times. */
  times: number[] | undefined;
  /** Bits of {@link change}. */
  flags: number[];
  /** Why a cell drops its row. Cells with one are passed over by all later steps. */
  errors: (RefusalInfo | undefined)[];
  /** Whether the whole column is known, as in a table: mean and median are then those of the column. */
  whole: boolean;
  /** Codes of labels, for a rule that converts to them. */
  categories?: CategoryCodes | undefined;
}

/** What a rule remembers of one property between two lanes. Bounded: windows hold at most their span. */
export interface LaneMemory {
  /** The last value that was there, for ffill; undefined before the first. */
  last: unknown;
  lastTs: number;
  /** Rows that `last` has been carried. */
  carried: number;
  /** The value that has stood since `ts`, for `rows` rows. */
  steady: { value: unknown; ts: number; rows: number } | undefined;
  /** The last value that did not change too fast. */
  slow: { value: number; ts: number } | undefined;
  count: number;
  mean: number;
  median: RollingWindow | undefined;
  outlier: RollingWindow | undefined;
  smooth: RollingWindow | undefined;
  /** NaN before the first value. */
  ewma: number;
  /** The last values without a gap, oldest first, for savitzky-golay. */
  run: number[] | undefined;
  /** The value last passed on by the deadband. NaN before the first. */
  passed: number;
}

export const newMemory = (): LaneMemory => ({
  last: undefined,
  lastTs: Number.NaN,
  carried: 0,
  steady: undefined,
  slow: undefined,
  count: 0,
  mean: 0,
  median: undefined,
  outlier: undefined,
  smooth: undefined,
  ewma: Number.NaN,
  run: undefined,
  passed: Number.NaN,
});

export const timeOf = (lane: Lane, i: number): number => (lane.times === undefined ? Number.NaN : lane.times[i]!);
