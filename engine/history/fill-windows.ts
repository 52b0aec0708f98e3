import type { StoredValue } from "./check-sample";
import type { HistoryQuery } from "./history-query";

/** One twin's aggregates of one window. A property without a value in it is null or absent. */
export interface WindowRow {
  time: number;
  values: Map<string, StoredValue | null>;
}

/** Start of the window that an instant lies in. */
export const windowOf = (time: number, windowMs: number): number => Math.floor(time / windowMs) * windowMs;

/**
 * One twin's rows, in order of time, with the windows between start and end that have none, and the cells that hold none,
 * filled as `query.fill` says. Only properties that the twin has somewhere in the range are filled; `previous` and `linear`
 * look no further than the range. A count of no values is 0.
 */
export function fillWindows(rows: WindowRow[], query: HistoryQuery): WindowRow[] {
  if (rows.length === 0) return rows;
  const present = new Set<string>();
  for (const { values } of rows) for (const [name, value] of values) if (value !== null) present.add(name);
  const all = query.fill === "none" || query.windowMs === 0 ? rows : withEveryWindow(rows, query);
  const isSilent = query.fill === "none" || query.fill === "null";
  const fill = query.aggregate === "count" && isSilent ? 0 : query.fill;
  for (const name of present) fillColumn(all, name, fill);
  return all;
}

/** Rows that `fillWindows` would give. */
export const countWindows = (query: HistoryQuery): number =>
  query.windowMs === 0
    ? 1
    : (windowOf(query.end, query.windowMs) - windowOf(query.start, query.windowMs)) / query.windowMs + 1;

function withEveryWindow(rows: WindowRow[], { start, end, windowMs }: HistoryQuery): WindowRow[] {
  const all: WindowRow[] = [];
  let next = 0;
  for (let time = windowOf(start, windowMs); time <= end; time += windowMs) {
    const row = rows[next];
    if (row?.time === time) {
      all.push(row);
      next++;
    } else all.push({ time, values: new Map() });
  }
  return all;
}

function fillColumn(rows: WindowRow[], name: string, fill: HistoryQuery["fill"]): void {
  if (fill === "none" || fill === "null") return;
  let before = -1;
  for (let index = 0; index < rows.length; index++) {
    const value = rows[index]!.values.get(name) ?? null;
    if (value !== null) {
      if (fill === "linear" && before >= 0) interpolate(rows, name, before, index);
      before = index;
    } else if (typeof fill === "number") rows[index]!.values.set(name, fill);
    else if (fill === "previous" && before >= 0)
      rows[index]!.values.set(name, rows[before]!.values.get(name) as StoredValue);
  }
}

/** Between two windows with numbers. Texts and booleans have no values between them. */
function interpolate(rows: WindowRow[], name: string, from: number, to: number): void {
  const left = rows[from]!.values.get(name);
  const right = rows[to]!.values.get(name);
  if (typeof left !== "number" || typeof right !== "number") return;
  for (let index = from + 1; index < to; index++)
    rows[index]!.values.set(name, left + ((right - left) * (index - from)) / (to - from));
}
