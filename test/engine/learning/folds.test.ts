import assert from "node:assert/strict";
import type { Dataset } from "../../../engine/learning/dataset";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import { foldsOf } from "../../../engine/learning/folds";
import type { Split, SplitKind } from "../../../engine/learning/split";
import { emptyRows, readFixture, refusalOf } from "./references";

const repeated = (sizes: number[]): number[] => sizes.flatMap((size, c) => Array<number>(size).fill(c));
const classesOf = (sizes: number[]): Dataset => {
  const values = Float64Array.from(repeated(sizes));
  return emptyRows(values.length, { target: { name: "y", values, labels: sizes.map((_, c) => c) } });
};
const foldsBy = (dataset: Dataset, folds: number, split: SplitKind, seed = 1): Split[] =>
  foldsOf(dataset, folds, { split, seed });
const plain = (folds: Split[]): number[][][] => folds.map(({ train, test }) => [[...train], [...test]]);

/** Every row is held out once, and learned from in all other folds. */
function assertPartition(folds: Split[], rows: number): void {
  const held = folds.flatMap(({ test }) => [...test]).sort((a, b) => a - b);
  assert.deepEqual(held, [...Array(rows).keys()]);
  for (const { train, test } of folds) {
    const all = [...train, ...test].sort((a, b) => a - b);
    assert.deepEqual(all, [...Array(rows).keys()]);
  }
}

describe("folds, as scikit-learn's", () => {
  const of = readFixture<{
    "KFold(shuffle=True): rows, folds, rows of each": [number, number, number[]][];
    "StratifiedKFold: rows of each class, folds, those of each fold": [number[], number, number[][]][];
    "GroupKFold: rows of each group, folds, rows of each fold": [number[], number, number[]][];
    "TimeSeriesSplit: rows, folds, [train, test] of each": [number, number, number[][][]][];
    "PredefinedSplit: part of each row, [train, test] of each": [number[], number[][][]][];
  }>("selection.json");

  it("random: the sizes of KFold, each row held out once, shuffled", () => {
    for (const [n, folds, sizes] of of["KFold(shuffle=True): rows, folds, rows of each"]) {
      const found = foldsBy(emptyRows(n), folds, "random");
      assert.deepEqual(
        found.map(({ test }) => test.length),
        sizes,
      );
      assertPartition(found, n);
    }
    const [first, other] = [1, 2].map((seed) => plain(foldsBy(emptyRows(53), 5, "random", seed)));
    assert.notDeepEqual(first, other);
    assert.notDeepEqual(
      first![0]![1],
      first![0]![1]!.map((_, i) => i),
      "no block",
    );
  });

  it("stratified: of each class as many in each fold as StratifiedKFold has", () => {
    for (const [sizes, folds, counts] of of["StratifiedKFold: rows of each class, folds, those of each fold"]) {
      const dataset = classesOf(sizes);
      const found = foldsBy(dataset, folds, "stratified");
      assertPartition(found, dataset.rows);
      assert.deepEqual(
        found.map(({ test }) => sizes.map((_, c) => test.filter((row) => dataset.target.values[row] === c).length)),
        counts,
      );
    }
  });

  it("group: no group on both sides, and parts as even as GroupKFold's", () => {
    for (const [sizes, folds, counts] of of["GroupKFold: rows of each group, folds, rows of each fold"]) {
      const groups = Int32Array.from(repeated(sizes), (group) => group * 3); // with gaps in the numbers
      const found = foldsBy(emptyRows(groups.length, { groups }), folds, "group");
      assertPartition(found, groups.length);
      assert.deepEqual(
        found.map(({ test }) => test.length),
        counts,
      );
      for (const { train, test } of found) {
        const learned = new Set([...train].map((row) => groups[row]));
        assert.ok([...test].every((row) => !learned.has(groups[row])));
      }
    }
  });

  it("time: the very rows of TimeSeriesSplit, by time where there is one; nothing is learned from the future", () => {
    for (const [n, folds, expected] of of["TimeSeriesSplit: rows, folds, [train, test] of each"]) {
      assert.deepEqual(plain(foldsBy(emptyRows(n), folds, "time")), expected);
      const times = Float64Array.from({ length: n }, (_, i) => n - i); // newest first
      const mirrored = expected.map((fold) => fold.map((rows) => rows.map((row) => n - 1 - row).reverse()));
      assert.deepEqual(plain(foldsBy(emptyRows(n, { times }), folds, "time")), mirrored);
    }
  });

  it("column: the very rows of PredefinedSplit, by what the column says beside test", () => {
    for (const [parts, expected] of of["PredefinedSplit: part of each row, [train, test] of each"]) {
      const table = parts.map((part, i) => ({ y: i, x: i % 3, use: `part ${part}` }));
      const dataset = buildDataset(table, { target: "y", task: "regression", split: "column", splitColumn: "use" });
      assert.deepEqual(plain(foldsBy(dataset, 9, "column")), expected);
    }
    assertPartition(foldsBy(emptyRows(9, { groups: new Int32Array(9) }), 3, "column"), 9);
  });

  it("refuses parts that would be empty", () => {
    const groups = Int32Array.from({ length: 30 }, (_, i) => i % 4);
    const cases: [Dataset, SplitKind, RegExp, number][] = [
      [emptyRows(4), "random", /4 rows to learn from cannot be divided into 5 parts/, 4],
      [emptyRows(5), "time", /5 rows .* into 6 parts/, 4],
      [emptyRows(30, { groups }), "group", /4 groups .* into 5 parts/, 4],
      [emptyRows(2), "time", /2 rows .* into 6 parts/, 0],
      [emptyRows(30, { groups: new Int32Array(30) }), "group", /1 group .* into 5 parts/, 0],
    ];
    for (const [dataset, split, words, fit] of cases) {
      const { code, message, hint } = refusalOf(() => foldsBy(dataset, 5, split));
      assert.equal(code, "too-few-rows");
      assert.match(message, words);
      assert.match(hint, fit ? new RegExp(`Set folds to ${fit} or less`) : /Set folds to 0, /);
      if (fit) assert.equal(foldsBy(dataset, fit, split).length, fit, "what the hint says is so");
    }
    assert.equal(foldsBy(emptyRows(5), 5, "random").length, 5);
    assert.equal(foldsBy(emptyRows(6), 5, "time").length, 5);
    assert.equal(foldsBy(emptyRows(30, { groups }), 4, "group").length, 4);
  });
});
