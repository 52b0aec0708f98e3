import { fromBase64, packed } from "./base64";

/**
 * Numbers as text: base64 of a typed array of them, or, where few different ones occur, of their places in a table. Nothing is
 * rounded.
 */
export interface PackedNumbers {
  as: "float32" | "float64" | "uint8" | "uint16";
  data: string;
  /** Of `uint8` and `uint16`: Float64. */
  table?: string;
}

/** The shortest form. */
export function packNumbers(values: Float64Array): PackedNumbers {
  const shortReals = areShort(values);
  const realBytes = shortReals ? 4 : 8;
  const found = new Map<number, number>();
  const places = new Uint16Array(values.length);
  // With more the table takes more than its use saves.
  const most = Math.min(65536, Math.ceil((values.length * (realBytes - 1)) / 8));
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    let place = found.get(value);
    if (place === undefined) {
      if (found.size >= most) return reals(values, shortReals);
      place = found.size;
      found.set(value, place);
    }
    places[i] = place;
  }
  const table = packed(Float64Array.from(found.keys()));
  if (found.size <= 256) return { as: "uint8", data: packed(Uint8Array.from(places)), table };
  if (values.length * 2 + found.size * 8 >= values.length * realBytes) return reals(values, shortReals);
  return { as: "uint16", data: packed(places), table };
}

function areShort(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++)
    if (Math.fround(values[i]!) !== values[i] && !Number.isNaN(values[i])) return false;
  return true;
}

const reals = (values: Float64Array, short: boolean): PackedNumbers =>
  short ? { as: "float32", data: packed(Float32Array.from(values)) } : { as: "float64", data: packed(values) };

/** Throws a RangeError for what is no such text. */
export function unpackNumbers(given: PackedNumbers): Float64Array {
  const { buffer } = fromBase64(given.data);
  if (given.as === "float64") return new Float64Array(buffer);
  if (given.as === "float32") return Float64Array.from(new Float32Array(buffer));
  const table = new Float64Array(fromBase64(given.table ?? "").buffer);
  const places = given.as === "uint8" ? new Uint8Array(buffer) : new Uint16Array(buffer);
  const values = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) {
    if (places[i]! >= table.length) throw new RangeError(`number ${i} is not in the table`);
    values[i] = table[places[i]!]!;
  }
  return values;
}
