import type { StatisticsTable } from "./statistics-table";

/** Most columns of a twin that are remembered. */
const maxColumns = 2000;

/** The last rows of a twin as they came, in order of their keys: what a small table is made of. */
export interface RowBuffer {
  readonly length: number;
  /** Numbers held, for a bound on memory. */
  readonly held: number;
  /** @param key what rows are ordered and let go by: a time, or their count; a late one takes its place. @param values NaN is missing */
  add(key: number, ts: number, values: ReadonlyMap<string, number>): void;
  /** Lets go of the rows whose key is not above `key`. */
  dropUpTo(key: number): void;
  clear(): void;
  /** Calls back for each row, the oldest first. The map is the same each time. */
  each(visit: (key: number, ts: number, values: ReadonlyMap<string, number>) => void): void;
  table(): StatisticsTable;
}

export function createRowBuffer(): RowBuffer {
  let capacity = 16;
  let start = 0;
  let end = 0;
  let keys = new Float64Array(capacity);
  let times = new Float64Array(capacity);
  const columns = new Map<string, Float64Array>();

  /** Makes room for one row behind the last: moves what there is to the front, of larger arrays where it fills half of them. */
  function makeRoom(): void {
    const isCrowded = end - start > capacity / 2;
    if (isCrowded) capacity *= 2;
    const moved = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(capacity);
      to.set(from.subarray(start, end));
      return to;
    };
    keys = moved(keys);
    times = moved(times);
    for (const [name, values] of columns) columns.set(name, moved(values));
    end -= start;
    start = 0;
  }

  function insert(into: Float64Array, at: number, value: number): void {
    if (at < end) into.copyWithin(at + 1, at, end);
    into[at] = value;
  }

  return {
    get length() {
      return end - start;
    },
    get held() {
      return capacity * (columns.size + 2);
    },
    add(key, ts, values) {
      if (end === capacity) makeRoom();
      let at = end;
      while (at > start && keys[at - 1]! > key) at--;
      for (const name of values.keys())
        if (!columns.has(name) && columns.size < maxColumns)
          columns.set(name, new Float64Array(capacity).fill(Number.NaN));
      insert(keys, at, key);
      insert(times, at, ts);
      for (const [name, column] of columns) insert(column, at, values.get(name) ?? Number.NaN);
      end++;
    },
    dropUpTo(key) {
      while (start < end && keys[start]! <= key) start++;
    },
    clear() {
      start = end;
    },
    each(visit) {
      const values = new Map<string, number>();
      for (let i = start; i < end; i++) {
        for (const [name, column] of columns) values.set(name, column[i]!);
        visit(keys[i]!, times[i]!, values);
      }
    },
    table: () => ({
      rows: end - start,
      columns: [...columns].map(([name, values]) => ({
        name,
        values: values.subarray(start, end),
        texts: 0,
        infinite: 0,
      })),
      time: times.subarray(start, end),
      skipped: [],
      warnings: [],
    }),
  };
}
