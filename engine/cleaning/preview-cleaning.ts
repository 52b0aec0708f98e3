import type { RefusalInfo } from "../contract/errors";
import type { Row, Sample } from "../contract/messages";
import { cleanTable } from "./clean-table";
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
  /** Those shown: what the rules speak of. */
  columns: string[];
  rows: PreviewRow[];
  /** Cells of the rows that go on, by what was done. */
  counts: Partial<Record<ChangeName, number>>;
  dropped: number;
}

const maxColumns = 12;
const maxSeen = 500;

/**
 * What these rules make of what came last, before and after, cell by cell. A stream is cleaned anew from the oldest sample
 * that was kept, message by message; nothing is remembered. Throws what `cleanTable` throws.
 *
 * @param wanted the twin to show; else the one that most samples are of
 */
export function previewCleaning(recent: RecentData, settings: PreviewSettings, wanted = ""): CleaningPreview {
  const { rules, timeColumn, groupBy } = settings;
  const traced: Traced[] = [];
  if (recent.kind === "table") {
    const { rows, of } = recent;
    const time = timeColumnOf(rows, timeColumn);
    const trace = (t: CleaningTrace<Row>) =>
      void traced.push(
        ...tracedOf(
          t,
          (row) => row,
          (row) => (time === undefined ? Number.NaN : toTime(row[time])),
        ),
      );
    cleanTable(rows, rules, { ...settings.rows, timeColumn, groupBy, trace });
    return { kind: "table", twins: [], twin: "", of, ...shown(traced, rules) };
  }
  const { messages } = recent;
  const samplesOf = new Map<string, number>();
  for (const { id } of messages.flat()) samplesOf.set(id, (samplesOf.get(id) ?? 0) + 1);
  const twins = [...samplesOf.keys()].sort();
  const most = twins.reduce((a, b) => (samplesOf.get(b)! > samplesOf.get(a)! ? b : a), twins[0] ?? "");
  const twin = samplesOf.has(wanted) ? wanted : most;
  const trace = (t: CleaningTrace<Sample>) =>
    void traced.push(
      ...tracedOf(
        t,
        ({ values }) => values,
        ({ ts }) => ts,
      ),
    );
  const cleaner = createCleaner(rules, { ...settings.rows, trace });
  for (const message of messages) cleaner.clean(message.filter(({ id }) => id === twin));
  return { kind: "samples", twins, twin, ...shown(traced, rules) };
}

/** One row: as it came, as it went, and the bits of what was done by property. */
interface Traced {
  before: Row;
  after: Row;
  ts: number;
  error: RefusalInfo | undefined;
  flags: Map<string, number>;
}

function tracedOf<T>(trace: CleaningTrace<T>, valuesOf: (item: T) => Row, timeOf: (item: T) => number): Traced[] {
  const { items, outs, errors, touches } = trace;
  const all = items.map((item, i): Traced => {
    const before = valuesOf(item);
    return { before, after: outs[i] ?? before, ts: timeOf(item), error: errors[i], flags: new Map() };
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
  traced: readonly Traced[],
  rules: readonly CleaningRule[],
): Pick<CleaningPreview, "seen" | "columns" | "rows" | "counts" | "dropped"> {
  const seen = [...new Set(traced.flatMap(({ before }) => Object.keys(before)))];
  const touched = new Set(traced.flatMap(({ flags }) => [...flags.keys()]));
  // Without a rule, what came is shown all the same.
  const columns = (rules.length === 0 ? seen : [...touched]).slice(0, maxColumns);
  const counts: CleaningPreview["counts"] = {};
  const rows = traced.map(({ before, after, ts, error, flags }, index): PreviewRow => {
    const cells: PreviewRow["cells"] = {};
    for (const name of touched) {
      const changes = namesOf(flags.get(name) ?? 0);
      if (!error) for (const one of changes) counts[one] = (counts[one] ?? 0) + 1;
    }
    for (const name of columns)
      cells[name] = { before: own(before, name), after: own(after, name), changes: namesOf(flags.get(name) ?? 0) };
    return { index, cells, ...(Number.isNaN(ts) ? {} : { ts }), ...(error ? { dropped: error } : {}) };
  });
  const dropped = rows.filter((row) => row.dropped).length;
  return { seen: seen.slice(0, maxSeen), columns, rows, counts, dropped };
}

const own = (row: Row, name: string): unknown => (Object.hasOwn(row, name) ? row[name] : null);

const bits = Object.entries(change) as [ChangeName, number][];
const namesOf = (flags: number): ChangeName[] => bits.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
