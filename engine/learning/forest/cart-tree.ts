import { pureShares } from "./class-search";
import { leaf, missingGoesLeft, type Tree } from "./grow-tree";

/** A node of ml-cart's trees as far as it is read here: alive, or parsed from the JSON that the package writes. */
export interface CartNode {
  left?: CartNode;
  right?: CartNode;
  splitColumn?: number;
  splitValue?: number;
  /** Rows that came by. Absent in small leaves, and in all of a forest that was loaded from JSON. */
  numberSamples?: number;
  /** Of a leaf: the mean, or a row with the share of each class. */
  distribution?: number | number[][] | { getRow(row: number): number[] };
}

/**
 * A tree of the package ml-cart in our form, which sends every row to the same leaf. For classes its leaves vote: each is all for
 * the class with the largest share, the first of equal ones, as ml-cart's `predict` has it.
 *
 * @param columns the feature that each of the tree's columns is
 * @param classes 0 for a regression
 * @throws RangeError for what is no such tree
 */
export function treeOfCart(root: CartNode, columns: readonly number[], classes: number): Tree {
  const feature: number[] = [];
  const value: number[] = [];
  const right: number[] = [];
  const cover: number[] = [];
  const waiting: { node: CartNode | undefined; parent: number }[] = [{ node: root, parent: -1 }];
  while (waiting.length > 0) {
    const { node, parent } = waiting.pop()!;
    if (typeof node !== "object" || node === null) throw new RangeError("a node is missing");
    const at = feature.length;
    if (parent >= 0) right[parent] = at;
    right.push(0);
    cover.push(typeof node.numberSamples === "number" && node.numberSamples > 0 ? node.numberSamples : 1);
    if (node.distribution === undefined) {
      const { splitColumn, splitValue } = node;
      const column = columns[splitColumn ?? -1];
      if (column === undefined) throw new RangeError(`a node divides by column ${splitColumn}`);
      if (!Number.isFinite(splitValue)) throw new RangeError(`a node divides at ${splitValue}`);
      feature.push(column | missingGoesLeft);
      // It sends values below its threshold left, we those up to ours.
      value.push(below(splitValue!));
      waiting.push({ node: node.right, parent: at }, { node: node.left, parent: -1 });
      continue;
    }
    feature.push(leaf);
    value.push(classes > 0 ? voteOf(node.distribution, classes) : numberOf(node.distribution));
  }
  return {
    feature: Uint16Array.from(feature),
    value: Float64Array.from(value),
    right: Int32Array.from(right),
    cover: Float32Array.from(cover),
    // A tree votes for one class.
    shares: classes > 2 ? pureShares(classes) : [],
    importance: new Float64Array(0),
  };
}

function numberOf(distribution: CartNode["distribution"]): number {
  if (typeof distribution === "number" && Number.isFinite(distribution)) return distribution;
  throw new RangeError("a leaf has no number");
}

function voteOf(distribution: CartNode["distribution"], classes: number): number {
  const shares = Array.isArray(distribution)
    ? distribution[0]
    : typeof distribution === "object"
      ? distribution?.getRow?.(0)
      : undefined;
  if (!Array.isArray(shares) || shares.length === 0 || shares.length > classes || !shares.every(Number.isFinite))
    throw new RangeError("a leaf does not have the shares of the classes");
  return shares.indexOf(Math.max(...shares));
}

const bits = new DataView(new ArrayBuffer(8));

/** The next smaller number that a double can hold. */
function below(x: number): number {
  if (x === 0) return -Number.MIN_VALUE;
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (x > 0 ? -1n : 1n));
  return bits.getFloat64(0);
}
