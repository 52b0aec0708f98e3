import { medianOf } from "./order-statistics";
import { hasValue } from "./resample-column";
import { createRollingWindow, type RollingWindow } from "./rolling-window";
import type { Feature } from "./row-options";

/** What a feature remembers of the rows before. Bounded: the rows of its lag or window. */
export interface FeatureMemory {
  /** The last `lag` cells, as a ring: the oldest is at `at` once it is full. */
  recent: unknown[];
  at: number;
  window: RollingWindow | undefined;
}

export const newFeatureMemory = (): FeatureMemory => ({ recent: [], at: 0, window: undefined });

/**
 * The feature's value in the next row, null where there is none. As pandas' `shift(lag)`, `diff(lag)` and
 * `rolling(window, min_periods=1)` with `.mean()`, `.std()`, `.min()`, `.max()` or `.median()`; a window of time reaches back from
 * the row's own time, that long ago excluded. A row whose cell is missing takes its place; text is no number.
 *
 * @param cell the property's cleaned value
 * @param ts ms; NaN where unknown, which only a window of time minds: it then stays as it was
 */
export function calculateFeature(feature: Feature, memory: FeatureMemory, cell: unknown, ts: number): unknown {
  const value = typeof cell === "number" && Number.isFinite(cell) ? cell : Number.NaN;
  if (feature.kind === "lag") return past(memory, feature.lag, hasValue(cell) ? cell : null);
  if (feature.kind === "difference") {
    const before = past(memory, feature.lag, value);
    return before === null ? null : finite(value - (before as number));
  }
  const isMoment = feature.kind === "rolling-mean" || feature.kind === "rolling-sd";
  memory.window ??= createRollingWindow(feature.window, isMoment ? "moments" : "order");
  const { window } = memory;
  window.forget(ts);
  window.push(value, ts);
  return finite(statistics[feature.kind](window));
}

const statistics: Record<Exclude<Feature["kind"], "lag" | "difference">, (window: RollingWindow) => number> = {
  "rolling-mean": (window) => window.mean(),
  "rolling-sd": (window) => window.sd(),
  "rolling-min": ({ sorted }) => sorted[0] ?? Number.NaN,
  "rolling-max": ({ sorted }) => sorted.at(-1) ?? Number.NaN,
  "rolling-median": ({ sorted }) => medianOf(sorted),
};

/** Takes in the cell and gives the one that many rows before it; null before there is one. */
function past(memory: FeatureMemory, lag: number, cell: unknown): unknown {
  const { recent } = memory;
  if (recent.length < lag) {
    recent.push(cell);
    return null;
  }
  const before = recent[memory.at];
  recent[memory.at] = cell;
  memory.at = memory.at + 1 === lag ? 0 : memory.at + 1;
  return before;
}

const finite = (n: number): number | null => (Number.isFinite(n) ? n : null);
