import { type Row, toNumber } from "../contract/messages";

/** Columns that hold a row's time when the setting names none: the first one that is there. `twin-query` gives `time`. */
export const timeColumns = ["time", "ts", "timestamp", "datetime", "date"] as const;

/** The column of times of a table, or undefined. */
export function timeColumnOf(rows: readonly Row[], named: string): string | undefined {
  if (named !== "") return named;
  const first = rows[0];
  return first && timeColumns.find((column) => Object.hasOwn(first, column));
}

const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Milliseconds since 1970-01-01 UTC from a number of them, a Date, or ISO text such as 2019-09-06T09:31:43+02:00. Text
 * without a zone is taken as UTC, so that the result does not depend on the machine. NaN where it is none of these.
 */
export function toTime(cell: unknown): number {
  if (cell instanceof Date) return cell.getTime();
  const n = toNumber(cell);
  if (!Number.isNaN(n)) return n;
  if (typeof cell !== "string") return Number.NaN;
  const parts = iso.exec(cell.trim());
  if (!parts) return Number.NaN;
  const zone = parts[3] === undefined ? "Z" : parts[3].replace(/^([+-]\d{2})(\d{2})$/, "$1:$2").toUpperCase();
  return Date.parse(`${parts[1]}T${parts[2] ?? "00:00"}${zone}`);
}
