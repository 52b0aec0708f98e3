import { type RefusalInfo, refuse } from "../contract/errors";
import type { Quality, Sample, Values } from "../contract/messages";
import { timeText } from "./order-of-time";
import { hasValue, lineThrough } from "./resample-column";
import type { Resampling } from "./row-options";

/** Grid points that one sample lets leave at most: beyond that the grid begins anew with it. */
export const maxPointsAtOnce = 1000;
/** Most properties of a twin, as many as twin-ingest lets through. */
const maxProperties = 2000;

interface Reading {
  value: unknown;
  ts: number;
  quality: Quality | undefined;
}

/** What is known of one property. */
interface GridCell {
  /** Numbers of the open interval, and their mean. */
  count: number;
  mean: number;
  /** Whether the open interval has a value. */
  own: boolean;
  /** The worst quality among the values of the open interval. */
  worst: Quality | undefined;
  /** The latest value at all. */
  last: Reading | undefined;
  /** `linear`: the latest value up to the open point, and the earliest one after it. */
  before: Reading | undefined;
  after: Reading | undefined;
}

/** The grid of one twin. Bounded: a few numbers for each property. */
export interface GridMemory {
  /** Begin of the interval that is open, ms. NaN before the first sample. */
  open: number;
  /** A point has left already, so that a missing value is told. */
  begun: boolean;
  /** Samples of the open interval may be lost: what is known of it is uncertain. */
  shaken: boolean;
  model: string | undefined;
  cells: Map<string, GridCell>;
}

export const newGridMemory = (): GridMemory => ({
  open: Number.NaN,
  begun: false,
  shaken: false,
  model: undefined,
  cells: new Map(),
});

/** What a sample made leave: `late` when it came too late to count. */
export interface GridStep {
  late: boolean;
  points: Sample[];
  carried: number;
  missing: number;
  /** Points that were left out, because there would have been more than a thousand. */
  skipped: number;
}

/**
 * Takes in the next sample of a twin. A grid point leaves when a sample of a later interval comes, so the points are those of
 * {@link ./resample-column} on a table, as far as they can be known by then: for `linear` a property's next value counts when it comes
 * within the point's interval or with the sample that ends it.
 */
export function addToGrid(resampling: Resampling, grid: GridMemory, sample: Sample): GridStep {
  const { stepMs, method } = resampling;
  const interval = Math.floor(sample.ts / stepMs) * stepMs;
  const step: GridStep = { late: false, points: [], carried: 0, missing: 0, skipped: 0 };
  if (Number.isNaN(grid.open)) {
    grid.open = interval;
    // A point before the first sample has nothing to stand on.
    grid.begun = method !== "linear" || sample.ts === interval;
  }
  if (interval < grid.open) return { ...step, late: true };
  if (interval > grid.open) {
    const points = (interval - grid.open) / stepMs;
    leave(resampling, grid, sample, grid.open, step);
    if (points > maxPointsAtOnce) {
      step.skipped = points - 1;
      grid.cells.clear();
      grid.begun = method !== "linear" || sample.ts === interval;
    } else {
      closeInterval(grid);
      for (let p = 1; p < points; p++) leave(resampling, grid, sample, grid.open + p * stepMs, step);
    }
    grid.open = interval;
    grid.shaken = false;
  }
  take(grid, sample);
  return step;
}

export const tooLateForGrid = ({ id, ts }: Sample, grid: GridMemory): RefusalInfo =>
  refuse(
    "out-of-order",
    `This sample of ${id} is of ${timeText(ts)}, and the grid of the twin is at ${timeText(grid.open)} already.`,
    "Its interval has left. Write samples to history before they are resampled, to keep late ones.",
  );

/** Lets a point leave. Its interval is the open one, or a later one without any sample. */
function leave(resampling: Resampling, grid: GridMemory, by: Sample, point: number, step: GridStep): void {
  const values: Values = {};
  const quality: Record<string, Quality> = {};
  let isAnything = grid.begun;
  for (const [name, cell] of grid.cells) {
    const found = valueAt(resampling, cell, readingOf(by, name), point);
    let how = found.quality;
    if (found.value === null) {
      step.missing++;
      how = "bad";
    } else {
      isAnything = true;
      if (found.carried) step.carried++;
      if (grid.shaken) how = worse(how, "uncertain");
    }
    values[name] = found.value as Values[string];
    if (how !== undefined && how !== "good") quality[name] = how;
  }
  grid.begun = true;
  if (!isAnything || grid.cells.size === 0) {
    step.missing -= grid.cells.size;
    return;
  }
  step.points.push({
    id: by.id,
    ts: point,
    values,
    ...(Object.keys(quality).length > 0 ? { quality } : {}),
    ...(grid.model === undefined ? {} : { model: grid.model }),
  });
}

interface Found {
  value: unknown;
  quality: Quality | undefined;
  carried?: boolean;
}

const nothing: Found = { value: null, quality: "bad" };

function valueAt({ method, gapMs }: Resampling, cell: GridCell, ending: Reading | undefined, point: number): Found {
  if (method === "linear") {
    const { before } = cell;
    const after = cell.after ?? ending;
    if (before?.ts === point) return before;
    if (!before || !after) return nothing;
    const value = lineThrough(before.value, before.ts, after.value, after.ts, point, gapMs);
    return { value, quality: worse(before.quality, after.quality) };
  }
  if (method === "mean" && cell.count > 0) return { value: cell.mean, quality: cell.worst };
  const { last } = cell;
  if (!last) return nothing;
  if (cell.own) return last;
  if (method === "mean" || point - last.ts > gapMs) return nothing;
  return { value: last.value, quality: worse(last.quality, "uncertain"), carried: true };
}

function closeInterval(grid: GridMemory): void {
  for (const cell of grid.cells.values()) {
    cell.count = 0;
    cell.mean = 0;
    cell.own = false;
    cell.worst = undefined;
    cell.before = cell.last;
    cell.after = undefined;
  }
}

/** Takes a sample into the open interval. */
function take(grid: GridMemory, sample: Sample): void {
  grid.model = sample.model;
  for (const name of Object.keys(sample.values)) {
    if (name === "__proto__") continue;
    let cell = grid.cells.get(name);
    if (!cell) {
      if (grid.cells.size >= maxProperties) grid.cells.delete(grid.cells.keys().next().value as string);
      cell = newCell();
      grid.cells.set(name, cell);
    }
    const reading = readingOf(sample, name);
    if (!reading) continue;
    if (typeof reading.value === "number") cell.mean += (reading.value - cell.mean) / ++cell.count;
    cell.own = true;
    cell.worst = worse(cell.worst, reading.quality);
    if (!cell.last || reading.ts >= cell.last.ts) cell.last = reading;
    if (reading.ts === grid.open) cell.before = reading;
    else if (!cell.after || reading.ts < cell.after.ts) cell.after = reading;
  }
}

function readingOf({ ts, values, quality }: Sample, name: string): Reading | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : null;
  return hasValue(value) ? { value, ts, quality: quality?.[name] } : undefined;
}

const newCell = (): GridCell => ({
  count: 0,
  mean: 0,
  own: false,
  worst: undefined,
  last: undefined,
  before: undefined,
  after: undefined,
});

const ranks: Record<Quality, number> = { good: 0, uncertain: 1, bad: 2 };

function worse(a: Quality | undefined, b: Quality | undefined): Quality | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return ranks[a] >= ranks[b] ? a : b;
}
