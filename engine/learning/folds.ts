import { Refusal, refuse } from "../contract/errors";
import type { Dataset } from "./dataset";
import { randomOf, shuffle } from "./random";
import { consecutive, rowsByTime, type Split, type SplitKind } from "./split";

/**
 * The divisions of a k-fold cross-validation, in the way of the split: as many as `count`, of which each row is held out in at
 * most one. Sizes are those of scikit-learn's splitters; which rows go where is decided by our own random numbers.
 *
 * - `random`: shuffled rows in turns (`KFold`).
 * - `stratified`: each class's shuffled rows in turns (`StratifiedKFold`).
 * - `group`: whole groups, the largest first, each to the part with the fewest rows (`GroupKFold`).
 * - `time`: each part is judged by a model of all rows before it, and by none of later ones (`TimeSeriesSplit`).
 * - `column`: what the split column says beside `test` names the parts, whatever `count` is (`PredefinedSplit`); where it says
 *   the same of all, they are `random`, or `stratified` for classes.
 */
export function foldsOf(dataset: Dataset, count: number, { split, seed }: { split: SplitKind; seed: number }): Split[] {
  const { rows, target } = dataset;
  if (split === "column" && dataset.groups) {
    const { groups, count: named } = consecutive(dataset.groups);
    if (named >= 2) return partsOf(groups, named);
  }
  if (split === "time") return expandingWindows(dataset, count);
  checkEnough(rows, count, "row");
  const random = randomOf(seed, foldStream);
  const foldOf = new Int32Array(rows);
  if (split === "group" && dataset.groups) {
    const { groups, count: groupCount } = consecutive(dataset.groups);
    checkEnough(groupCount, count, "group");
    const partOf = balanced(groups, groupCount, count, random);
    for (let row = 0; row < rows; row++) foldOf[row] = partOf[groups[row]!]!;
    return partsOf(foldOf, count);
  }
  const order = shuffle(
    Int32Array.from({ length: rows }, (_, i) => i),
    random,
  );
  if ((split === "stratified" || split === "column") && target.labels)
    order.sort((a, b) => target.values[a]! - target.values[b]!); // stable
  order.forEach((row, i) => {
    foldOf[row] = i % count;
  });
  return partsOf(foldOf, count);
}

/** Apart from the streams of the trees, which count up from 0. */
const foldStream = 0xf01d;

function partsOf(partOf: Int32Array, count: number): Split[] {
  return Array.from({ length: count }, (_, part) => ({
    train: indicesWhere(partOf, (found) => found !== part),
    test: indicesWhere(partOf, (found) => found === part),
  }));
}

const indicesWhere = (partOf: Int32Array, fits: (part: number) => boolean): Int32Array =>
  Int32Array.from(partOf.keys()).filter((row) => fits(partOf[row]!));

/** The last `count` of `count` + 1 blocks of time, each beside all rows before it; what does not divide is in the first block. */
function expandingWindows(dataset: Dataset, count: number): Split[] {
  const order = rowsByTime(dataset);
  const size = Math.floor(dataset.rows / (count + 1));
  if (size === 0) refuseParts(dataset.rows, count + 1, "row", dataset.rows - 1);
  return Array.from({ length: count }, (_, part) => {
    const start = dataset.rows - (count - part) * size;
    return { train: order.slice(0, start).sort(), test: order.slice(start, start + size).sort() };
  });
}

/** The part of each group, so that the parts have about the same number of rows. */
function balanced(
  groups: Int32Array,
  groupCount: number,
  count: number,
  random: ReturnType<typeof randomOf>,
): Int32Array {
  const sizes = new Int32Array(groupCount);
  for (const group of groups) sizes[group] = sizes[group]! + 1;
  const order = shuffle(
    Int32Array.from({ length: groupCount }, (_, i) => i),
    random,
  ).sort((a, b) => sizes[b]! - sizes[a]!); // stable
  const load = new Float64Array(count);
  const partOf = new Int32Array(groupCount);
  for (const group of order) {
    const part = load.indexOf(Math.min(...load));
    partOf[group] = part;
    load[part] = load[part]! + sizes[group]!;
  }
  return partOf;
}

function checkEnough(there: number, needed: number, what: "row" | "group"): void {
  if (there < needed) refuseParts(there, needed, what, there);
}

/** @param mostFolds of which there are enough */
function refuseParts(there: number, needed: number, what: "row" | "group", mostFolds: number): never {
  throw new Refusal(
    refuse(
      "too-few-rows",
      `${there} ${what}${there === 1 ? "" : "s"} to learn from cannot be divided into ${needed} parts for cross-validation.`,
      `Set folds to ${mostFolds < 2 ? 0 : `${mostFolds} or less`}, or send more ${what}s.`,
      { property: "folds" },
    ),
  );
}
