import { Refusal, type RefusalInfo, refuse } from "../contract/errors";
import type { Row, Sample } from "../contract/messages";
import { cleanTable } from "./clean-table";
import { cellOf } from "./cleaning-report";
import type { CleaningRule } from "./cleaning-rule";
import type { CleaningTrace } from "./cleaning-trace";
import { createCleaner } from "./create-cleaner";
import { change } from "./lane";
import { timeColumnOf, toTime } from "./read-times";
import type { RowOptions } from "./row-options";

/** What a node got last: samples by the message in which they came, oldest first, or the first rows of a table. */
export type RecentData = { kind: "samples"; messages: Sample[][] } | { kind: "table"; rows: Row[]; of: number };

export interface PreviewSettings {
  rules: readonly CleaningRule[];
  rows: RowOptions;
  timeColumn: string;
  groupBy: string;
}

export type ChangeName = keyof typeof change;

export interface PreviewCell {
  /** null: missing, or not there. */
  before: unknown;
  after: unknown;
  changes: ChangeName[];
}

export interface PreviewRow {
  /** Place among the rows that were kept. */
  index: number;
  /** ms, where known. */
  ts?: number;
  dropped?: RefusalInfo;
  cells: Record<string, PreviewCell>;
}

export interface CleaningPreview {
  kind: RecentData["kind"];
  /** Twins that samples are kept of, and the one that is shown. */
  twins: string[];
  twin: string;
  /** Rows of the whole table. */
  of?: number;
  /** Every property that came, for a form to offer. */
  seen: string[];
  /** Those shown: what the rules speak of, and new ones. */
  columns: string[];
  rows: PreviewRow[];
  /** Cells of the rows that go on, by what was done. */
  counts: Partial<Record<ChangeName, number>>;
  dropped: number;
  /** What leaves in place of the rows where they are resampled: the last points. */
  grid: GridPoint[];
}

export interface GridPoint {
  ts: number;
  values: Row;
}

const maxColumns = 12;
const maxPoints = 500;
/** A grid is finer than was meant while its width is being typed: that must not hold up the runtime. */
const maxGrid = 20_000;
const maxSeen = 500;

/**
 * What these settings make of what came last, before and after, cell by cell. A stream is cleaned anew from the oldest
 * sample that was kept, message by message; nothing is remembered. Throws what `cleanTable` throws.
 *
 * @param wanted the twin to show; else the one that most samples are of
 */
export function previewCleaning(recent: RecentData, settings: PreviewSettings, wanted = ""): CleaningPreview {
  const { rules, rows: rowOptions, timeColumn, groupBy } = settings;
  const seen: Traced[] = [];
  const grid: GridPoint[] = [];
  const checkGrid = (times: readonly number[]): void => {
    const known = times.filter((ts) => !Number.isNaN(ts));
    const points = rowOptions.resample ? (Math.max(...known) - Math.min(...known)) / rowOptions.resample.stepMs : 0;
    if (points <= maxGrid) return;
    const hint = `Choose a wider one: a preview has at most ${maxGrid}.`;
    throw new Refusal(refuse("too-large", `The grid would have ${Math.ceil(points)} points.`, hint));
  };
  if (recent.kind === "table") {
    const { rows, of } = recent;
    const time = timeColumnOf(rows, timeColumn);
    const tsOf = (row: Row): number => (time === undefined ? Number.NaN : toTime(row[time]));
    checkGrid(rows.map(tsOf));
    const trace = (t: CleaningTrace<Row>) => void seen.push(...tracedOf(t, (row) => ({ values: row, ts: tsOf(row) })));
    const cleaned = cleanTable(rows, rules, { ...rowOptions, timeColumn, groupBy, trace });
    const left = cleaned.rows.map((values) => ({ values, ts: tsOf(values) }));
    settle(seen, 0, left, cleaned.from, grid);
    return { kind: "table", twins: [], twin: "", of, ...shown(seen, grid, settings) };
  }
  const { messages } = recent;
  const samplesOf = new Map<string, number>();
  for (const { id } of messages.flat()) samplesOf.set(id, (samplesOf.get(id) ?? 0) + 1);
  const twins = [...samplesOf.keys()].sort();
  const most = twins.reduce((a, b) => (samplesOf.get(b)! > samplesOf.get(a)! ? b : a), twins[0] ?? "");
  const twin = samplesOf.has(wanted) ? wanted : most;
  checkGrid(messages.flat().map(({ ts }) => ts));
  const trace = (t: CleaningTrace<Sample>) => void seen.push(...tracedOf(t, (sample) => sample));
  const cleaner = createCleaner(rules, { ...rowOptions, trace });
  for (const message of messages) {
    const start = seen.length;
    const { samples, from } = cleaner.clean(message.filter(({ id }) => id === twin));
    settle(seen, start, samples, from, grid);
  }
  return { kind: "samples", twins, twin, ...shown(seen, grid, settings) };
}

/** What leaves: with its new columns beside what came, or on a grid, whose points are new. */
function settle(
  seen: readonly Traced[],
  start: number,
  left: readonly { values: Row; ts: number }[],
  from: readonly number[] | undefined,
  grid: GridPoint[],
): void {
  left.forEach(({ values, ts }, i) => {
    if (from) seen[start + from[i]!]!.after = values;
    else grid.push({ ts, values });
  });
}

/** One row: as it came, as it went, and the bits of what was done by property. */
interface Traced {
  before: Row;
  after: Row;
  ts: number;
  error: RefusalInfo | undefined;
  flags: Map<string, number>;
}

function tracedOf<T>(trace: CleaningTrace<T>, read: (item: T) => { values: Row; ts: number }): Traced[] {
  const { items, outs, errors, touches } = trace;
  const all = items.map((item, i): Traced => {
    const { values, ts } = read(item);
    return { before: values, after: outs[i] ?? values, ts, error: errors[i], flags: new Map() };
  });
  for (const { property, rows, flags } of touches)
    rows.forEach((row, i) => {
      const of = all[row]!.flags;
      // What one rule leaves missing, a later one may fill.
      const had = (of.get(property) ?? 0) & ~(flags[i]! & change.filled ? change.stillMissing : 0);
      of.set(property, had | flags[i]!);
    });
  return all;
}

function shown(
  traced: Traced[],
  grid: readonly GridPoint[],
  { rules, rows: { order, features } }: PreviewSettings,
): Omit<CleaningPreview, "kind" | "twins" | "twin" | "of"> {
  const seen = [...new Set(traced.flatMap(({ before }) => Object.keys(before)))];
  const touched = new Set(traced.flatMap(({ flags }) => [...flags.keys()]));
  const made = features.map(({ name }) => name).slice(0, maxColumns / 2);
  // Without a rule, what came is shown all the same.
  const columns = [...(rules.length === 0 ? seen : touched)].slice(0, maxColumns - made.length).concat(made);
  if (order === "sort") traced.sort((a, b) => a.ts - b.ts);
  const counts: CleaningPreview["counts"] = {};
  const rows = traced.map(({ before, after, ts, error, flags }, index): PreviewRow => {
    const cells: PreviewRow["cells"] = {};
    for (const name of touched) {
      const changes = namesOf(flags.get(name) ?? 0);
      if (!error) for (const one of changes) counts[one] = (counts[one] ?? 0) + 1;
    }
    for (const name of columns)
      cells[name] = {
        before: cellOf(before, name),
        after: cellOf(after, name),
        changes: namesOf(flags.get(name) ?? 0),
      };
    return { index, cells, ...(Number.isNaN(ts) ? {} : { ts }), ...(error ? { dropped: error } : {}) };
  });
  const dropped = rows.filter((row) => row.dropped).length;
  const points = grid.map(({ ts, values }) => ({
    ts,
    values: Object.fromEntries(columns.map((name) => [name, cellOf(values, name)])),
  }));
  return { seen: seen.slice(0, maxSeen), columns, rows, counts, dropped, grid: points.slice(-maxPoints) };
}

const bits = Object.entries(change) as [ChangeName, number][];
const namesOf = (flags: number): ChangeName[] => bits.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
