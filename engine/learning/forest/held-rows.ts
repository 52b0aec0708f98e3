import type { Candidate, NodeSamples } from "./node-samples";
import { divideBySide, loadedRows, placeBits, type SortedRows, sideOf, sortKeys } from "./sorted-rows";

/** Nodes of up to so many rows are held so. */
export const heldUpTo = 4096;

/**
 * Rows that are sorted by every feature once, when they are loaded, and kept in order from division to division (J. Shafer,
 * R. Agrawal and M. Mehta, SPRINT, VLDB 1996): for searches that try most of the features.
 *
 * @param most the most rows that `load` is given, up to `mostSorted`
 */
export function heldRows(
  rankRows: Uint16Array,
  width: number,
  samples: NodeSamples,
  minLeaf: number,
  most: number,
): SortedRows {
  const loaded = loadedRows(samples, most);
  const { places, row } = loaded;
  const stride = places.length;
  const keys = new Uint32Array(width * stride);
  const spare = new Uint32Array(stride);
  const goesLeft = new Uint8Array(stride);
  /** A node with fewer rows is a leaf, whose rows need no order. */
  const fewest = Math.max(2, 2 * minLeaf);

  function load(start: number, end: number): void {
    loaded.load(start, end);
    const n = end - start;
    for (let f = 0; f < width; f++) {
      const from = f * stride;
      for (let i = 0; i < n; i++) keys[from + i] = (rankRows[row[i]! * width + f]! << 16) | i;
      sortKeys(keys, from, n, spare);
    }
  }

  function divide(start: number, end: number, best: Candidate): number {
    const own = best.feature * stride;
    for (let k = own + start; k < own + end; k++) {
      const key = keys[k]!;
      goesLeft[key & placeBits] = sideOf(key >>> 16, best);
    }
    const middle = divideBySide(places, start, end, goesLeft, spare);
    const keepsLeft = middle - start >= fewest;
    const keepsRight = end - middle >= fewest;
    for (let f = 0; f < width && (keepsLeft || keepsRight); f++) {
      const from = f * stride;
      if (!keepsRight) packLeft(from + start, from + end);
      else if (!keepsLeft) packRight(from + start, from + end);
      else divideBySide(keys, from + start, from + end, goesLeft, spare);
    }
    return middle;
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

  return { ...loaded, keys, keyStride: stride, load, sort: () => undefined, divide };
}
