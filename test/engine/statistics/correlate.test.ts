import assert from "node:assert/strict";
import { correlate } from "../../../engine/statistics/correlate";
import { correlationP, spearmanP } from "../../../engine/statistics/correlation-test";
import { describeColumn } from "../../../engine/statistics/describe-column";
import { spearmanExact } from "../../../engine/statistics/spearman-exact";
import { assertDigits } from "../learning/references";
import { columnOf, numbersOf, readFixture } from "./references";

type Column = (number | null)[];
type Fixture = Record<string, Column[]> & { "n complete": number };
const methods = ["pearson", "spearman"] as const;

function assertMatrix(actual: readonly Column[], expected: readonly Column[], what: string, digits = 12): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((row, i) => {
    row.forEach((value, j) => {
      const found = actual[i]![j]!;
      if (value === null) assert.equal(found, null, `${what} ${i} ${j}`);
      else assertDigits(found, value, digits, `${what} ${i} ${j}`);
    });
  });
}

describe("correlation", () => {
  const fixture = readFixture<Fixture>("correlation.json");
  const whole = fixture.columns!.map((values, i) => columnOf(values, `c${i}`));
  const gaps = fixture["columns with gaps"]!.map((values, i) => columnOf(values, `c${i}`));

  for (const method of methods) {
    it(`${method}: as R's cor, with ties, of whole columns, pairwise and of complete rows`, () => {
      // Four columns of 120 rows, the first with blank cells of its own.
      const complete = whole.slice(1);
      const expected = fixture[`${method} cor`]!.slice(1).map((row) => row.slice(1));
      assertMatrix(correlate(complete, { method }).matrix, expected, "whole");
      assertMatrix(correlate(gaps, { method }).matrix, fixture[`${method} cor pairwise`]!, "pairwise");
      const listwise = correlate(gaps, { method, use: "complete" });
      assertMatrix(listwise.matrix, fixture[`${method} cor complete`]!, "complete");
      assert.ok(listwise.n.flat().every((n) => n === fixture["n complete"]));
    });

    it(`${method}: n and p of each pair, as R's cor.test`, () => {
      const { n, p } = correlate(gaps, { method });
      assert.deepEqual(n, fixture[`${method} n pairwise`]);
      assertMatrix(p, fixture[`${method} p pairwise`]!, "p", 10);
    });

    it(`${method}: three rows apart, as R's cor of the shifted columns`, () => {
      const lagged = correlate(gaps, { method, lag: 3 });
      assertMatrix(lagged.matrix, fixture[`${method} cor lag 3 pairwise`]!, "lag 3");
      assert.equal(lagged.lag, 3);
    });
  }

  it("Pearson: 95 % intervals as R's cor.test", () => {
    const { ci } = correlate(gaps);
    for (const [side, name] of [
      [0, "pearson low"],
      [1, "pearson high"],
    ] as const)
      assertMatrix(
        ci!.map((row) => row.map((both) => both?.[side] ?? null)),
        fixture[name]!,
        name,
        11,
      );
  });

  it("autocorrelation at any lag and with gaps as R's acf(na.action = na.pass)", () => {
    fixture["acf lag 1, 2, 7 with gaps"]!.forEach((row, i) => {
      [1, 2, 7].forEach((lag, k) => {
        assertDigits(describeColumn(gaps[i]!.values, lag).autocorrelation!, row[k]!, 12, `${i} at ${lag}`);
      });
    });
  });

  it("Spearman's p is exact up to nine rows without ties, as R's, and of the t distribution else", () => {
    for (const [n, rho, p] of fixture["cor.test(spearman, exact) without ties: n, rho, p"]! as unknown as number[][]) {
      assertDigits(spearmanExact(rho!, n!), p!, 13, `n ${n}`);
      assert.equal(spearmanP(rho!, n!, false), spearmanExact(rho!, n!));
    }
    assert.equal(spearmanP(0.5, 9, true), correlationP(0.5, 9));
    assert.equal(spearmanP(0.5, 10, false), correlationP(0.5, 10));
  });

  it("p of Pearson's coefficient as R's pt", () => {
    for (const [r, n, p] of fixture["cor.test(pearson): r, n, p"]! as unknown as number[][])
      assertDigits(correlationP(r!, n!), p!, 9, `r ${r} n ${n}`);
  });

  it("gives null for what is not determined: constant columns, one row, nothing in common", () => {
    const columns = [
      columnOf([1, 2, 3, null, null], "a"),
      columnOf([0.1, 0.1, 0.1, 0.1, 0.1], "constant"),
      columnOf([null, null, null, 4, 5], "apart"),
      columnOf([2, 4, 6, null, null], "double"),
    ];
    for (const method of methods) {
      const { matrix, n, p, ci } = correlate(columns, { method });
      assert.deepEqual(matrix, [
        [1, null, null, 1],
        [null, null, null, null],
        [null, null, 1, null],
        [1, null, null, 1],
      ]);
      assert.deepEqual(n[0], [3, 3, 0, 3]);
      assert.deepEqual(p[0]!.slice(0, 3), [null, null, null]);
      for (const row of ci ?? []) for (const both of row) assert.ok(both === null || both.every(Number.isFinite));
    }
    assert.deepEqual(correlate([columnOf([1])]).matrix, [[null]]);
    assert.deepEqual(correlate([columnOf([])]).n, [[0]]);
  });

  it("keeps all digits of columns far from zero, and blocks of rows join without a seam", () => {
    const rows = 5000;
    const near = Array.from({ length: rows }, (_, i) => Math.sin(i * i));
    const noise = near.map((value, i) => value + 0.3 * Math.cos(7 * i * i));
    const far = (values: number[]): number[] => values.map((value) => 1e9 + Math.round(value * 2 ** 20) / 2 ** 20);
    const rounded = far(near).map((value) => value - 1e9);
    const expected = correlate([columnOf(rounded), columnOf(far(noise).map((value) => value - 1e9))]).matrix[0]![1]!;
    assertDigits(correlate([columnOf(far(near)), columnOf(far(noise))]).matrix[0]![1]!, expected, 12, "far");
    const withGap = [columnOf([...far(near), null]), columnOf([...far(noise), 1])];
    assertDigits(correlate(withGap).matrix[0]![1]!, expected, 12, "far, pairwise");
  });

  it("ranks large columns as small ones: equal values, signs, zeros of both signs", () => {
    const values = Array.from(
      { length: 3000 },
      (_, i) => Math.round(Math.sin(i * i) * 40) / 8 - (i % 97 === 0 ? 0 : 0),
    );
    values[5] = -0;
    values[6] = 0;
    const cubes = values.map((value) => value ** 3 + 5);
    const { matrix } = correlate([columnOf(values), columnOf(cubes), columnOf(values.map((v) => -v))], {
      method: "spearman",
    });
    assert.deepEqual(matrix[0], [1, 1, -1]);
    assert.equal(numbersOf([null])[0], Number.NaN);
  });
});
