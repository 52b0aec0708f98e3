import type { Span } from "../cleaning/span";
import { type DescribeOptions, describeTable, type TableStatistics } from "./describe-table";
import { createRowBuffer } from "./row-buffer";
import { createSummary, type Summary } from "./summary";

export interface WindowOptions extends Omit<DescribeOptions, "onProgress"> {
  /** Undefined: everything since the start. */
  window?: Span;
  /** @default "sliding" */
  windowType?: "sliding" | "tumbling";
}

/** Statistics of one twin's window. */
export interface WindowStatistics extends TableStatistics {
  window: {
    type: "sliding" | "tumbling" | "all";
    /** Ms or rows; absent for everything since the start. */
    size?: number;
    unit?: "ms" | "rows";
    /** Ms since 1970-01-01 UTC: where a tumbling window of time begins and ends (excluded); else times of its first and last row. */
    from: number;
    to: number;
    /** Whether it holds every row: quartiles and MAD are exact then, and there is a correlation. */
    exact: boolean;
  };
}

/** Rows up to which a window holds each of them. */
export const maxExactRows = 1000;
/** Parts of a longer sliding window; it lets go of its past by these. */
const paneCount = 32;
/** Less than else: joined, the digests of all panes are fine enough again. */
const paneCompression = 100;

/** One twin's samples in a window. */
export interface TwinWindow {
  /** Numbers held, for a bound on memory. */
  readonly held: number;
  /** Whether a row of that time is too late: its window is over. */
  isLate(ts: number): boolean;
  /** Takes in a row and gives the statistics of the tumbling window that it ends. @param values NaN is missing */
  add(ts: number, values: ReadonlyMap<string, number>): WindowStatistics | undefined;
  /** Of the rows that are in the window now; at least one. */
  statistics(): WindowStatistics;
}

export function createTwinWindow(options: WindowOptions): TwinWindow {
  const { window, windowType = "sliding" } = options;
  const type = window === undefined ? "all" : windowType;
  const size = window?.size ?? Number.POSITIVE_INFINITY;
  const isTimed = window?.unit === "ms";
  const paneSize = type === "sliding" ? size / paneCount : Number.POSITIVE_INFINITY;
  const buffer = createRowBuffer();
  /** Used instead of the buffer once that is full: by number of the pane. */
  let panes: Map<number, Summary> | undefined;
  /** All panes but the newest, joined; made anew when one of them changes. */
  let older: Summary | undefined;
  let newest = Number.NEGATIVE_INFINITY;
  let rows = 0;

  const paneOf = (key: number): number => (type === "sliding" ? Math.floor(key / paneSize) : 0);
  const windowOf = (key: number): number => Math.floor(key / size);

  function addToPanes(key: number, ts: number, values: ReadonlyMap<string, number>): void {
    const number = paneOf(key);
    let pane = panes!.get(number);
    if (pane === undefined) {
      pane = createSummary(type === "sliding" ? paneCompression : undefined);
      panes!.set(number, pane);
      older = undefined;
    } else if (number !== paneOf(newest)) older = undefined;
    pane.add(ts, values);
  }

  /** Lets go of what has left a sliding window. A pane stays until all of it has. */
  function forget(): void {
    if (type !== "sliding") return;
    if (panes === undefined) buffer.dropUpTo(newest - size);
    for (const number of panes?.keys() ?? [])
      if ((number + 1) * paneSize <= newest - size) {
        panes!.delete(number);
        older = undefined;
      }
  }

  function begin(): void {
    buffer.clear();
    panes = undefined;
    older = undefined;
  }

  function summary(): Summary {
    const last = paneOf(newest);
    if (older === undefined) {
      older = createSummary();
      for (const [number, pane] of panes!) if (number !== last) older.merge(pane);
    }
    const all = createSummary();
    all.merge(older);
    const pane = panes!.get(last);
    if (pane) all.merge(pane);
    return all;
  }

  function statistics(): WindowStatistics {
    const about: Pick<WindowStatistics["window"], "type" | "size" | "unit"> = {
      type,
      ...(window ? { size, unit: window.unit } : {}),
    };
    const bounds = (from: number, to: number): { from: number; to: number } =>
      type === "tumbling" && isTimed
        ? { from: windowOf(newest) * size, to: (windowOf(newest) + 1) * size }
        : { from, to };
    if (panes === undefined) {
      const table = buffer.table();
      const time = table.time!;
      return {
        ...describeTable(table, options),
        window: { ...about, ...bounds(Math.min(...time), Math.max(...time)), exact: true },
      };
    }
    const all = summary();
    return {
      rows: all.rows,
      columns: all.describe(),
      correlation: null,
      window: { ...about, ...bounds(all.from, all.to), exact: false },
    };
  }

  return {
    get held() {
      let held = buffer.held;
      for (const pane of panes?.values() ?? []) held += pane.held;
      return held + (older?.held ?? 0);
    },
    isLate: (ts) =>
      isTimed && newest > ts && (type === "tumbling" ? windowOf(ts) < windowOf(newest) : ts <= newest - size),
    statistics,
    add(ts, values) {
      const key = isTimed ? ts : rows++;
      const isOver = type === "tumbling" && newest > Number.NEGATIVE_INFINITY && windowOf(key) > windowOf(newest);
      const ended = isOver ? statistics() : undefined;
      if (isOver) begin();
      newest = Math.max(newest, key);
      forget();
      if (panes === undefined && buffer.length >= maxExactRows) {
        panes = new Map();
        buffer.each(addToPanes);
        buffer.clear();
      }
      if (panes) addToPanes(key, ts, values);
      else buffer.add(key, ts, values);
      return ended;
    },
  };
}
