/** The rows in order of time: rows of the same time as they stood, those of unknown time (NaN) last. As pandas' `sort_values(kind="stable")`. */
export function inOrderOfTime(rows: readonly number[], times: readonly number[]): number[] {
  return rows.toSorted((a, b) => {
    const left = times[a]!;
    const right = times[b]!;
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left - right;
  });
}

/**
 * Rows that are older than one before them, each with the time of that one. A row of unknown time is none.
 *
 * @param latest time of what came before these rows
 */
export function outOfOrder(
  rows: readonly number[],
  times: readonly number[],
  latest = Number.NEGATIVE_INFINITY,
): { row: number; latest: number }[] {
  const found: { row: number; latest: number }[] = [];
  for (const row of rows) {
    const ts = times[row]!;
    if (ts < latest) found.push({ row, latest });
    else if (ts > latest) latest = ts;
  }
  return found;
}

/** A time as it may stand in an error text. */
export const timeText = (ts: number): string => (Math.abs(ts) <= 8.64e15 ? new Date(ts).toISOString() : String(ts));
