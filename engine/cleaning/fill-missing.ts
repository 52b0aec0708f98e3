import { refuse } from "../contract/errors";
import { inTypeOf } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { streamWindow } from "./find-outliers";
import { change, type Lane, type LaneMemory, timeOf } from "./lane";
import { meanOf, medianOf } from "./order-statistics";
import { createRollingWindow } from "./rolling-window";

/**
 * What happens to a missing cell. In a table every strategy gives what pandas gives: `fillna(value)`, `ffill(limit)`,
 * `bfill(limit)`, `fillna(mean())`, `fillna(median())`, `interpolate(limit, limit_area="inside")`. On a stream `ffill`
 * goes on from the last value; `mean` is that of all values so far and `median` that of the last ones in the window (100
 * by default); `bfill` and `linear` need the next value, so they see as far as the batch goes and do nothing on a single
 * sample. What cannot be filled stays missing and is counted.
 */
export function fillMissing(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  if (rule.missing === "ffill") carryForward(rule, lane, memory);
  else if (rule.missing === "bfill") carryBackward(rule, lane);
  else if (rule.missing === "linear") interpolate(rule, lane);
  else if (rule.missing === "mean" || rule.missing === "median") {
    if (lane.whole) fillWithColumn(rule, lane);
    else if (rule.missing === "mean") fillWithRunningMean(rule, lane, memory);
    else fillWithWindowMedian(rule, lane, memory);
  }
  const { cells, errors, flags } = lane;
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] !== null || errors[i] !== undefined) continue;
    if (rule.missing === "constant") put(lane, i, rule.fill);
    else if (rule.missing === "drop")
      errors[i] = refuse(
        "missing",
        `${lane.property} is missing.`,
        "Send a value, or have the rule fill it (constant, ffill, mean, ...) or keep the row.",
        { property: lane.property },
      );
    else flags[i]! |= change.stillMissing;
  }
}

/** A result that is no finite number (of values near the largest one) fills nothing. */
function put(lane: Lane, i: number, value: unknown): void {
  if (typeof value === "number" && !Number.isFinite(value)) return;
  lane.cells[i] = value;
  lane.flags[i]! |= change.filled;
}

/** Cells of dropped rows, and text that a rule for `*` passes over, are neither carried nor counted. */
const isOut = (lane: Lane, i: number): boolean =>
  lane.errors[i] !== undefined || (lane.flags[i]! & change.passedOver) !== 0;

function carryForward(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  for (let i = 0; i < lane.cells.length; i++) {
    if (isOut(lane, i)) continue;
    const ts = timeOf(lane, i);
    const cell = lane.cells[i];
    if (cell !== null) {
      memory.last = cell;
      memory.lastTs = ts;
      memory.carried = 0;
    } else if (memory.last !== undefined) {
      memory.carried++;
      if (reaches(rule, memory.carried, ts - memory.lastTs)) put(lane, i, memory.last);
    }
  }
}

function carryBackward(rule: CleaningRule, lane: Lane): void {
  let next: unknown;
  let nextTs = Number.NaN;
  let carried = 0;
  for (let i = lane.cells.length - 1; i >= 0; i--) {
    if (isOut(lane, i)) continue;
    const ts = timeOf(lane, i);
    const cell = lane.cells[i];
    if (cell !== null) {
      next = cell;
      nextTs = ts;
      carried = 0;
    } else if (next !== undefined) {
      carried++;
      if (reaches(rule, carried, nextTs - ts)) put(lane, i, next);
    }
  }
}

/** A value is never carried against time: a late row is not filled with what came true after it. */
function reaches(rule: CleaningRule, rows: number, ms: number): boolean {
  if (ms < 0) return false;
  const { maxGap } = rule;
  if (maxGap === undefined) return true;
  return maxGap.unit === "rows" ? rows <= maxGap.size : ms <= maxGap.size;
}

/** Interior gaps only. By time, a gap whose times are unknown or do not rise stays open. */
function interpolate(rule: CleaningRule, lane: Lane): void {
  const { cells, errors } = lane;
  const gap: number[] = [];
  let left: number | undefined;
  let leftTs = Number.NaN;
  for (let i = 0; i < cells.length; i++) {
    if (errors[i] !== undefined) continue;
    const cell = cells[i];
    if (cell === null) {
      if (left !== undefined) gap.push(i);
      continue;
    }
    if (typeof cell !== "number") continue;
    const ts = timeOf(lane, i);
    if (left !== undefined && gap.length > 0) {
      const byTime = rule.by === "time";
      const width = byTime ? ts - leftTs : gap.length + 1;
      // As numpy.interp calculates, so that the results agree to the last digit.
      const slope = (cell - left) / width;
      for (let j = 0; j < gap.length; j++) {
        const ms = timeOf(lane, gap[j]!) - leftTs;
        const along = byTime ? ms : j + 1;
        if (along >= 0 && along <= width && width > 0 && reaches(rule, j + 1, ms))
          put(lane, gap[j]!, inTypeOf(rule, slope * along + left));
      }
    }
    gap.length = 0;
    left = cell;
    leftTs = ts;
  }
}

function fillWithColumn(rule: CleaningRule, lane: Lane): void {
  const { cells, errors } = lane;
  let values: Float64Array | undefined;
  let value = 0;
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] !== null || errors[i] !== undefined) continue;
    if (values === undefined) {
      values = Float64Array.from(
        cells.filter((cell, j): cell is number => errors[j] === undefined && typeof cell === "number"),
      );
      value = inTypeOf(rule, rule.missing === "mean" ? meanOf(values) : medianOf(values.sort()));
    }
    put(lane, i, value);
  }
}

function fillWithRunningMean(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  for (let i = 0; i < lane.cells.length; i++) {
    const cell = lane.cells[i];
    if (lane.errors[i] !== undefined) continue;
    if (typeof cell === "number") memory.mean += (cell - memory.mean) / ++memory.count;
    else if (cell === null && memory.count > 0) put(lane, i, inTypeOf(rule, memory.mean));
  }
}

function fillWithWindowMedian(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  memory.median ??= createRollingWindow(rule.window ?? streamWindow);
  const window = memory.median;
  for (let i = 0; i < lane.cells.length; i++) {
    const cell = lane.cells[i];
    const ts = timeOf(lane, i);
    if (lane.errors[i] !== undefined) continue;
    window.forget(ts);
    if (typeof cell === "number") window.push(cell, ts);
    else if (cell === null && window.sorted.length > 0) put(lane, i, inTypeOf(rule, medianOf(window.sorted)));
  }
}
