import { Refusal, refuse } from "../contract/errors";
import type { Row } from "../contract/messages";
import type { StoredValue } from "./check-sample";
import type { HistoryQuery } from "./history-query";

/** Cells that an answer may have: rows times columns. About 100 MB of objects. */
export const defaultMaxCells = 1_000_000;

/** Gathers the rows of an answer, whatever their order, within a bound, and gives them as a table. */
export interface Answer {
  /** `values` is kept, not copied. Null and undefined are no value. */
  add(id: string, time: number, values: Record<string, StoredValue | null | undefined>): void;
  /** Throws `Refusal` `too-large` when so many more rows of that many columns would not fit. */
  reserve(rows: number, columns: number): void;
  /** Rows later than this cannot be part of the answer any more (`limit`). */
  horizon(): number;
  rowCount(): number;
  /** The rows `{ time, id, <property>... }` in order of time and id, some thousands of cells at a time. */
  chunks(): Generator<Row[]>;
}

interface Kept {
  id: string;
  time: number;
  values: Record<string, StoredValue | null | undefined>;
}

const chunkCells = 10_000;

export function createAnswer(query: HistoryQuery, maxCells: number = defaultMaxCells): Answer {
  const { limit } = query;
  const asked = query.properties.length > 0;
  const columns = new Set<string>(query.properties);
  let rows: Kept[] = [];
  let latest = Number.POSITIVE_INFINITY;

  const order = (): void => void rows.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));

  function prune(): void {
    order();
    rows.length = Math.min(rows.length, limit);
    if (rows.length === limit) latest = rows[limit - 1]!.time;
  }

  function check(rowCount: number, columnCount: number): void {
    // The two columns that every row has are not counted: one property and a million rows fit.
    if (rowCount * Math.max(1, columnCount) <= maxCells) return;
    throw new Refusal(
      refuse(
        "too-large",
        `The answer has more than ${maxCells} cells (${rowCount} rows, ${columnCount} properties).`,
        "Ask for a shorter time, fewer properties or twins, an aggregate with a window, or set a limit.",
      ),
    );
  }

  return {
    add(id, time, values) {
      rows.push({ id, time, values });
      if (!asked) for (const name in values) if (values[name] !== null && values[name] !== undefined) columns.add(name);
      if (limit > 0 && rows.length >= 2 * limit + 1000) prune();
      if (rows.length * columns.size > maxCells && limit > 0) prune();
      check(rows.length, columns.size);
    },
    reserve(rowCount, columnCount) {
      if (limit === 0) check(rows.length + rowCount, Math.max(columns.size, columnCount));
      else check(rowCount, columnCount);
    },
    horizon: () => latest,
    rowCount: () => rows.length,
    *chunks() {
      order();
      if (limit > 0) rows.length = Math.min(rows.length, limit);
      const names = asked ? query.properties : [...columns].sort();
      const size = Math.max(1, Math.floor(chunkCells / (names.length + 2)));
      for (let from = 0; from < rows.length; from += size) {
        yield rows.slice(from, from + size).map(({ id, time, values }) => {
          const row: Row = { time, id };
          for (const name of names) row[name] = values[name] ?? null;
          return row;
        });
      }
      rows = [];
    },
  };
}
