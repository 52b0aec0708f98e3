import type { Row } from "../contract/messages";

/** What a cell is: codes in {@link PackedRows.kinds}. */
const kind = {
  absent: 0,
  null: 1,
  nothing: 2,
  number: 3,
  false: 4,
  true: 5,
  text: 6,
  date: 7,
  json: 8,
  opaque: 9,
} as const;

/** Some rows of a table as typed arrays and one text, which are cheap to hand to another thread. Cells stand row by row. */
export interface PackedRows {
  rows: number;
  columns: string[];
  kinds: Uint8Array;
  /** Numbers, ms of dates, lengths of texts. */
  numbers: Float64Array;
  /** All texts, one after another. */
  text: string;
  /** Rows that are no objects: their place, and something that reads the same in an error. */
  others: [number, unknown][];
}

/** Cells that are packed at a time, about: some milliseconds of work. */
const cellsAtOnce = 50_000;

/**
 * Packs rows from a place on, as many as are a few milliseconds' work, and at least one.
 *
 * @param only the columns that are wanted; all by default
 */
export function packRows(rows: readonly unknown[], from: number, only?: ReadonlySet<string>): PackedRows {
  const names = new Set<string>();
  let end = from;
  // A table whose rows have columns of their own each must not make a grid of mostly nothing.
  while (end < rows.length && (end === from || (end - from) * Math.max(1, names.size) < cellsAtOnce)) {
    const row = rows[end++];
    if (isRow(row))
      for (const name of Object.keys(row)) if (name !== "__proto__" && (!only || only.has(name))) names.add(name);
  }
  const columns = [...names];
  const count = end - from;
  const packed: PackedRows = {
    rows: count,
    columns,
    kinds: new Uint8Array(count * columns.length),
    numbers: new Float64Array(count * columns.length),
    text: "",
    others: [],
  };
  let at = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[from + i];
    if (isRow(row)) {
      for (const name of columns) {
        if (Object.hasOwn(row, name)) put(packed, at, row[name]);
        at++;
      }
    } else {
      packed.others.push([i, Array.isArray(row) ? new Array(row.length) : readsAs(row)]);
      at += columns.length;
    }
  }
  return packed;
}

const isRow = (row: unknown): row is Row => typeof row === "object" && row !== null && !Array.isArray(row);

/** A value of another type cannot be handed over; no error tells more of it than its type. */
const readsAs = (row: unknown): unknown => (typeof row === "function" || typeof row === "symbol" ? undefined : row);

function put(packed: PackedRows, at: number, cell: unknown): void {
  const { kinds, numbers } = packed;
  if (typeof cell === "number") {
    kinds[at] = Number.isNaN(cell) ? kind.nothing : kind.number;
    numbers[at] = cell;
  } else if (typeof cell === "string") putText(packed, at, kind.text, cell);
  else if (cell === null) kinds[at] = kind.null;
  else if (cell === undefined) kinds[at] = kind.nothing;
  else if (typeof cell === "boolean") kinds[at] = cell ? kind.true : kind.false;
  else if (cell instanceof Date) {
    kinds[at] = kind.date;
    numbers[at] = cell.getTime();
  } else {
    let json: string | undefined;
    try {
      json = JSON.stringify(cell);
    } catch {
      // cyclic, or nested too deep
    }
    if (json === undefined) kinds[at] = kind.opaque;
    else putText(packed, at, kind.json, json);
  }
}

function putText(packed: PackedRows, at: number, what: number, text: string): void {
  packed.kinds[at] = what;
  packed.numbers[at] = text.length;
  packed.text += text;
}

/** The rows again. Cells that cannot be handed over become objects that are the same as no other. */
export function unpackRows({ rows, columns, kinds, numbers, text, others }: PackedRows): unknown[] {
  const out: unknown[] = [];
  let at = 0;
  let textAt = 0;
  for (let i = 0; i < rows; i++) {
    const row: Row = {};
    for (const name of columns) {
      const what = kinds[at]!;
      const number = numbers[at++]!;
      if (what === kind.absent) continue;
      if (what === kind.number) row[name] = number;
      else if (what === kind.text || what === kind.json) {
        const own = text.slice(textAt, textAt + number);
        textAt += number;
        row[name] = what === kind.text ? own : (JSON.parse(own) as unknown);
      } else row[name] = valueOfKind(what, number);
    }
    out.push(row);
  }
  for (const [i, other] of others) out[i] = other;
  return out;
}

function valueOfKind(what: number, number: number): unknown {
  if (what === kind.null) return null;
  if (what === kind.true || what === kind.false) return what === kind.true;
  if (what === kind.date) return new Date(number);
  return what === kind.opaque ? opaque() : undefined;
}

const opaque = (): object => ({
  toJSON(): never {
    throw new TypeError("This value cannot be written as text.");
  },
});

/** The memory behind them, for the transfer list of `postMessage`. */
export const packedBuffers = ({ kinds, numbers }: PackedRows): ArrayBuffer[] => [
  kinds.buffer as ArrayBuffer,
  numbers.buffer as ArrayBuffer,
];
