import { isMissing, toNumber } from "../contract/messages";
import type { Label } from "./dataset";

/** What a cell of a table holds, for learning. `bad`: an object, a list, an infinite number. */
export type CellKind = "missing" | "number" | "boolean" | "text" | "bad";

export function kindOfCell(cell: unknown): CellKind {
  if (typeof cell === "number") return Number.isFinite(cell) ? "number" : Number.isNaN(cell) ? "missing" : "bad";
  if (isMissing(cell)) return "missing";
  if (typeof cell === "string") return Number.isNaN(toNumber(cell)) ? "text" : "number";
  if (typeof cell === "boolean") return "boolean";
  return cell instanceof Date && !Number.isNaN(cell.getTime()) ? "number" : "bad";
}

/** The number in a cell of a column of numbers: false is 0, true is 1, a date its milliseconds. NaN when there is none. */
export function numberOfCell(cell: unknown): number {
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : Number.NaN;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  return cell instanceof Date ? cell.getTime() : toNumber(cell);
}

/** The text that stands for a cell of a column of categories, or undefined when the cell is missing. */
export function categoryOfCell(cell: unknown): string | undefined {
  if (isMissing(cell)) return undefined;
  return typeof cell === "string" ? cell.trim() : String(cell);
}

/** The class in a cell: text that is a number as that number, so that a CSV's "1" and a sensor's 1 are one class. */
export function labelOfCell(cell: unknown): Label | undefined {
  if (isMissing(cell)) return undefined;
  if (typeof cell === "boolean" || typeof cell === "number") return cell;
  const text = String(cell).trim();
  const number = toNumber(text);
  return Number.isNaN(number) ? text : number;
}

/** Numbers by size, then false and true, then texts by code points. */
export function compareLabels(a: Label, b: Label): number {
  const rank = (label: Label): number => (typeof label === "number" ? 0 : typeof label === "boolean" ? 1 : 2);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return rank(a) - rank(b) || Number(a) - Number(b);
}
