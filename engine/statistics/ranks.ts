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
const longestRun = 32;

/**
 * By the upper halves of the numbers' bits, made to rise with the numbers. Where these leave few numbers equal, those are put in
 * order by comparing, else all by the lower halves first.
 */
function radixSorted(values: Float64Array, rows: Uint32Array): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const [low, high] = isLittleEndian ? [0, 1] : [1, 0];
  const halves = (rows: Uint32Array, isLower: boolean): Keyed => {
    const keys = new Uint32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const at = 2 * rows[i]!;
      const upper = words[at + high]!;
      const lower = words[at + low]!;
      const isNegative = upper >>> 31 === 1 && (upper !== 0x80000000 || lower !== 0); // -0 and 0 are equal
      const half = isLower ? lower : upper | 0x80000000;
      keys[i] = isNegative ? ~(isLower ? lower : upper) : half;
    }
    return { rows, keys };
  };
  const byUpper = byDigits(halves(rows.slice(), false));
  if (orderRuns(values, byUpper)) return byUpper.rows;
  return byDigits(halves(byDigits(halves(rows, true)).rows, false)).rows;
}

/** Orders the rows of equal keys by their values. False where these are too many to be compared. */
function orderRuns(values: Float64Array, { rows, keys }: Keyed): boolean {
  const count = rows.length;
  for (let i = 1, first = 0; i < count; i++) {
    if (keys[i] !== keys[i - 1]) first = i;
    const row = rows[i]!;
    if (first === i || values[rows[i - 1]!]! <= values[row]!) continue;
    if (i - first > longestRun) return false;
    let j = i - 1;
    for (; j >= first && values[rows[j]!]! > values[row]!; j--) rows[j + 1] = rows[j]!;
    rows[j + 1] = row;
  }
  return true;
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

interface Keyed {
  rows: Uint32Array;
  keys: Uint32Array;
}

/** In order of the keys, least significant digit first. What is given is used to work in. */
function byDigits(given: Keyed): Keyed {
  let from = given;
  let to: Keyed = { rows: new Uint32Array(given.rows.length), keys: new Uint32Array(given.rows.length) };
  for (let shift = 0; shift < 32; shift += digitBits) if (byDigit(from, to, shift)) [from, to] = [to, from];
  return from;
}

/** Puts what is in `from` into `to`, in order of one digit. False: all have the same digit, and nothing was moved. */
function byDigit({ rows, keys }: Keyed, to: Keyed, shift: number): boolean {
  const { rows: toRows, keys: toKeys } = to;
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
    const key = keys[i]!;
    const at = starts[(key >>> shift) & mask]!++;
    toRows[at] = rows[i]!;
    toKeys[at] = key;
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
