import { type ColumnStatistics, statisticsOf } from "./describe-column";
import { addTo, joined, type Moments, noMoments } from "./moments";
import { createDigest, type Digest } from "./t-digest";

const maxColumns = 2000;

interface ColumnSummary {
  moments: Moments;
  digest: Digest;
}

/** Rows of a twin summed up: memory does not grow with their number, and two of them can be joined. */
export interface Summary {
  readonly rows: number;
  /** Times of the first and the last row. */
  readonly from: number;
  readonly to: number;
  readonly columns: ReadonlyMap<string, ColumnSummary>;
  /** Numbers held, for a bound on memory. */
  readonly held: number;
  /** @param values NaN is missing */
  add(ts: number, values: ReadonlyMap<string, number>): void;
  /** Takes in all of another one, which stays as it is. */
  merge(other: Summary): void;
  describe(): Record<string, ColumnStatistics>;
}

/** @param compression of its digests */
export function createSummary(compression?: number): Summary {
  const columns = new Map<string, ColumnSummary>();
  let rows = 0;
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;

  function columnOf(name: string): ColumnSummary | undefined {
    let column = columns.get(name);
    if (column === undefined && columns.size < maxColumns) {
      column = { moments: noMoments(), digest: createDigest(compression) };
      columns.set(name, column);
    }
    return column;
  }
  return {
    columns,
    get rows() {
      return rows;
    },
    get from() {
      return from;
    },
    get to() {
      return to;
    },
    get held() {
      let held = 0;
      for (const { digest } of columns.values()) held += digest.held + 8;
      return held;
    },
    add(ts, values) {
      rows++;
      from = Math.min(from, ts);
      to = Math.max(to, ts);
      for (const [name, value] of values) {
        const column = columnOf(name);
        if (column === undefined || Number.isNaN(value)) continue;
        addTo(column.moments, value);
        column.digest.add(value);
      }
    },
    merge(other) {
      rows += other.rows;
      from = Math.min(from, other.from);
      to = Math.max(to, other.to);
      for (const [name, theirs] of other.columns) {
        const column = columnOf(name);
        if (column === undefined) continue;
        column.moments = joined(column.moments, theirs.moments);
        column.digest.merge(theirs.digest);
      }
    },
    describe() {
      const described: Record<string, ColumnStatistics> = {};
      for (const [name, { moments, digest }] of columns)
        described[name] = statisticsOf(moments, rows, {
          q1: digest.quantile(0.25),
          median: digest.quantile(0.5),
          q3: digest.quantile(0.75),
          mad: digest.mad(),
        });
      return described;
    },
  };
}
