/** Places of ticks on round numbers (1, 2 or 5 times a power of ten), all within an axis. */
export interface Ticks {
  values: number[];
  /** Power of ten of the step: -2 for steps of 0.05. */
  exponent: number;
}

/**
 * About `wanted` ticks between two numbers.
 *
 * @param lo less than `hi`, and both apart by more than their own last digits (see `domainOf`)
 */
export function niceTicks(lo: number, hi: number, wanted: number): Ticks {
  const rough = (hi - lo) / Math.max(1, wanted);
  let exponent = Math.floor(Math.log10(rough));
  let factor = rough / 10 ** exponent;
  factor = factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10;
  if (factor === 10) {
    factor = 1;
    exponent++;
  }
  // Whole multiples, divided where the step is a fraction: 3 / 10 is 0.3, while 3 * 0.1 is not.
  const multiple = (n: number): number => (exponent < 0 ? (n * factor) / 10 ** -exponent : n * factor * 10 ** exponent);
  const first = Math.ceil(lo / multiple(1) - 1e-9);
  const last = Math.floor(hi / multiple(1) + 1e-9);
  const values: number[] = [];
  for (let n = first; n <= last && values.length < 50; n++) values.push(multiple(n) + 0); // no -0
  return { values, exponent };
}

/** Values that can be placed: beyond, a difference of two could be infinite. */
export const largestDrawable = 1e300;

/**
 * The part of an axis that values lie in, with a margin at both ends. Where all values are one (or differ only in digits that
 * a double hardly has), room is made around it.
 */
export function domainOf(min: number, max: number, margin = 0.04): { lo: number; hi: number } {
  const size = Math.max(Math.abs(min), Math.abs(max));
  const span = max - min;
  if (span > size * 1e-11 && span > 1e-280) return { lo: min - span * margin, hi: max + span * margin };
  const middle = min + span / 2;
  const room = Math.abs(middle) > 1e-270 ? Math.abs(middle) * 0.05 : 1;
  return { lo: middle - room, hi: middle + room };
}
