import type { Dataset } from "../dataset";
import { randomOf } from "../random";
import { drawRows } from "./bootstrap";
import { goesLeft } from "./find-leaves";
import type { Forest } from "./forest-model";
import { leaf, missingGoesLeft, type Tree } from "./grow-tree";

/** A tree as it was grown, or a part of a forest that was read. */
type GrownTree = Pick<Tree, "feature" | "value" | "right"> & {
  shares: ArrayLike<number>;
  /** What right children are counted from. @default 0 */
  first?: number;
};

/** The trees of a forest that was read. */
export const treesOf = ({ roots, feature, value, right, shares }: Forest): GrownTree[] =>
  Array.from(roots, (first, number) => {
    const end = roots[number + 1] ?? feature.length;
    return {
      feature: feature.subarray(first, end),
      value: value.subarray(first, end),
      right: right.subarray(first, end),
      shares,
      first,
    };
  });

/** What the trees that have not seen a row say of it: as honest as held-out rows, and none has to be held out. */
export interface OutOfBag {
  /** The rows that at least one tree has not seen. The other lists are of these. */
  rows: Int32Array;
  /** Means of those trees; of two classes the probability of the second, of more ones of no use. */
  mean: Float64Array;
  /** Standard deviation of those trees (n - 1); 0 of a single one. */
  sd: Float64Array;
  /** The probability of each class: one array a class. Empty for a regression. */
  probabilities: Float64Array[];
}

/**
 * Predictions of trees grown by this package for the rows that they were grown from. Which rows a tree has seen is drawn
 * again from its seed.
 *
 * @param trees all of the forest, by their numbers
 * @param dataset what they were grown from, row by row; values may be others
 * @param asked only these rows
 */
export function outOfBag(trees: readonly GrownTree[], dataset: Dataset, seed: number, asked?: Int32Array): OutOfBag {
  const classes = dataset.target.labels?.length ?? 0;
  const columns = dataset.features.map((feature) => feature.values);
  const wanted = asked ?? Int32Array.from({ length: dataset.rows }, (_, row) => row);
  const n = wanted.length;
  const draws = new Int32Array(dataset.rows);
  const count = new Int32Array(n);
  const mean = new Float64Array(n);
  const squares = new Float64Array(n);
  const sums = classes > 2 ? Array.from({ length: classes }, () => new Float64Array(n)) : [];
  trees.forEach((tree, number) => {
    drawRows(randomOf(seed, number), draws);
    for (let i = 0; i < n; i++) {
      const row = wanted[i]!;
      if (draws[row]! > 0) continue;
      const found = tree.value[leafOf(tree, columns, row)]!;
      count[i]!++;
      for (let c = 0; c < sums.length; c++) sums[c]![i]! += tree.shares[found * classes + c]!;
      const step = found - mean[i]!;
      mean[i]! += step / count[i]!;
      squares[i]! += step * (found - mean[i]!);
    }
  });
  const known = Int32Array.from(wanted.keys()).filter((i) => count[i]! > 0);
  const of = (each: (i: number) => number): Float64Array => Float64Array.from(known, each);
  return {
    rows: known.map((i) => wanted[i]!),
    mean: of((i) => mean[i]!),
    sd: of((i) => (count[i]! > 1 ? Math.sqrt(squares[i]! / (count[i]! - 1)) : 0)),
    probabilities:
      classes === 2
        ? [of((i) => 1 - mean[i]!), of((i) => mean[i]!)]
        : sums.map((sum) => of((i) => sum[i]! / count[i]!)),
  };
}

function leafOf({ feature, value, right, first = 0 }: GrownTree, columns: Float64Array[], row: number): number {
  for (let i = 0; ; ) {
    const code = feature[i]!;
    if (code === leaf) return i;
    i = goesLeft(columns[code & ~missingGoesLeft]![row]!, value[i]!, code) ? i + 1 : right[i]! - first;
  }
}
