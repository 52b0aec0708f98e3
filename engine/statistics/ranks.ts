/** Rows with a finite value, in ascending order of it. Rows of equal values stand in the order of the table. */
export function orderOf(values: Float64Array): Uint32Array {
  const rows = new Uint32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! - values[i]! === 0) rows[count++] = i;
  const order = rows.subarray(0, count);
  // Comparing costs more than counting from some hundred rows on.
  if (count < 256) return order.sort((a, b) => values[a]! - values[b]! || a - b);
  return radixSorted(values, order);
}

const digitBits = 11;
const radix = 1 << digitBits;

interface Keys {
  rows: Uint32Array;
  low: Uint32Array;
  high: Uint32Array;
}

/** Least significant digit first, on the bits of the numbers made to rise with them: three digits in each of two words. */
function radixSorted(values: Float64Array, rows: Uint32Array): Uint32Array {
  const count = rows.length;
  let from: Keys = { rows, low: new Uint32Array(count), high: new Uint32Array(count) };
  let to: Keys = { rows: new Uint32Array(count), low: new Uint32Array(count), high: new Uint32Array(count) };
  const number = new Float64Array(1);
  const bits = new Uint32Array(number.buffer);
  const [low, high] = isLittleEndian ? [0, 1] : [1, 0];
  for (let i = 0; i < count; i++) {
    // -0 and 0 are equal.
    number[0] = values[rows[i]!]! + 0;
    const isNegative = bits[high]! >>> 31 === 1;
    from.low[i] = isNegative ? ~bits[low]! : bits[low]!;
    from.high[i] = isNegative ? ~bits[high]! : bits[high]! | 0x80000000;
  }
  for (const word of ["low", "high"] as const)
    for (let shift = 0; shift < 32; shift += digitBits) if (byDigit(from, to, word, shift)) [from, to] = [to, from];
  return from.rows;
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Puts what is in `from` into `to`, in order of one digit. False: all have the same digit, and nothing was moved. */
function byDigit(from: Keys, to: Keys, word: "low" | "high", shift: number): boolean {
  const { rows, low, high } = from;
  const { rows: toRows, low: toLow, high: toHigh } = to;
  const keys = from[word];
  const count = keys.length;
  const mask = radix - 1;
  const starts = new Uint32Array(radix);
  for (let i = 0; i < count; i++) starts[(keys[i]! >>> shift) & mask]!++;
  if (starts[(keys[0]! >>> shift) & mask] === count) return false;
  for (let d = 0, sum = 0; d < radix; d++) {
    const size = starts[d]!;
    starts[d] = sum;
    sum += size;
  }
  for (let i = 0; i < count; i++) {
    const at = starts[(keys[i]! >>> shift) & mask]!++;
    toRows[at] = rows[i]!;
    toLow[at] = low[i]!;
    toHigh[at] = high[i]!;
  }
  return true;
}

export interface Ranks {
  /** From 1; equal values share the mean of their ranks. NaN where a row does not count. */
  ranks: Float64Array;
  /** Whether values are equal. */
  hasTies: boolean;
}

/**
 * Ranks of a column among the rows that count.
 *
 * @param order of {@link orderOf}
 * @param other only rows in which this column has a finite value count, too
 */
export function ranksOf(values: Float64Array, order: Uint32Array, other?: Float64Array): Ranks {
  const ranks = new Float64Array(values.length).fill(Number.NaN);
  const tied = new Uint32Array(order.length);
  let hasTies = false;
  let before = 0;
  let size = 0;
  let value = Number.NaN;
  const settle = (): void => {
    const rank = before + (size + 1) / 2;
    for (let t = 0; t < size; t++) ranks[tied[t]!] = rank;
    if (size > 1) hasTies = true;
    before += size;
    size = 0;
  };
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    if (other !== undefined && other[row]! - other[row]! !== 0) continue;
    if (values[row] !== value) {
      settle();
      value = values[row]!;
    }
    tied[size++] = row;
  }
  settle();
  return { ranks, hasTies };
}
