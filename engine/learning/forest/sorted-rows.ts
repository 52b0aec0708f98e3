import type { Candidate, NodeSamples } from "./node-samples";
import { missingRank } from "./ranks";

/** Most rows of a part of a tree that are held sorted: a key has 16 bits for the row's place. */
export const mostSorted = 65536;

/** In a key beside the rank: which of the rows it is. */
export const placeBits = 65535;

/** The rows below one node of a tree, few enough to stay in the processor's cache. */
export interface LoadedRows {
  /** Places, those of a node together. */
  places: Uint16Array;
  /** By place. */
  weight: Float64Array;
  target: Float64Array;
  row: Int32Array;
  /** Takes the rows `start` to `end` - 1, which are its nodes' numbers from then on. */
  load(start: number, end: number): void;
  /** Whether a node is a part of what was loaded. */
  holds(start: number, end: number): boolean;
  /** Number of the first row that was loaded. */
  base(): number;
}

/** Loaded rows that can be read in the order of a feature. Rows are counted from 0 here. */
export interface SortedRows extends LoadedRows {
  /** rank * 65536 + place */
  keys: Uint32Array;
  /** How many of them each feature has. 0: they share them. */
  keyStride: number;
  /** From then on the keys of these rows, a node's, ascend. */
  sort(feature: number, start: number, end: number): void;
  /** Moves the places of the rows that go left to the front. Returns where the right ones begin. */
  divide(start: number, end: number, best: Candidate): number;
}

/** @param most the most rows that `load` is given, up to `mostSorted` */
export function loadedRows(samples: NodeSamples, most: number): LoadedRows {
  const size = Math.min(most, samples.order.length);
  const places = new Uint16Array(size);
  const weight = new Float64Array(size);
  const target = new Float64Array(size);
  const row = new Int32Array(size);
  let base = 0;
  let loadedEnd = 0;
  return {
    places,
    weight,
    target,
    row,
    load(start, end) {
      base = start;
      loadedEnd = end;
      for (let i = start; i < end; i++) {
        const place = i - start;
        places[place] = place;
        row[place] = samples.order[i]!;
        weight[place] = samples.weight[i]!;
        target[place] = samples.target[i]!;
      }
    },
    holds: (start, end) => start >= base && end <= loadedEnd,
    base: () => base,
  };
}

/** Whether a rank goes left, as 0 or 1. */
export function sideOf(rank: number, { right, missingLeft }: Candidate): number {
  return (rank === missingRank ? missingLeft : rank < right) ? 1 : 0;
}

/** Moves to the front what goes left, both sides in their order. Returns where the right ones begin. */
export function divideBySide(
  items: Uint16Array | Uint32Array,
  start: number,
  end: number,
  goesLeft: Uint8Array,
  spare: Uint32Array,
): number {
  let left = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const item = items[i]!;
    const side = goesLeft[item & placeBits]!;
    items[left] = item;
    spare[right] = item;
    left += side;
    right += 1 - side;
  }
  for (let i = 0; i < right; i++) items[left + i] = spare[i]!;
  return left;
}

const insertedUpTo = 20;
const bucketedUpTo = 256;
const digits = new Uint32Array(512);

/** Sorts `n` keys from `from` by their ranks; those of equal rank stay in their order. */
export function sortKeys(keys: Uint32Array, from: number, n: number, spare: Uint32Array): void {
  if (n <= insertedUpTo) insert(keys, from, n);
  else if (n <= bucketedUpTo) bucket(keys, from, n, spare);
  else byBytes(keys, from, n, spare);
}

/** By the lower byte of the rank, then by the upper one. */
function byBytes(keys: Uint32Array, from: number, n: number, spare: Uint32Array): void {
  digits.fill(0);
  for (let i = from; i < from + n; i++) {
    const key = keys[i]!;
    digits[(key >>> 16) & 255]!++;
    digits[256 + (key >>> 24)]!++;
  }
  let low = 0;
  let high = from;
  for (let d = 0; d < 256; d++) {
    const [lows, highs] = [digits[d]!, digits[256 + d]!];
    digits[d] = low;
    digits[256 + d] = high;
    low += lows;
    high += highs;
  }
  for (let i = from; i < from + n; i++) {
    const key = keys[i]!;
    spare[digits[(key >>> 16) & 255]!++] = key;
  }
  for (let i = 0; i < n; i++) {
    const key = spare[i]!;
    keys[digits[256 + (key >>> 24)]!++] = key;
  }
}

function insert(keys: Uint32Array, from: number, n: number): void {
  for (let i = from + 1; i < from + n; i++) {
    const key = keys[i]!;
    let j = i - 1;
    for (; j >= from && keys[j]! > key; j--) keys[j + 1] = keys[j]!;
    keys[j + 1] = key;
  }
}

/** Into about as many buckets as there are keys, by their ranks; what is left to do is little. */
function bucket(keys: Uint32Array, from: number, n: number, spare: Uint32Array): void {
  let [low, high] = [keys[from]! >>> 16, 0];
  for (let i = from; i < from + n; i++) {
    const rank = keys[i]! >>> 16;
    low = rank < low ? rank : low;
    high = rank > high ? rank : high;
  }
  let shift = 0;
  while ((high - low) >>> shift >= 256) shift++;
  digits.fill(0, 0, ((high - low) >>> shift) + 1);
  for (let i = from; i < from + n; i++) digits[((keys[i]! >>> 16) - low) >>> shift]!++;
  let at = 0;
  for (let d = 0; d <= (high - low) >>> shift; d++) {
    const size = digits[d]!;
    digits[d] = at;
    at += size;
  }
  for (let i = from; i < from + n; i++) spare[digits[((keys[i]! >>> 16) - low) >>> shift]!++] = keys[i]!;
  for (let i = 0; i < n; i++) keys[from + i] = spare[i]!;
  if (shift > 0) insert(keys, from, n);
}
