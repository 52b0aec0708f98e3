import { sgg } from "ml-savitzky-golay-generalized";
import { inTypeOf } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { change, type Lane, type LaneMemory } from "./lane";
import { polynomialWeights } from "./polynomial-weights";
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

/** From `begin` on, below `end`: rows without a gap, as places in the list of the column's numbers. */
interface Run {
  begin: number;
  end: number;
}

function smoothColumn(rule: CleaningRule, lane: Lane, size: number): void {
  const { cells, errors } = lane;
  const numbers: number[] = [];
  const runs: Run[] = [];
  let open: Run | undefined;
  for (let i = 0; i < cells.length; i++) {
    if (errors[i] !== undefined) continue;
    if (typeof cells[i] !== "number") {
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = { begin: numbers.length, end: numbers.length };
      runs.push(open);
    }
    open.end = numbers.push(i);
  }
  const long = runs.filter(({ begin, end }) => end - begin >= size);
  if (long.length === 0) return;
  // Seen from the first value of its run, what is constant stays exactly what it is.
  const series = new Float64Array(numbers.length);
  for (const { begin, end } of long)
    for (let j = begin; j < end; j++) series[j] = (cells[numbers[j]!] as number) - (cells[numbers[begin]!] as number);
  // In one call, because each one makes its weights anew: windows across a gap are not used.
  const centred = sgg(series, 1, { windowSize: size, derivative: 0, polynomial: rule.degree });
  const weights = polynomialWeights(size, rule.degree);
  const half = size >> 1;
  for (const { begin, end } of long) {
    const first = cells[numbers[begin]!] as number;
    for (let j = begin; j < end; j++) {
      const from = Math.min(Math.max(j - half, begin), end - size);
      const smooth = from === j - half ? centred[j]! : weighted(weights[j - from]!, series, from);
      put(rule, lane, numbers[j]!, first + smooth);
    }
  }
}

function weighted(weights: Float64Array, values: ArrayLike<number>, from: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! * values[from + i]!;
  return sum;
}

function smoothStream(rule: CleaningRule, lane: Lane, memory: LaneMemory, size: number): void {
  const { cells, errors } = lane;
  const weights = polynomialWeights(size, rule.degree)[size - 1]!;
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
