import type { Dataset } from "../dataset";
import { leaf, type Tree } from "./grow-tree";

/**
 * The tree with `cover` and `importance` as the dataset's rows show them, for trees that were grown elsewhere: how many rows
 * come by each node, and what each feature's divisions take off the squared error or the Gini impurity of these rows.
 */
export function measureTree(tree: Tree, { features, target, rows }: Dataset): Tree {
  const { feature, value, right } = tree;
  const width = target.labels ? target.labels.length : 2;
  // Of each node: rows of each class; for a regression the sum and the sum of squares.
  const sums = new Float64Array(feature.length * width);
  const cover = new Float32Array(feature.length);
  const centre = target.labels ? 0 : (target.values[0] ?? 0);
  for (let row = 0; row < rows; row++) {
    const y = target.values[row]! - centre;
    for (let i = 0; ; ) {
      cover[i] = cover[i]! + 1;
      if (target.labels) sums[i * width + y] = sums[i * width + y]! + 1;
      else {
        sums[i * width] = sums[i * width]! + y;
        sums[i * width + 1] = sums[i * width + 1]! + y * y;
      }
      if (feature[i] === leaf) break;
      i = features[feature[i]! & 32767]!.values[row]! <= value[i]! ? i + 1 : right[i]!;
    }
  }

  function impurity(i: number): number {
    if (cover[i] === 0) return 0;
    if (!target.labels) return sums[i * width + 1]! - sums[i * width]! ** 2 / cover[i]!;
    let squares = 0;
    for (let c = 0; c < width; c++) squares += sums[i * width + c]! ** 2;
    return cover[i]! - squares / cover[i]!;
  }
  const importance = new Float64Array(features.length);
  for (let i = 0; i < feature.length; i++) {
    if (feature[i] === leaf) continue;
    const f = feature[i]! & 32767;
    importance[f] = importance[f]! + Math.max(0, impurity(i) - impurity(i + 1) - impurity(right[i]!));
  }
  const total = importance.reduce((sum, part) => sum + part, 0);
  // A leaf that no row of these reaches still has a prediction, and no node may weigh nothing.
  for (let i = 0; i < cover.length; i++) if (feature[i] === leaf && cover[i] === 0) cover[i] = 1e-6;
  return { ...tree, cover, importance: total > 0 ? importance.map((part) => part / total) : importance };
}
