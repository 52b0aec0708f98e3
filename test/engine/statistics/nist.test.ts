import { describeColumn } from "../../../engine/statistics/describe-column";
import { addTo, joined, momentsOf, noMoments, sdOfMoments } from "../../../engine/statistics/moments";
import { assertDigits } from "../learning/references";
import { readFixture } from "./references";

interface Fixture {
  certified: Record<string, [mean: number, sd: number, lag1: number]>;
  values: Record<string, number[]>;
}

/** NumAcc2 to 4: one value, then 1,000 that lie a tenth below and above it in turn. */
const alternating = (middle: number, low: number, high: number): number[] => [
  middle,
  ...Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? low : high)),
];

/**
 * By Machin's formula, with ten digits to spare. NIST's file has one digit wrong, and what is certified is that of the file
 * (its mean is 22674 / 5000, where the digits of pi add up to 22679).
 */
function digitsOfPi(count: number): number[] {
  const one = 10n ** BigInt(count + 10);
  const arctanOfInverse = (x: bigint): bigint => {
    let sum = 0n;
    for (let power = one / x, k = 1n; power !== 0n; power /= -(x * x), k += 2n) sum += power / k;
    return sum;
  };
  const pi = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n));
  const digits = [...pi.toString().slice(0, count)].map(Number);
  digits[956] = 3;
  return digits;
}

/** Digits (LRE) that each set allows: doubles keep 10000000.2 to nine digits behind its tenth, so a spread of 0.1 has eight. */
const attainable: Record<string, [mean: number, sd: number, lag1: number]> = {
  PiDigits: [15, 15, 13.5],
  Lottery: [15, 15, 15],
  Lew: [15, 15, 14.5],
  Mavro: [15, 13, 13.5],
  Michelso: [15, 13.5, 13],
  NumAcc1: [15, 15, 15],
  NumAcc2: [15, 14.5, 13.5],
  NumAcc3: [15, 9, 13.5],
  NumAcc4: [15, 8, 13.5],
};

describe("NIST's univariate reference data", () => {
  const { certified, values } = readFixture<Fixture>("nist-univariate.json");
  const sets: Record<string, number[]> = {
    ...values,
    PiDigits: digitsOfPi(5000),
    NumAcc1: [10000001, 10000003, 10000002],
    NumAcc2: alternating(1.2, 1.1, 1.3),
    NumAcc3: alternating(1000000.2, 1000000.1, 1000000.3),
    NumAcc4: alternating(10000000.2, 10000000.1, 10000000.3),
  };
  for (const [name, [mean, sd, lag1]] of Object.entries(certified)) {
    const [meanDigits, sdDigits, lagDigits] = attainable[name]!;
    const numbers = Float64Array.from(sets[name]!);

    it(`${name}: mean, standard deviation and lag-1 autocorrelation as certified`, () => {
      const found = describeColumn(numbers, 1);
      assertDigits(found.mean, mean, meanDigits, "mean");
      assertDigits(found.sd, sd, sdDigits, "sd");
      assertDigits(found.autocorrelation!, lag1, lagDigits, "autocorrelation");
    });

    it(`${name}: value by value, and joined from parts, as streams do it`, () => {
      const one = noMoments();
      for (const value of numbers) addTo(one, value);
      const third = Math.floor(numbers.length / 3);
      const parts = [numbers.slice(0, third), numbers.slice(third, 2 * third), numbers.slice(2 * third)];
      const whole = parts.map((part) => momentsOf(part)).reduce(joined, noMoments());
      for (const moments of [one, whole]) {
        assertDigits(moments.mean, mean, 13, "mean");
        // One pass loses some digits where the mean is large beside the spread.
        assertDigits(sdOfMoments(moments), sd, Math.min(sdDigits, name === "NumAcc4" ? 7 : 9), "sd");
      }
    });
  }
});
