import { sgg } from "ml-savitzky-golay-generalized";
import { inTypeOf } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { change, type Lane, type LaneMemory } from "./lane";
import { newestPointWeights } from "./newest-point-weights";
import type { Span } from "./span";

const defaultWindow: Span = { unit: "rows", size: 5 };

/**
 * Savitzky-Golay: each value becomes that of a polynomial fitted to the rows around it. In a table the window is centred,
 * and the first and last rows take the fit of the first and last window, as scipy's `savgol_filter(mode="interp")`. On a
 * stream the window only looks back and the fit is read at its newest point (the causal filter): without delay, smoothing
 * less. Rows count as evenly spaced. A missing cell stays missing and ends the window: what lies between two gaps and is
 * shorter than the window stays as it is.
 */
export function smoothByPolynomial(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  const size = (rule.window ?? defaultWindow).size;
  if (lane.whole) smoothColumn(rule, lane, size);
  else smoothStream(rule, lane, memory, size);
}

function smoothColumn(rule: CleaningRule, lane: Lane, size: number): void {
  const { cells, errors } = lane;
  let run: number[] = [];
  const finish = (): void => {
    if (run.length >= size) {
      // Seen from the first value: what is constant stays exactly what it is.
      const first = cells[run[0]!] as number;
      const series = Float64Array.from(run, (i) => (cells[i] as number) - first);
      const smooth = sgg(series, 1, { windowSize: size, derivative: 0, polynomial: rule.degree });
      for (let j = 0; j < run.length; j++) put(rule, lane, run[j]!, first + smooth[j]!);
    }
    run = [];
  };
  for (let i = 0; i < cells.length; i++) {
    if (errors[i] !== undefined) continue;
    if (typeof cells[i] === "number") run.push(i);
    else finish();
  }
  finish();
}

function smoothStream(rule: CleaningRule, lane: Lane, memory: LaneMemory, size: number): void {
  const { cells, errors } = lane;
  const weights = newestPointWeights(size, rule.degree);
  memory.run ??= [];
  const { run } = memory;
  for (let i = 0; i < cells.length; i++) {
    if (errors[i] !== undefined) continue;
    const cell = cells[i];
    if (typeof cell !== "number") {
      run.length = 0;
      continue;
    }
    if (run.length === size) run.shift();
    run.push(cell);
    if (run.length < size) continue;
    let smooth = 0;
    for (let j = 0; j < size; j++) smooth += weights[j]! * (run[j]! - cell);
    put(rule, lane, i, cell + smooth);
  }
}

function put(rule: CleaningRule, lane: Lane, i: number, value: number): void {
  const smooth = inTypeOf(rule, value);
  if (smooth === lane.cells[i] || !Number.isFinite(smooth)) return;
  lane.cells[i] = smooth;
  lane.flags[i]! |= change.smoothed;
}
