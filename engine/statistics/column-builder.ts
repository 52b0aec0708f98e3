import { isMissing, toNumber } from "../contract/messages";
import { checkColumnName } from "../contract/table";

/** A column while its cells come in: memory for its numbers is taken with the first one. */
export interface ColumnBuilder {
  readonly name: string;
  /** Rows have such a property from elsewhere, such as `toString`: only their own counts. */
  readonly isInherited: boolean;
  readonly rows: number;
  /** Whether any row has the column. */
  isThere: boolean;
  values: Float64Array | undefined;
  numbers: number;
  /** true and false, dates. */
  others: number;
  texts: number;
  infinite: number;
  /** The first cell that is no number, and its row. */
  firstText: { cell: unknown; row: number } | undefined;
}

export function columnBuilder(name: string, rows: number): ColumnBuilder {
  checkColumnName(name);
  return {
    name,
    isInherited: name in Object.prototype,
    rows,
    isThere: false,
    values: undefined,
    numbers: 0,
    others: 0,
    texts: 0,
    infinite: 0,
    firstText: undefined,
  };
}

/** Takes in the cell of the next row. Text that is a plain decimal number is that number, true is 1, false 0, a date its milliseconds. */
export function takeCell(column: ColumnBuilder, cell: unknown, row: number): void {
  if (cell !== undefined) column.isThere = true;
  const value = numberIn(column, cell, row);
  if (column.values === undefined && !Number.isNaN(value))
    column.values = new Float64Array(column.rows).fill(Number.NaN, 0, row);
  // Row by row, so that memory is touched a little at a time.
  if (column.values !== undefined) column.values[row] = value;
}

/** The number of a cell, which is counted by its kind. NaN where there is none. */
function numberIn(column: ColumnBuilder, cell: unknown, row: number): number {
  const value = toNumber(cell);
  if (!Number.isNaN(value)) {
    column.numbers++;
    return value;
  }
  if (isMissing(cell)) return Number.NaN;
  if (typeof cell === "boolean" || (cell instanceof Date && !Number.isNaN(cell.getTime()))) {
    column.others++;
    return Number(cell);
  }
  if (typeof cell === "number") column.infinite++;
  else {
    column.texts++;
    column.firstText ??= { cell, row };
  }
  return Number.NaN;
}

/** Whether a column that nobody named is one of numbers: more of them than texts, or nothing at all. */
export const holdsNumbers = ({ numbers, others, texts }: ColumnBuilder): boolean =>
  numbers > texts || (numbers === 0 && others === 0 && texts === 0);
