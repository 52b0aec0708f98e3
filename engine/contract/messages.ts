/** A value a twin's property can have. `null` says "no reading". */
export type Scalar = number | string | boolean | null;
export type Quality = "good" | "uncertain" | "bad";
export type Values = Record<string, Scalar>;

/** One twin at one instant: an element of a batch, and what `msg.twin` and `msg.payload` of a sample say together. */
export interface Sample {
  id: string;
  /** Milliseconds since 1970-01-01 UTC: when the value was true at the device. */
  ts: number;
  /** The producer's own sequence number. */
  seq?: number;
  values: Values;
  /** Absent means good. */
  quality?: Record<string, Quality>;
  /** Values before cleaning, where cleaning changed them. */
  raw?: Values;
  /** Name of the twin-model that the sample was checked against. */
  model?: string;
  /** Older than what the twin already knows: for history, never for live state. */
  historical?: boolean;
  /** The broker had kept it: it tells what was last said, not that the device lives. */
  retained?: boolean;
  /** Not to be kept in a history, as its device says (Sparkplug's `is_transient`). */
  transient?: boolean;
  /** That the device came or went: from MQTT's last will and its counterpart, or Sparkplug's birth and death. */
  status?: Presence;
}

export type Presence = "online" | "offline";

/** Cells are missing when null, undefined, NaN, "" or only blanks. */
export type Cell = unknown;
export type Row = Record<string, Cell>;
export type Table = Row[];

/** Whether a cell of a table holds no value. Blank is missing, never 0. */
export function isMissing(cell: Cell): boolean {
  if (cell === null || cell === undefined) return true;
  if (typeof cell === "number") return Number.isNaN(cell);
  return typeof cell === "string" && cell.trim() === "";
}

/**
 * The number in a cell: a finite number as it is, text that is a plain decimal number as its value.
 * Anything else, blanks, "Infinity" and "1e999" included, is NaN.
 */
export function toNumber(cell: Cell): number {
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : Number.NaN;
  if (typeof cell !== "string") return Number.NaN;
  const text = cell.trim();
  const n = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(n) ? n : Number.NaN;
}
