import { fromBase64, packed } from "../base64";
import { type PackedNumbers, packNumbers, unpackNumbers } from "../packed-numbers";
import { checkShares } from "./forest-memory";
import { leaf, missingGoesLeft, type Tree } from "./grow-tree";
import { type IntervalErrors, type IntervalReader, intervalReader } from "./interval-errors";

/** A forest as it is stored: JSON, the nodes of all trees one after another as base64 of typed arrays. */
export interface ForestModel {
  /** Number of nodes of each tree. */
  nodes: number[];
  /** One number a node: the feature, or a leaf. Two bytes each, one where there are few features. */
  feature: string;
  featureBytes: 1 | 2;
  /** The threshold of each node that is no leaf. */
  thresholds: PackedNumbers;
  /** Of each leaf the prediction, or for three classes and more a row of `shares`. */
  leaves: PackedNumbers;
  /** Weight of the training rows in each leaf. */
  cover: PackedNumbers;
  /** Float64: rows with the share of each class; absent for numbers and two classes. */
  shares?: string;
  /** 0 for a regression; the prediction of a tree for two classes is the share of the second one. */
  classes: number;
  /** Each tree votes for one class, and most votes win: a forest of ml-random-forest. */
  votes?: true;
  /** Of a regression: what intervals are made of. Absent in models of earlier versions and of ml-random-forest. */
  errors?: IntervalErrors;
}

/** How 0.1 stored nodes, until 2026-11: such models are read for ever. */
interface EarlyNodes {
  /** Float64, one number a node: the threshold, or what a leaf predicts. */
  value: string;
  /** Float32, of each leaf. */
  cover: string;
}

/** A forest ready to score. */
export interface Forest {
  classes: number;
  votes: boolean;
  /** First node of each tree. */
  roots: Int32Array;
  feature: Uint16Array;
  value: Float64Array;
  right: Int32Array;
  shares: Float64Array;
  /** Weight of the training rows that came by. */
  cover: Float32Array;
  errors?: IntervalReader;
}

/** Marks of the one-byte form. */
const smallLeaf = 255;
const smallMissingLeft = 128;

export function forestModelOf(trees: readonly Tree[], classes: number, votes = false): ForestModel {
  const total = trees.reduce((sum, tree) => sum + tree.feature.length, 0);
  const feature = new Uint16Array(total);
  const thresholds = new Float64Array(total);
  const predictions = new Float64Array(total);
  const cover = new Float64Array(total);
  const shares: number[] = [];
  const rowOfShares = new Map<string, number>();
  /** Most leaves are pure: each mix of shares is stored once. */
  function rowOf(mix: number[]): number {
    const key = mix.join();
    const known = rowOfShares.get(key);
    if (known !== undefined) return known;
    rowOfShares.set(key, rowOfShares.size);
    shares.push(...mix);
    checkShares(shares.length, classes);
    return rowOfShares.size - 1;
  }
  let at = 0;
  let leaves = 0;
  let few = true;
  for (const tree of trees) {
    const known = new Int32Array(classes > 2 ? tree.shares.length / classes : 0).fill(-1);
    for (let i = 0; i < tree.feature.length; i++, at++) {
      const code = tree.feature[i]!;
      const value = tree.value[i]!;
      feature[at] = code;
      if (code !== leaf) {
        if ((code & ~missingGoesLeft) >= smallMissingLeft - 1) few = false;
        thresholds[at - leaves] = value;
        continue;
      }
      cover[leaves] = tree.cover[i]!;
      if (classes > 2 && known[value]! < 0)
        known[value] = rowOf(tree.shares.slice(value * classes, (value + 1) * classes));
      predictions[leaves++] = classes > 2 ? known[value]! : value;
    }
  }
  return {
    classes,
    ...(votes ? { votes } : {}),
    nodes: trees.map((tree) => tree.feature.length),
    featureBytes: few ? 1 : 2,
    feature: packed(few ? mapped(feature, new Uint8Array(total), narrow) : feature),
    thresholds: packNumbers(thresholds.subarray(0, total - leaves)),
    leaves: packNumbers(predictions.subarray(0, leaves)),
    cover: packNumbers(cover.subarray(0, leaves)),
    ...(classes > 2 ? { shares: packed(Float64Array.from(shares)) } : {}),
  };
}

/** `from` of a typed array takes ten times as long. */
function mapped<T extends Uint8Array | Uint16Array>(from: ArrayLike<number>, into: T, by: (code: number) => number): T {
  for (let i = 0; i < from.length; i++) into[i] = by(from[i]!);
  return into;
}

const narrow = (code: number): number =>
  code === leaf ? smallLeaf : (code & 127) | (code & missingGoesLeft ? smallMissingLeft : 0);
const widen = (code: number): number =>
  code === smallLeaf ? leaf : (code & 127) | (code & smallMissingLeft ? missingGoesLeft : 0);

/** Throws a RangeError for a model that does not fit together. */
export function forestOf(model: ForestModel): Forest {
  const codes = fromBase64(model.feature);
  const feature =
    model.featureBytes === 1 ? mapped(codes, new Uint16Array(codes.length), widen) : new Uint16Array(codes.buffer);
  const { value, leafCover } =
    "value" in model ? earlyNodes(model as unknown as EarlyNodes) : readNodes(model, feature);
  const shares = new Float64Array(fromBase64(model.shares ?? "").buffer);
  const total = model.nodes.reduce((sum, nodes) => sum + nodes, 0);
  if (feature.length !== total || value.length !== total)
    throw new RangeError("the forest's nodes do not fit together");
  const forest: Forest = {
    classes: model.classes,
    votes: model.votes === true,
    roots: new Int32Array(model.nodes.length),
    feature,
    value,
    right: new Int32Array(total),
    shares,
    cover: new Float32Array(total),
    ...(model.errors ? { errors: intervalReader(model.errors) } : {}),
  };
  let at = 0;
  let leaves = 0;
  model.nodes.forEach((nodes, tree) => {
    forest.roots[tree] = at;
    leaves = link(forest, at, at + nodes, leafCover, leaves);
    at += nodes;
  });
  if (leaves !== leafCover.length) throw new RangeError("the forest's leaves do not fit together");
  return forest;
}

interface Nodes {
  /** Of each node. */
  value: Float64Array;
  leafCover: Float64Array;
}

function readNodes({ thresholds, leaves, cover }: ForestModel, feature: Uint16Array): Nodes {
  const ofInner = unpackNumbers(thresholds);
  const ofLeaves = unpackNumbers(leaves);
  const value = new Float64Array(ofInner.length + ofLeaves.length);
  for (let i = 0, seen = 0; i < value.length; i++)
    value[i] = (feature[i] === leaf ? ofLeaves[seen++] : ofInner[i - seen]) ?? Number.NaN;
  return { value, leafCover: unpackNumbers(cover) };
}

const earlyNodes = ({ value, cover }: EarlyNodes): Nodes => ({
  value: new Float64Array(fromBase64(value).buffer),
  leafCover: Float64Array.from(new Float32Array(fromBase64(cover).buffer)),
});

/** Finds the right children of one tree in preorder and the cover of its inner nodes. Returns how many leaves have been seen. */
function link(forest: Forest, start: number, end: number, leafCover: Float64Array, leavesBefore: number): number {
  const { feature, value, right, cover, shares, classes } = forest;
  const open: number[] = []; // nodes whose right child is still to come
  let leaves = leavesBefore;
  for (let i = start; i < end; i++) {
    if (feature[i] !== leaf) {
      open.push(i);
      continue;
    }
    if (classes > 2 && !(value[i]! >= 0 && (value[i]! + 1) * classes <= shares.length))
      throw new RangeError(`node ${i} refers to shares that are not there`);
    cover[i] = leafCover[leaves++] ?? 0;
    if (i + 1 === end) break;
    const parent = open.pop();
    if (parent === undefined) throw new RangeError(`node ${i + 1} has no parent`);
    right[parent] = i + 1;
  }
  if (open.length > 0 || end === start) throw new RangeError("a tree of the forest is cut off");
  for (let i = end - 1; i >= start; i--) if (feature[i] !== leaf) cover[i] = cover[i + 1]! + cover[right[i]!]!;
  return leaves;
}
