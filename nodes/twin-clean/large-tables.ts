import type { TableOptions } from "../../engine/cleaning/clean-table";
import { allNumbers, type CleaningRule } from "../../engine/cleaning/cleaning-rule";
import { maxTableCells } from "../../engine/cleaning/resample-table";
import { Refusal, refuse } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import { isObject } from "../lib/messages";

/**
 * Cells looked at up to which a table is cleaned at once: that takes some milliseconds, and a thread takes longer to begin (measured:
 * 20,000 cells 2 ms, 100,000 cells 8 ms, a thread 80 to 120 ms).
 */
export const cellsAtOnce = 20_000;
/** Tables that wait for the one that is being cleaned. */
export const maxWaitingTables = 8;

/** Columns that a table may have: each has its place in `msg.report`. */
export const maxColumns = 20_000;

/** Whether a table is cleaned in a thread. Refuses (`too-large`) what has too many cells or columns, as far as its first row tells. */
export function isLarge(rows: Table, rules: readonly CleaningRule[], { features = [] }: TableOptions): boolean {
  const columns = isObject(rows[0]) ? Object.keys(rows[0]).length : 1;
  checkColumns(columns);
  if (rows.length * columns > maxTableCells)
    throw new Refusal(
      refuse(
        "too-large",
        `The table has ${rows.length} x ${columns} cells.`,
        `Send at most ${maxTableCells} at a time.`,
      ),
    );
  if (rows.length * columns > cellsAtOnce) return true;
  let cells = 0;
  for (const row of rows) if (isObject(row)) cells += Object.keys(row).length;
  const looks = rules.reduce((sum, { property }) => sum + (property === allNumbers ? columns : 1), features.length);
  return Math.max(cells, rows.length * looks) > cellsAtOnce;
}

export function checkColumns(columns: number): void {
  if (columns > maxColumns)
    throw new Refusal(
      refuse(
        "too-large",
        `The table has ${columns < maxColumns * 2 ? columns : `more than ${maxColumns}`} columns.`,
        `Send at most ${maxColumns}; rows and columns may have been mixed up.`,
      ),
    );
}

export const tooMany = () =>
  refuse(
    "busy",
    `A large table is being cleaned, and ${maxWaitingTables} more wait.`,
    "Wait for them, or end them with msg.clean.cancel.",
  );

export const cancelled = (message: string): Refusal =>
  new Refusal(refuse("cancelled", message, "The table stayed as it was; send it again when you like."));
