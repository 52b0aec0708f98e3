import assert from "node:assert/strict";
import { tOfTail, twoSidedTail } from "../../../engine/statistics/student-t";
import { assertDigits, readFixture } from "./references";

type Triples = Record<string, [number, number, number][]>;

/**
 * Tail on both sides, degrees of freedom, quantile: R 4.2.2, qt(tail / 2, df, lower.tail = FALSE).
 * (scipy 1.10.1's t.isf is good to 8 or 9 digits only.)
 */
const quantiles: [number, number, number][] = [
  [0.5, 1, 1],
  [0.1, 1, 6.31375151467504],
  [0.05, 1, 12.7062047361747],
  [0.01, 1, 63.6567411628716],
  [1e-6, 1, 636619.772367058],
  [0.5, 3, 0.764892328404345],
  [0.1, 3, 2.35336343480183],
  [0.05, 3, 3.18244630528371],
  [0.01, 3, 5.84090930973336],
  [1e-6, 3, 130.154589558358],
  [0.5, 34, 0.681774102915578],
  [0.1, 34, 1.69092425518685],
  [0.05, 34, 2.03224450931772],
  [0.01, 34, 2.72839436707072],
  [1e-6, 34, 5.95000597756627],
  [0.5, 206, 0.675682568997987],
  [0.1, 206, 1.65228414418876],
  [0.05, 206, 1.97154666944523],
  [0.01, 206, 2.59990562566505],
  [1e-6, 206, 5.04360134677669],
  [0.5, 5000, 0.674538820360874],
  [0.1, 5000, 1.64515843759697],
  [0.05, 5000, 1.96043855170651],
  [0.01, 5000, 2.57681296655628],
  [1e-6, 5000, 4.89774207158519],
];

describe("Student's t", () => {
  const fixture = readFixture<Triples>("student-t.json");
  for (const [t, df, p] of fixture["two-sided tail: 2 * scipy.stats.t.sf(t, df)"]!)
    it(`tail beyond ${t} with ${df} degrees of freedom`, () => {
      assertDigits(twoSidedTail(t, df), p, 10, "p");
      assert.equal(twoSidedTail(-t, df), twoSidedTail(t, df));
    });
  for (const [tail, df, t] of quantiles)
    it(`t of the tail ${tail} with ${df} degrees of freedom`, () => assertDigits(tOfTail(tail, df), t, 11, "t"));

  it("keeps its digits in the far tail", () => {
    // R 4.2.2: 2 * pt(2331.6057858904205, 34, lower.tail = FALSE)
    assertDigits(twoSidedTail(2331.6057858904205, 34), 4.6540408524747545e-90, 12, "p");
  });
  it("is not the normal distribution", () => {
    assert.ok(tOfTail(0.05, 5) > 2.5); // 1.96 for the normal one
  });
  it("has no answer without degrees of freedom", () => {
    assert.ok(Number.isNaN(twoSidedTail(2, 0)));
    assert.ok(Number.isNaN(tOfTail(0.05, 0)));
  });
});
