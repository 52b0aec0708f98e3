import { inTypeOf } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { change, type Lane, type LaneMemory, timeOf } from "./lane";
import { medianOf } from "./order-statistics";
import { createRollingWindow } from "./rolling-window";
import type { Span } from "./span";

const defaultWindow: Span = { unit: "rows", size: 5 };

/**
 * Mean or median of the last `window` rows, the present one included, as pandas' `rolling(window, min_periods=1)`; or an
 * exponentially weighted mean as `ewm(span=window, adjust=False, ignore_na=True)`. Looks back only, so a stream and a table give the same.
 * A missing cell stays missing.
 */
export function smoothValues(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  const { cells, errors, flags } = lane;
  const span = rule.window ?? defaultWindow;
  const ewma = rule.smooth === "ewma";
  const alpha = 2 / (span.size + 1);
  if (!ewma) memory.smooth ??= createRollingWindow(span, rule.smooth === "mean" ? "moments" : "order");
  for (let i = 0; i < cells.length; i++) {
    if (errors[i] !== undefined) continue;
    const cell = cells[i];
    const ts = timeOf(lane, i);
    const value = typeof cell === "number" ? cell : Number.NaN;
    if (memory.smooth) {
      memory.smooth.forget(ts);
      memory.smooth.push(value, ts);
    }
    if (Number.isNaN(value)) continue;
    let smooth: number;
    if (ewma) {
      smooth = Number.isNaN(memory.ewma) ? value : memory.ewma + alpha * (value - memory.ewma);
      memory.ewma = smooth;
    } else smooth = rule.smooth === "mean" ? memory.smooth!.mean() : medianOf(memory.smooth!.sorted);
    smooth = inTypeOf(rule, smooth);
    if (smooth === value || !Number.isFinite(smooth)) continue;
    cells[i] = smooth;
    flags[i]! |= change.smoothed;
  }
}
