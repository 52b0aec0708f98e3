import { Refusal, refuse } from "../contract/errors";
import { type Row, toNumber } from "../contract/messages";
import { resampleColumn } from "./resample-column";
import type { Resampling } from "./row-options";

/** Cells that a table may have. */
export const maxTableCells = 50_000_000;

/** What a report says of a grid: cells are those of the rows that leave. */
export interface GridReport {
  /** Rows of the grid. */
  points: number;
  /** Cells of empty intervals, which got the value before. */
  carried: number;
  missing: number;
  /** On a stream: points left out, because a gap would have made more than 1,000 at once. */
  skipped?: number;
}

export interface ResampledTable {
  /** Each group's rows, one group after another. */
  groups: { rows: Row[]; times: number[] }[];
  grid: GridReport;
}

/**
 * A table on a grid, group by group: one row for each interval from the first row of the group to its last. The column of times
 * holds the begin of the interval, in the form it had (ms, a `Date`, or ISO text in UTC), that of the owner stays. Refuses
 * (`too-large`) what would have too many cells.
 *
 * @param groups rows of each group, with known times
 */
export function resampleTable(
  resampling: Resampling,
  groups: readonly { rows: readonly Row[]; times: readonly number[] }[],
  timeColumn: string,
  owner: string | undefined,
): ResampledTable {
  const columns = new Set<string>();
  for (const { rows } of groups) for (const row of rows) for (const name of Object.keys(row)) columns.add(name);
  columns.delete("__proto__");
  const spans = groups.map(({ times }) => gridOf(resampling, times));
  const points = spans.reduce((sum, span) => sum + span.points, 0);
  if (points * columns.size > maxTableCells)
    throw new Refusal(
      refuse(
        "too-large",
        `On a grid of ${resampling.stepMs} ms the table would have ${points} x ${columns.size} cells.`,
        `Use a longer interval, so that there are at most ${maxTableCells}; one wrong time is enough to make a grid too long.`,
      ),
    );
  const grid: GridReport = { points, carried: 0, missing: 0 };
  return {
    groups: groups.map(({ rows, times }, g) => {
      const { start, points } = spans[g]!;
      const toTime = timeLike(rows[0]?.[timeColumn]);
      const gridTimes = Array.from({ length: points }, (_, p) => start + p * resampling.stepMs);
      const out: Row[] = gridTimes.map(() => ({}));
      for (const name of columns) {
        const cells = cellsOf(name);
        for (let p = 0; p < points; p++) out[p]![name] = cells(p);
      }
      return { rows: out, times: gridTimes };

      function cellsOf(name: string): (point: number) => unknown {
        if (name === timeColumn) return (p) => toTime(gridTimes[p]!);
        if (name === owner) return () => rows[0]![name];
        const cells = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null));
        const column = resampleColumn(resampling, times, cells, start, points);
        grid.carried += column.carried;
        grid.missing += column.missing;
        return (p) => column.cells[p];
      }
    }),
    grid,
  };
}

/** The first point and how many there are. A straight line has nothing before the first row: its grid begins after that. */
function gridOf({ stepMs, method }: Resampling, times: readonly number[]): { start: number; points: number } {
  if (times.length === 0) return { start: 0, points: 0 };
  const first = times[0]! / stepMs;
  const start = (method === "linear" ? Math.ceil(first) : Math.floor(first)) * stepMs;
  const end = Math.floor(times.at(-1)! / stepMs) * stepMs;
  return { start, points: Math.max(0, (end - start) / stepMs + 1) };
}

function timeLike(cell: unknown): (ts: number) => unknown {
  if (cell instanceof Date) return (ts) => new Date(ts);
  return typeof cell === "string" && Number.isNaN(toNumber(cell)) ? (ts) => new Date(ts).toISOString() : (ts) => ts;
}
