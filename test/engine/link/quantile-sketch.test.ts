import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  addToSketch,
  clearSketch,
  largest,
  newSketch,
  quantileOf,
  relativeError,
} from "../../../engine/link/quantile-sketch";
import { createDice } from "../../support/dice";
import { ranked } from "./bad-line";

interface Case {
  values: number[];
  shares: number[];
  quantiles: number[];
}
const { source, ...cases } = JSON.parse(
  readFileSync(path.join(__dirname, "../../../../test/fixtures/link/quantiles.json"), "utf8"),
) as Record<string, Case>;

const sketchOf = (values: readonly number[]) => {
  const sketch = newSketch();
  for (const value of values) addToSketch(sketch, value);
  return sketch;
};
const assertWithin = (got: number, wanted: number, what: string): void =>
  assert.ok(Math.abs(got - wanted) <= relativeError * wanted * (1 + 1e-9), `${what}: ${got} for ${wanted}`);

describe("the quantile sketch", () => {
  // numpy.quantile(method="lower"): see make.py.
  for (const [name, { values, shares, quantiles }] of Object.entries(cases))
    it(`is within its stated error of numpy: ${name}`, () => {
      const sketch = sketchOf(values);
      for (const [i, share] of shares.entries())
        assertWithin(quantileOf(sketch, share), quantiles[i]!, `${share} quantile`);
    });

  it("is within its stated error of every rank, whatever came, in whatever order, over ten decades", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const dice = createDice(seed);
      const values = Array.from({ length: 1 + dice(300) }, () => 10 ** (dice(10_000) / 1000 - 1.9));
      const sorted = [...values].sort((a, b) => a - b);
      const sketch = sketchOf(values);
      for (const share of [0, 0.1, 0.5, 0.9, 0.95, 0.99, 1])
        assertWithin(quantileOf(sketch, share), ranked(sorted, share), `seed ${seed}, ${share}`);
      assert.equal(sketch.max, sorted.at(-1));
      assert.ok(quantileOf(sketch, 1) <= sketch.max);
    }
  });

  it("stays small and finite for whatever is added", () => {
    const sketch = sketchOf([Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300, 1e-300, 0, 5]);
    assert.equal(sketch.count, 5);
    assert.equal(quantileOf(sketch, 0), 0);
    assert.equal(quantileOf(sketch, 1), largest);
    for (let power = -300; power <= 300; power++) addToSketch(sketch, 10 ** power);
    assert.ok(sketch.counts.length < 1400, `${sketch.counts.length}`);
  });

  it("has no quantile without values, and none of the period before", () => {
    const sketch = sketchOf([3, 4, 5]);
    clearSketch(sketch);
    assert.ok(Number.isNaN(quantileOf(sketch, 0.5)));
    addToSketch(sketch, 100);
    assertWithin(quantileOf(sketch, 0), 100, "the only one");
    assert.ok(source);
  });
});
