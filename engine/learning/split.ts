import { Refusal, refuse } from "../contract/errors";
import type { Dataset } from "./dataset";
import { randomOf, shuffle } from "./random";

export type SplitKind = "random" | "stratified" | "time" | "group" | "column";

export interface SplitOptions {
  split: SplitKind;
  /** Share of the rows to hold out; 0 holds none out. As in scikit-learn the number of rows is rounded up. */
  testSize: number;
  seed: number;
}

/** Row numbers, ascending. */
export interface Split {
  train: Int32Array;
  test: Int32Array;
}

/**
 * Divides the rows into those to learn from and those to judge by. How many go where is as in scikit-learn
 * (`ShuffleSplit`, `StratifiedShuffleSplit`, `GroupShuffleSplit`); which ones is decided by our own random numbers.
 *
 * - `random`: ceil(testSize * n) rows drawn without replacement.
 * - `stratified`: the same, with every class in proportion; a class with a single row is learned from.
 * - `time`: the last ceil(testSize * n) rows, by the dataset's times, else as they stand.
 * - `group`: ceil(testSize * groups) whole groups.
 * - `column`: as the split column says, whatever testSize is.
 */
export function splitRows(dataset: Dataset, { split, testSize, seed }: SplitOptions): Split {
  const n = dataset.rows;
  if (split === "column") {
    const heldOut = dataset.heldOut ?? new Uint8Array(n);
    return halves(n, (row) => heldOut[row] === 1);
  }
  if (testSize <= 0) return halves(n, () => false);
  if (split === "group") {
    const { groups, count } = consecutive(dataset.groups ?? new Int32Array(n));
    const held = drawn(count, testSize, seed, "groups");
    return halves(n, (row) => held[groups[row]!] === 1);
  }
  const count = testCount(n, testSize);
  if (split === "time") {
    const order = rowsByTime(dataset);
    const held = new Uint8Array(n);
    for (let i = n - count; i < n; i++) held[order[i]!] = 1;
    return halves(n, (row) => held[row] === 1);
  }
  if (split === "stratified" && dataset.target.labels) {
    const held = stratified(dataset.target.values, dataset.target.labels.length, count, seed);
    return halves(n, (row) => held[row] === 1);
  }
  const held = drawn(n, testSize, seed, "rows");
  return halves(n, (row) => held[row] === 1);
}

/** Apart from the streams of the trees, which count up from 0. */
const splitStream = 0x5b1c;

/** ceil as scikit-learn has it, but never every row: something must be left to learn from. */
const testCount = (n: number, testSize: number): number => Math.min(Math.ceil(testSize * n), n - 1);

function halves(n: number, isTest: (row: number) => boolean): Split {
  const [train, test] = [new Int32Array(n), new Int32Array(n)];
  let held = 0;
  for (let row = 0; row < n; row++) {
    if (isTest(row)) test[held++] = row;
    else train[row - held] = row;
  }
  return { train: train.subarray(0, n - held), test: test.subarray(0, held) };
}

/** Row numbers by the dataset's times, else as they stand. */
export function rowsByTime({ rows, times }: Dataset): Int32Array {
  const order = asTheyStand(rows);
  return times ? order.sort((a, b) => times[a]! - times[b]! || a - b) : order;
}

function asTheyStand(n: number): Int32Array {
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  return order;
}

/** The groups numbered without gaps, which dropped rows may have left, in order of their first rows. */
export function consecutive(groups: Int32Array): { groups: Int32Array; count: number } {
  const known = new Map<number, number>();
  const renumbered = groups.map((group) => {
    if (!known.has(group)) known.set(group, known.size);
    return known.get(group)!;
  });
  return { groups: renumbered, count: known.size };
}

/** 1 for each of ceil(testSize * n) things drawn out of n. */
function drawn(n: number, testSize: number, seed: number, what: string): Uint8Array {
  if (n < 2)
    throw new Refusal(
      refuse(
        "too-few-rows",
        `There is only ${n === 1 ? "one" : "none"} of the ${what} that the split divides.`,
        "Send more, or set testSize to 0, which learns from every row and judges by the same rows.",
      ),
    );
  const order = shuffle(asTheyStand(n), randomOf(seed, splitStream));
  const held = new Uint8Array(n);
  for (let i = 0; i < testCount(n, testSize); i++) held[order[i]!] = 1;
  return held;
}

function stratified(classes: Float64Array, classCount: number, count: number, seed: number): Uint8Array {
  const members: number[][] = Array.from({ length: classCount }, () => []);
  for (let row = 0; row < classes.length; row++) members[classes[row]!]!.push(row);
  const quota = shareOut(
    members.map((rows) => rows.length),
    count,
  );
  const held = new Uint8Array(classes.length);
  const random = randomOf(seed, splitStream);
  members.forEach((rows, c) => {
    shuffle(rows, random);
    for (let i = 0; i < quota[c]!; i++) held[rows[i]!] = 1;
  });
  return held;
}

/**
 * How many of `count` each class gets: its exact share rounded down, and what is left to the largest remainders
 * (scikit-learn's `_approximate_mode`, but ties go to the smaller class number and a class is never held out whole).
 */
function shareOut(sizes: number[], count: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size * count) / total);
  const quota = exact.map((share, c) => Math.min(Math.floor(share), sizes[c]! - 1));
  const byRemainder = sizes.map((_, c) => c).sort((a, b) => exact[b]! - quota[b]! - (exact[a]! - quota[a]!) || a - b);
  let left = count - quota.reduce((sum, q) => sum + q, 0);
  while (left > 0) {
    let given = 0;
    for (const c of byRemainder) {
      if (left === 0 || quota[c]! >= sizes[c]! - 1) continue;
      quota[c]!++;
      left--;
      given++;
    }
    if (given === 0) break; // every class is down to one row to learn from
  }
  return quota;
}
