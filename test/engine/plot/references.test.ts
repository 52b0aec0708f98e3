import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import {
  binCount,
  countIn,
  freedmanDiaconis,
  histogramOf,
  maxBins,
  spreadOf,
  sturges,
} from "../../../engine/plot/bins";
import { boxOf } from "../../../engine/plot/box-of";
import { densityOf } from "../../../engine/plot/density-of";
import { projectRoot } from "../../flows/project";

interface Bins {
  from: number;
  to: number;
  counts: number[];
}
interface Sample {
  values: number[];
  auto: Bins;
  fd: Bins;
  sturges: Bins;
  box: { q1: number; med: number; q3: number; whislo: number; whishi: number; fliers: number[] };
  density?: { lo: number; hi: number; values: number[] };
}

/** From numpy, matplotlib and scipy: see make.py beside the file. */
const { source: _source, ...samples } = JSON.parse(
  readFileSync(path.join(projectRoot, "test/fixtures/plot/pictures.json"), "utf8"),
) as Record<string, Sample>;

const near = (actual: number, expected: number, what: string): void =>
  assert.ok(
    Math.abs(actual - expected) <= 1e-12 * Math.max(1e-300, Math.abs(expected)),
    `${what}: ${actual}, not ${expected}`,
  );

describe("numbers behind the pictures", () => {
  for (const [name, sample] of Object.entries(samples)) {
    const sorted = Float64Array.from(sample.values).sort();
    const range = sorted.at(-1)! - sorted[0]!;

    it(`${name}: bins as numpy's auto, fd and sturges`, () => {
      const { edges, counts } = histogramOf(sorted);
      const isWhole = sample.auto.counts.length <= maxBins;
      assert.equal(counts.length, isWhole ? sample.auto.counts.length : maxBins);
      if (isWhole) assert.deepEqual([...counts], sample.auto.counts);
      if (range > 0) {
        near(edges[0]!, sample.auto.from, "from");
        near(edges.at(-1)!, sample.auto.to, "to");
      }
      for (const [rule, width] of [
        ["fd", freedmanDiaconis(spreadOf(sorted))],
        ["sturges", sturges(spreadOf(sorted))],
      ] as const) {
        const expected = sample[rule].counts;
        const n = width > 0 ? Math.ceil(range / width) : 1;
        assert.equal(n, expected.length, rule);
        assert.deepEqual([...histogramOf(sorted, n).counts], expected, rule);
      }
    });

    it(`${name}: a box as matplotlib's`, () => {
      const box = boxOf(sorted);
      const { q1, med, q3, whislo, whishi, fliers } = sample.box;
      near(box.q1, q1, "q1");
      near(box.median, med, "median");
      near(box.q3, q3, "q3");
      assert.deepEqual([box.low, box.high], [whislo, whishi]);
      assert.deepEqual([...box.outliers], fliers);
    });

    it(`${name}: a density as scipy's gaussian_kde, none where all values are one`, () => {
      const { lo, hi, values } = sample.density ?? { lo: sorted[0]! - 1, hi: sorted[0]! + 1, values: [] };
      const found = densityOf(sorted, lo, hi, Math.max(2, values.length));
      assert.equal(found === undefined, range === 0);
      const tallest = Math.max(...values);
      values.forEach((expected, i) => {
        assert.ok(Math.abs(found![i]! - expected) < 1e-3 * tallest, `${i}: ${found![i]}, not ${expected} (${tallest})`);
      });
    });
  }

  it("a value on an edge belongs to the bin above it, and the last edge to the last bin", () => {
    assert.deepEqual(
      [...countIn(Float64Array.of(0, 1, 2, 3), Float64Array.of(0, 1, 1, 2, 3, 3.1, -1, Number.NaN))],
      [1, 2, 2],
    );
    assert.equal(binCount(spreadOf(Float64Array.of(5))), 1);
    const ends = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        ends,
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.integer({ min: 2, max: 60 }),
        (lo, range, n) => {
          const { edges } = histogramOf(Float64Array.of(lo, lo + range), n);
          const expected = Array.from({ length: n }, (_, i) => (i === n - 1 ? 2 : 1));
          assert.deepEqual([...countIn(edges, edges)], expected);
          // What is less than an edge by its last digit is in the bin below.
          const below = edges.subarray(1).map((edge) => edge - Math.abs(edge) * 1.2e-16);
          assert.deepEqual([...countIn(edges, below)], new Array(n).fill(1));
        },
      ),
    );
  });
});
