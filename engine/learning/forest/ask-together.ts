import type { Forest } from "./forest-model";
import { leaf, missingGoesLeft } from "./grow-tree";
import type { AddLeaves } from "./score-together";

/** The answers to more than these would not stay near the processor: 1 MB. */
const mostQuestions = 8192;
/** With fewer trees, more are answered than is saved by it. */
const mostOfATree = 100;

/** Whether a feature is at most a threshold: a forest asks so at each node, but often not many different things. */
interface Questions {
  /** Of each node, -1 for a leaf. */
  ofNode: Int16Array;
  /** Of each feature, ascending. */
  thresholds: Float64Array[];
  /** Number of each feature's first one. */
  first: number[];
  /** Numbers that are taken: one a feature stays unused. */
  total: number;
}

/**
 * Scores rows 64 at a time where a forest asks few different questions, as it does where features have few different values: each
 * question is answered once for all rows, a bit a row, and two words of bits go down a tree together. Undefined for other forests.
 *
 * @param room most rows of one call
 */
export function askTogether(forest: Forest, room: number): AddLeaves | undefined {
  const questions = questionsOf(forest);
  if (!questions) return undefined;
  const { ofNode, thresholds, first, total } = questions;
  const { roots, value, right, shares, classes } = forest;
  /** Of 32 rows each: the bits of rows of which the answer to each question is yes. */
  const answers = new Int32Array(2 * Math.ceil(room / 64) * total);
  // Right children that wait, and which rows for. No more than rows, since each has one at least.
  const [waiting, waitingLow, waitingHigh] = [new Int32Array(64), new Int32Array(64), new Int32Array(64)];

  function answer(rows: Float64Array, starts: Int32Array, count: number): void {
    const end = 2 * Math.ceil(count / 64) * total;
    answers.fill(0, 0, end);
    for (const [f, known] of thresholds.entries()) {
      const from = first[f]!;
      for (let k = 0; k < count; k++) {
        const at = (k >>> 5) * total + from + placeIn(known, rows[starts[k]! + f]!);
        answers[at] = answers[at]! | (1 << (k & 31));
      }
      // At most a threshold is at most any higher one.
      for (let at = from; at < end; at += total) {
        let yes = 0;
        for (let q = at; q < at + known.length; q++) {
          yes |= answers[q]!;
          answers[q] = yes;
        }
      }
    }
  }

  /** Rows `start` to `start` + 63, as far as their bits are set. */
  function descend(root: number, start: number, low: number, high: number, sums: Float64Array): void {
    const ofLow = (start >>> 5) * total;
    const ofHigh = ofLow + total;
    let depth = 0;
    let i = root;
    for (;;) {
      const question = ofNode[i]!;
      if (question < 0) {
        if (classes > 2) addMix(value[i]! * classes, start, low, high, sums);
        else addTo(sums, start, low, high, value[i]!);
        if (depth === 0) return;
        depth--;
        i = waiting[depth]!;
        low = waitingLow[depth]!;
        high = waitingHigh[depth]!;
        continue;
      }
      const leftLow = low & answers[ofLow + question]!;
      const leftHigh = high & answers[ofHigh + question]!;
      const rightLow = low ^ leftLow;
      const rightHigh = high ^ leftHigh;
      const other = right[i]!;
      // Where all go the same way there is no branch, which the processor would often guess wrong.
      const someLeft = +((leftLow | leftHigh) !== 0);
      const someRight = +((rightLow | rightHigh) !== 0);
      if ((someLeft & someRight) === 0) {
        i = other + ((i + 1 - other) & -someLeft);
        continue;
      }
      waiting[depth] = other;
      waitingLow[depth] = rightLow;
      waitingHigh[depth] = rightHigh;
      depth++;
      low = leftLow;
      high = leftHigh;
      i++;
    }
  }

  function addMix(from: number, start: number, low: number, high: number, sums: Float64Array): void {
    for (let c = 0; c < classes; c++) addTo(sums, c * room + start, low, high, shares[from + c]!);
  }

  return (rows, starts, count, sums) => {
    answer(rows, starts, count);
    for (const root of roots)
      for (let start = 0; start < count; start += 64)
        descend(root, start, firstBits(count - start), firstBits(count - start - 32), sums);
  };
}

function addTo(sums: Float64Array, start: number, low: number, high: number, value: number): void {
  if (value === 0) return;
  addBits(sums, start, low, value);
  addBits(sums, start + 32, high, value);
}

function addBits(sums: Float64Array, start: number, bits: number, value: number): void {
  for (let left = bits; left !== 0; left &= left - 1) {
    const at = start + 31 - Math.clz32(left & -left);
    sums[at] = sums[at]! + value;
  }
}

const firstBits = (count: number): number => (count >= 32 ? -1 : count <= 0 ? 0 : (1 << count) - 1);

/** How many of the ascending numbers are below x. */
function placeIn(known: Float64Array, x: number): number {
  let at = 0;
  let length = known.length;
  if (length === 0) return 0;
  // Without a branch, half of which would be guessed wrong.
  while (length > 1) {
    const half = length >>> 1;
    at += half & -(known[at + half - 1]! < x);
    length -= half;
  }
  return at + +(known[at]! < x);
}

function questionsOf({ feature, value, roots }: Forest): Questions | undefined {
  const most = Math.min(mostQuestions, mostOfATree * roots.length);
  const found: Set<number>[] = [];
  let asked = 0;
  for (let i = 0; i < feature.length; i++) {
    if (feature[i] === leaf) continue;
    const f = feature[i]! & ~missingGoesLeft;
    while (found.length <= f) found.push(new Set());
    const known = found[f]!;
    const before = known.size;
    known.add(value[i]!);
    asked += known.size - before;
    if (asked + found.length > most || Number.isNaN(value[i])) return undefined;
  }
  const thresholds = found.map((known) => Float64Array.from(known).sort());
  const first: number[] = [];
  let total = 0;
  for (const { length } of thresholds) {
    first.push(total);
    total += length + 1;
  }
  const ofNode = new Int16Array(feature.length).fill(-1);
  for (let i = 0; i < ofNode.length; i++) {
    if (feature[i] === leaf) continue;
    const f = feature[i]! & ~missingGoesLeft;
    ofNode[i] = first[f]! + placeIn(thresholds[f]!, value[i]!);
  }
  return { ofNode, thresholds, first, total };
}
