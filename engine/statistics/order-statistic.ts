import { select } from "./select";

/** Below this the values themselves are put in order. */
const smallCount = 5000;
const sampleSize = 2048;

/** The value of a rank, from 0, and the next greater one in order (NaN behind the last). */
export type Neighbours = [value: number, next: number];

/**
 * One order statistic and the one after it. In large columns two values of a sample are found first that lie close around it
 * with near certainty; one pass then counts what is below and gathers what is between, and only that is put in order. Where
 * the sample was wrong, everything is.
 *
 * @param values none of them NaN; may be put into another order
 * @param scratch room for as many values
 */
export function orderStatistic(values: Float64Array, rank: number, scratch: Float64Array): Neighbours {
  const count = values.length;
  if (count < smallCount) return selected(values, rank);
  const [low, high] = around(values, rank / count);
  let below = 0;
  let between = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    // Added up and not branched on: what is below is as good as chance, and a wrong guess costs the processor more than the rest.
    below += Number(value < low);
    scratch[between] = value;
    between += Number(value <= high) - Number(value < low);
  }
  const isWrong = rank < below || (rank + 1 >= below + between && rank + 1 < count);
  return isWrong ? selected(values, rank) : selected(scratch.subarray(0, between), rank - below);
}

/** Two values with the share `p` of all between them, four standard errors of the sample apart from it. */
function around(values: Float64Array, p: number): [low: number, high: number] {
  const sample = new Float64Array(sampleSize);
  // A pseudo-random walk (constants of Numerical Recipes): a period in the rows cannot fall in step with it.
  let state = 1;
  for (let i = 0; i < sampleSize; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    sample[i] = values[Math.floor((state / 2 ** 32) * values.length)]!;
  }
  sample.sort();
  const at = p * sampleSize;
  const half = 4 * Math.sqrt(p * (1 - p) * sampleSize) + 2;
  return [
    sample[Math.floor(at - half)] ?? Number.NEGATIVE_INFINITY,
    sample[Math.ceil(at + half)] ?? Number.POSITIVE_INFINITY,
  ];
}

function selected(values: Float64Array, rank: number): Neighbours {
  select(values, rank);
  let next = Number.POSITIVE_INFINITY;
  for (let i = rank + 1; i < values.length; i++) if (values[i]! < next) next = values[i]!;
  return [values[rank]!, rank + 1 < values.length ? next : Number.NaN];
}
