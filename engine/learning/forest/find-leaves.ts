import type { Forest } from "./forest-model";
import { leaf, missingGoesLeft } from "./grow-tree";

export interface LeafFinder {
  /** Puts the value of the leaf of each tree that a row falls into. */
  ofRow(row: Float64Array, into: Float64Array): void;
  /** Puts the value of the leaf of one tree that each of `count` rows falls into. They begin at `starts` and lack nothing. */
  ofTree(tree: number, rows: Float64Array, starts: Int32Array, count: number, into: Float64Array): void;
}

/** Four 32-bit numbers a node, side by side in memory: threshold or value (two of them), the feature or -1 for a leaf, the right child. */
const size = 4;

/** Ready to walk down a forest, two trees of a row at a time: while one waits for memory, or was guessed wrong, the other goes on. */
export function leafFinder({ roots, feature, value, right }: Forest): LeafFinder {
  const memory = new ArrayBuffer(feature.length * size * 4);
  const threshold = new Float64Array(memory);
  const node = new Int32Array(memory);
  for (let i = 0; i < feature.length; i++) {
    threshold[2 * i] = value[i]!;
    node[size * i + 2] = feature[i] === leaf ? -1 : feature[i]! & ~missingGoesLeft;
    node[size * i + 3] = right[i]!;
  }
  const trees = roots.length;

  function findWithMissing(row: Float64Array, into: Float64Array): void {
    for (let tree = 0; tree < trees; tree++) {
      let i = roots[tree]!;
      for (let code = feature[i]!; code !== leaf; code = feature[i]!)
        i = goesLeft(row[code & ~missingGoesLeft]!, value[i]!, code) ? i + 1 : right[i]!;
      into[tree] = value[i]!;
    }
  }

  // One row at a time: over many rows the processor learns which way a tree's nodes mostly go.
  function ofTree(tree: number, rows: Float64Array, starts: Int32Array, count: number, into: Float64Array): void {
    const root = roots[tree]!;
    const first = node[size * root + 2]!;
    for (let k = 0; k < count; k++) {
      const start = starts[k]!;
      let i = root;
      for (let f = first; f >= 0; f = node[size * i + 2]!)
        i = rows[start + f]! <= threshold[2 * i]! ? i + 1 : node[size * i + 3]!;
      into[k] = threshold[2 * i]!;
    }
  }

  function ofRow(row: Float64Array, into: Float64Array): void {
    for (let f = 0; f < row.length; f++) {
      if (!Number.isNaN(row[f])) continue;
      findWithMissing(row, into);
      return;
    }
    for (let tree = 0; tree < trees; tree += 2) {
      const other = Math.min(tree + 1, trees - 1);
      let i = roots[tree]!;
      let j = roots[other]!;
      let f = node[size * i + 2]!;
      let g = node[size * j + 2]!;
      while ((f | g) >= 0) {
        i = row[f]! <= threshold[2 * i]! ? i + 1 : node[size * i + 3]!;
        j = row[g]! <= threshold[2 * j]! ? j + 1 : node[size * j + 3]!;
        f = node[size * i + 2]!;
        g = node[size * j + 2]!;
      }
      for (; f >= 0; f = node[size * i + 2]!) i = row[f]! <= threshold[2 * i]! ? i + 1 : node[size * i + 3]!;
      for (; g >= 0; g = node[size * j + 2]!) j = row[g]! <= threshold[2 * j]! ? j + 1 : node[size * j + 3]!;
      into[tree] = threshold[2 * i]!;
      into[other] = threshold[2 * j]!;
    }
  }

  return { ofRow, ofTree };
}

/** A missing value (NaN) compares as false with anything, so the comparison is turned round where such values go left. */
export const goesLeft = (x: number, threshold: number, code: number): boolean =>
  code < missingGoesLeft ? x <= threshold : !(x > threshold);
