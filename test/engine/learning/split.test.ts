import assert from "node:assert/strict";
import type { Dataset } from "../../../engine/learning/dataset";
import { randomOf, shuffle, xoshiro128 } from "../../../engine/learning/random";
import { splitRows } from "../../../engine/learning/split";
import { emptyRows, readFixture, refusalOf } from "./references";

function classesOf(sizes: number[]): Dataset {
  const values = Float64Array.from(sizes.flatMap((size, c) => Array<number>(size).fill(c)));
  return emptyRows(values.length, { target: { name: "y", values, labels: sizes.map((_, c) => c) } });
}

describe("splits", () => {
  const counts = readFixture<{
    "ShuffleSplit(test_size)": [number, number, number][];
    "StratifiedShuffleSplit(test_size): rows of each class, those held out": [number[], number, number[]][];
    "GroupShuffleSplit(test_size): groups, those held out": [number, number, number][];
  }>("splits.json");

  for (const [n, testSize, held] of counts["ShuffleSplit(test_size)"])
    it(`random: ${testSize} of ${n} rows are ${held}, as in scikit-learn`, () => {
      const { train, test } = splitRows(emptyRows(n), { split: "random", testSize, seed: 7 });
      assert.equal(test.length, held);
      assert.deepEqual(
        [...train, ...test].sort((a, b) => a - b),
        [...Array(n).keys()],
        "every row once",
      );
    });
  for (const [sizes, testSize, held] of counts["StratifiedShuffleSplit(test_size): rows of each class, those held out"])
    it(`stratified: ${testSize} of ${sizes} is ${held}, as in scikit-learn`, () => {
      const dataset = classesOf(sizes);
      const { test } = splitRows(dataset, { split: "stratified", testSize, seed: 7 });
      const found = sizes.map((_, c) => test.filter((row) => dataset.target.values[row] === c).length);
      // Where shares are equally near, scikit-learn decides by chance: one row to and fro.
      for (const [c, count] of found.entries()) assert.ok(Math.abs(count - held[c]!) <= 1, `${found}`);
      assert.equal(
        test.length,
        held.reduce((a, b) => a + b),
      );
    });
  for (const [groups, testSize, held] of counts["GroupShuffleSplit(test_size): groups, those held out"])
    it(`group: ${testSize} of ${groups} groups are ${held}, and whole`, () => {
      const groupOf = Int32Array.from({ length: groups * 3 }, (_, i) => Math.floor(i / 3) * 2); // with gaps in the numbers
      const { train, test } = splitRows(emptyRows(groups * 3, { groups: groupOf }), {
        split: "group",
        testSize,
        seed: 3,
      });
      const testGroups = new Set([...test].map((row) => groupOf[row]));
      assert.equal(testGroups.size, held);
      assert.ok([...train].every((row) => !testGroups.has(groupOf[row])));
    });

  it("time: the last rows, by time where there is one", () => {
    assert.deepEqual([...splitRows(emptyRows(10), { split: "time", testSize: 0.2, seed: 1 }).test], [8, 9]);
    const times = Float64Array.from([9, 1, 8, 2, 3, 4, 5, 6, 7, 0]);
    assert.deepEqual([...splitRows(emptyRows(10, { times }), { split: "time", testSize: 0.2, seed: 1 }).test], [0, 2]);
  });
  it("column: as the column says, whatever testSize is", () => {
    const heldOut = Uint8Array.from([0, 1, 0, 1]);
    assert.deepEqual([...splitRows(emptyRows(4, { heldOut }), { split: "column", testSize: 0, seed: 1 }).test], [1, 3]);
  });
  it("testSize 0 holds nothing out", () => {
    const { train, test } = splitRows(emptyRows(4), { split: "random", testSize: 0, seed: 1 });
    assert.deepEqual([[...train], test.length], [[0, 1, 2, 3], 0]);
  });
  it("never holds a class out whole", () => {
    const dataset = classesOf([50, 1]);
    const { test } = splitRows(dataset, { split: "stratified", testSize: 0.5, seed: 1 });
    assert.ok(!test.includes(50));
  });
  it("the seed decides", () => {
    const of = (seed: number) => [...splitRows(emptyRows(100), { split: "random", testSize: 0.2, seed }).test].join();
    assert.equal(of(1), of(1));
    assert.notEqual(of(1), of(2));
  });
  it("refuses to divide a single row or group", () => {
    assert.equal(
      refusalOf(() => splitRows(emptyRows(1), { split: "random", testSize: 0.2, seed: 1 })).code,
      "too-few-rows",
    );
    assert.match(
      refusalOf(() => splitRows(emptyRows(5), { split: "group", testSize: 0.2, seed: 1 })).message,
      /only one of the groups/,
    );
  });
});

describe("random numbers", () => {
  it("are xoshiro128** of the published source", () => {
    // The authors' C source (https://prng.di.unimi.it/xoshiro128starstar.c), compiled by gcc 12, with the state 1, 2, 3, 4.
    const { next } = xoshiro128([1, 2, 3, 4]);
    const drawn = Array.from({ length: 8 }, () => next());
    assert.deepEqual(drawn, [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849]);
  });
  it("repeat for a seed and differ between seeds and streams", () => {
    const first = (seed: number, stream = 0) => {
      const random = randomOf(seed, stream);
      return Array.from({ length: 5 }, () => random.next()).join();
    };
    assert.equal(first(1), first(1));
    assert.equal(new Set([first(1), first(2), first(1, 1), first(2, 1), first(0), first(-1)]).size, 6);
  });
  it("are even: 100,000 draws of 0 to 9 pass a chi-squared test at 1 in 1,000", () => {
    const random = randomOf(42);
    const seen = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) seen[random.below(10)]!++;
    const chi = seen.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    assert.ok(chi < 27.88, String(chi)); // qchisq(0.999, 9)
  });
  it("shuffle every order of three about equally often", () => {
    const random = randomOf(3);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle([0, 1, 2], random).join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    assert.equal(seen.size, 6);
    for (const count of seen.values()) assert.ok(Math.abs(count - 1000) < 120);
  });
});
