import type { Candidate, Edge, NodeSamples } from "./node-samples";
import { missingRank, type RankedFeature } from "./ranks";

/** Most rows of a part of a tree that are held sorted: a key has 16 bits for the row's place. */
export const mostSorted = 65536;

/** In a key beside the rank: which of the rows it is. */
export const placeBits = 65535;

/**
 * The rows below one node of a tree, in the order of every feature. Sorted once, when the node is reached, and kept in order
 * from division to division (J. Shafer, R. Agrawal and M. Mehta, SPRINT, VLDB 1996): small enough to stay in the processor's
 * cache.
 */
export interface SortedRows {
  /** Of each feature `stride` keys: rank * 65536 + place, ascending within every node. */
  keys: Uint32Array;
  stride: number;
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
  divide(start: number, end: number, best: Candidate, edge: Edge): number;
}

/** @param most the most rows that `load` is given, up to `mostSorted` */
export function sortedRows(features: RankedFeature[], samples: NodeSamples, minLeaf: number, most: number): SortedRows {
  const stride = Math.min(most, samples.order.length);
  const keys = new Uint32Array(features.length * stride);
  const spare = new Uint32Array(stride);
  const goesLeft = new Uint8Array(stride);
  const places = new Uint16Array(stride);
  const weight = new Float64Array(stride);
  const target = new Float64Array(stride);
  const row = new Int32Array(stride);
  /** A node with fewer rows is a leaf, whose rows need no order. */
  const fewest = Math.max(2, 2 * minLeaf);
  let base = 0;
  let loadedEnd = 0;

  function load(start: number, end: number): void {
    base = start;
    loadedEnd = end;
    const n = end - start;
    for (let i = 0; i < n; i++) {
      places[i] = i;
      row[i] = samples.order[start + i]!;
      weight[i] = samples.weight[start + i]!;
      target[i] = samples.target[start + i]!;
    }
    for (let f = 0; f < features.length; f++) {
      const { ranks } = features[f]!;
      const from = f * stride;
      for (let i = 0; i < n; i++) keys[from + i] = (ranks[row[i]!]! << 16) | i;
      sortKeys(keys, from, n, spare);
    }
  }

  function divide(startRow: number, endRow: number, { feature, cut, missingLeft }: Candidate, edge: Edge): number {
    const start = startRow - base;
    const end = endRow - base;
    const own = feature * stride;
    edge.left = -1;
    edge.right = missingRank;
    edge.missing = 0;
    let leftRows = 0;
    for (let k = own + start; k < own + end; k++) {
      const key = keys[k]!;
      const rank = key >>> 16;
      const left = rank === missingRank ? missingLeft : rank < cut;
      goesLeft[key & placeBits] = left ? 1 : 0;
      if (left) leftRows++;
      if (rank === missingRank) edge.missing++;
      else if (left) edge.left = rank;
      else if (edge.right === missingRank) edge.right = rank;
    }
    const middle = start + leftRows;
    dividePlaces(start, end);
    const keepsLeft = leftRows >= fewest;
    const keepsRight = end - middle >= fewest;
    for (let f = 0; f < features.length && (keepsLeft || keepsRight); f++) {
      const from = f * stride;
      if (!keepsRight) packLeft(from + start, from + end);
      else if (!keepsLeft) packRight(from + start, from + end);
      else divideKeys(from + start, from + end);
    }
    return base + middle;
  }

  function dividePlaces(start: number, end: number): void {
    let left = start;
    let right = 0;
    for (let i = start; i < end; i++) {
      const place = places[i]!;
      const side = goesLeft[place]!;
      places[left] = place;
      spare[right] = place;
      left += side;
      right += 1 - side;
    }
    for (let i = 0; i < right; i++) places[left + i] = spare[i]!;
  }
  function divideKeys(start: number, end: number): void {
    let left = start;
    let right = 0;
    for (let k = start; k < end; k++) {
      const key = keys[k]!;
      const side = goesLeft[key & placeBits]!;
      keys[left] = key;
      spare[right] = key;
      left += side;
      right += 1 - side;
    }
    for (let i = 0; i < right; i++) keys[left + i] = spare[i]!;
  }
  function packLeft(start: number, end: number): void {
    let left = start;
    for (let k = start; k < end; k++) {
      const key = keys[k]!;
      keys[left] = key;
      left += goesLeft[key & placeBits]!;
    }
  }
  function packRight(start: number, end: number): void {
    let right = end - 1;
    for (let k = end - 1; k >= start; k--) {
      const key = keys[k]!;
      keys[right] = key;
      right -= 1 - goesLeft[key & placeBits]!;
    }
  }

  return {
    keys,
    stride,
    places,
    weight,
    target,
    row,
    load,
    holds: (start, end) => start >= base && end <= loadedEnd,
    base: () => base,
    divide,
  };
}

const insertedUpTo = 48;
const digits = new Uint32Array(512);

/** Sorts `n` keys from `from` by their ranks; those of equal rank stay in their order. */
function sortKeys(keys: Uint32Array, from: number, n: number, spare: Uint32Array): void {
  if (n <= insertedUpTo) {
    for (let i = from + 1; i < from + n; i++) {
      const key = keys[i]!;
      let j = i - 1;
      for (; j >= from && keys[j]! > key; j--) keys[j + 1] = keys[j]!;
      keys[j + 1] = key;
    }
    return;
  }
  // By the lower byte of the rank, then by the upper one.
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
