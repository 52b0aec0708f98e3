/** A function of numbers; a result that is no finite number counts as unknown. */
export interface NumberFunction {
  minArguments: number;
  maxArguments: number;
  apply(...values: number[]): number;
}

const many = Number.POSITIVE_INFINITY;

const take = (minArguments: number, maxArguments: number, apply: NumberFunction["apply"]): NumberFunction => ({
  minArguments,
  maxArguments,
  apply,
});
const one = (apply: (x: number) => number): NumberFunction => take(1, 1, apply as NumberFunction["apply"]);

/** Half away from zero, as people round: round(-2.5) is -3, round(6.845, 2) is 6.85. */
function round(x = 0, digits = 0): number {
  if (!Number.isInteger(digits) || digits < 0 || digits > 15) return Number.NaN;
  // Moved by its decimal text: 1.005 * 100 would be 100.49999999999999.
  const moved = Math.round(shift(Math.abs(x), digits));
  return Math.sign(x) * shift(moved, -digits);
}

function shift(x: number, digits: number): number {
  const [mantissa, exponent = "0"] = String(x).split("e");
  return Number(`${mantissa}e${Number(exponent) + digits}`);
}

const clamp = (x = 0, low = 0, high = 0): number => (low > high ? Number.NaN : Math.min(Math.max(x, low), high));

/** The functions of numbers that an expression may call. A Map: `constructor` is none of them. */
export const numberFunctions: ReadonlyMap<string, NumberFunction> = new Map([
  ["abs", one(Math.abs)],
  ["sign", one(Math.sign)],
  ["floor", one(Math.floor)],
  ["ceil", one(Math.ceil)],
  ["trunc", one(Math.trunc)],
  ["sqrt", one(Math.sqrt)],
  ["exp", one(Math.exp)],
  ["log", one(Math.log)],
  ["log10", one(Math.log10)],
  ["sin", one(Math.sin)],
  ["cos", one(Math.cos)],
  ["tan", one(Math.tan)],
  ["round", take(1, 2, round)],
  ["pow", take(2, 2, (x = 0, y = 0) => x ** y)],
  ["clamp", take(3, 3, clamp)],
  ["min", take(1, many, Math.min)],
  ["max", take(1, many, Math.max)],
]);
