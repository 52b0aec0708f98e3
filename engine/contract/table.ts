import { quote, Refusal, refuse } from "./errors";
import { isColumnName } from "./identity";
import type { Row } from "./messages";

/** What every reader of tables refuses in the same words. */

export function checkColumnName(name: string): void {
  if (isColumnName(name)) return;
  throw new Refusal(
    refuse(
      "bad-name",
      `${quote(name)} cannot be a column's name.`,
      "Use 1 to 128 characters, none of them a control character.",
    ),
  );
}

/** A row of a table. Refuses what is no object. */
export function checkedRow(row: unknown, index: number): Row {
  if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as Row;
  throw new Refusal(
    refuse(
      "bad-payload",
      `Row ${index} is ${quote(row)}, not an object with a value for each column.`,
      "Send a list of objects, as the csv node gives.",
      { index },
    ),
  );
}

/**
 * Refuses a table without rows, and one with more than `maxRows` where that is not 0.
 *
 * @param fewer what to do about too many rows
 */
export function checkRowCount(rows: number, maxRows: number, fewer: string): void {
  if (rows === 0)
    throw new Refusal(
      refuse(
        "too-few-rows",
        "The table has no rows.",
        "Check the node before this one: a query that finds nothing gives an empty table.",
      ),
    );
  if (maxRows > 0 && rows > maxRows)
    throw new Refusal(refuse("too-large", `The table has ${rows} rows, more than the ${maxRows} of maxRows.`, fewer));
}
