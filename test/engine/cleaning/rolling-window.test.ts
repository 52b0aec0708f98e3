import assert from "node:assert/strict";
import fc from "fast-check";
import { madOf, meanOf, medianOf, quantileOf, sdOf } from "../../../engine/cleaning/order-statistics";
import { createRollingWindow } from "../../../engine/cleaning/rolling-window";

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

describe("createRollingWindow", () => {
  it("holds the last rows in order of size, whatever came before", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN)), { maxLength: 100, size: "max" }),
        fc.integer({ min: 1, max: 40 }),
        (values, size) => {
          const window = createRollingWindow({ unit: "rows", size });
          values.forEach((value, i) => {
            window.push(value, 0);
            const expected = values.slice(Math.max(0, i + 1 - size), i + 1).filter((v) => !Number.isNaN(v));
            assert.deepEqual([...window.sorted], ascending(expected));
          });
        },
      ),
    );
  });

  it("keeps mean and sd as two passes over the window give them, in rows and in time, while values come and go", () => {
    const step = fc.record({
      value: fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.constant(Number.NaN)),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 150, size: "max" }),
        fc.integer({ min: 1, max: 70 }),
        fc.constantFrom("rows", "ms"),
        (steps, size, unit) => {
          const window = createRollingWindow({ unit: unit as "rows" | "ms", size }, "moments");
          steps.forEach(({ value }, i) => {
            window.forget(i);
            window.push(value, i);
            const held = steps
              .slice(Math.max(0, i + 1 - size), i + 1)
              .flatMap(({ value: v }) => (Number.isNaN(v) ? [] : [v]));
            assert.equal(window.count, held.length);
            for (const [actual, expected] of [
              [window.mean(), meanOf(held)],
              [window.sd(), sdOf(held)],
            ] as const)
              assert.ok(Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-11, `${actual} ${expected}`);
          });
        },
      ),
    );
  });

  it("a spike that has left leaves no rounding behind, and equal values have an sd of exactly 0", () => {
    const window = createRollingWindow({ unit: "rows", size: 40 }, "moments");
    for (const value of [1e300, -1e17, ...new Array(40).fill(0.1)]) window.push(value, 0);
    assert.deepEqual([window.mean(), window.sd()], [0.1, 0]);
    // A running sum would not have found its way back.
    assert.notEqual(
      [1e17, 0.1, -1e17].reduce((sum, value) => sum + value),
      0.1,
    );
  });

  it("holds what is younger than its length of time, and no more than 10,000 values", () => {
    const window = createRollingWindow({ unit: "ms", size: 10 });
    for (let ts = 0; ts < 100; ts++) window.push(ts, ts);
    window.forget(104);
    assert.deepEqual([...window.sorted], [95, 96, 97, 98, 99]);
    window.forget(Number.NaN);
    assert.equal(window.sorted.length, 5);
    for (let i = 0; i < 30_000; i++) window.push(i, 104);
    assert.equal(window.sorted.length, 10_000);
  });
});

describe("statistics of a window", () => {
  const double = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const values = fc.oneof(
    fc.array(double, { minLength: 1, maxLength: 10 }),
    fc.array(double, { minLength: 1, maxLength: 60, size: "max" }),
  );

  it("the median absolute deviation is the median of the deviations", () => {
    fc.assert(
      fc.property(values, (list) => {
        const sorted = ascending(list);
        const median = medianOf(sorted);
        assert.equal(madOf(sorted), medianOf(ascending(list.map((v) => Math.abs(v - median)))));
      }),
      { numRuns: 2000 },
    );
  });

  it("mean and sd of equal values are exact", () => {
    for (const value of [0.1, 1e15 + 0.3, -7.7]) {
      const same = new Array(37).fill(value);
      assert.deepEqual([meanOf(same), sdOf(same)], [value, 0]);
    }
  });

  it("a large offset costs no digits: sd of 1e9 + (4, 7, 13, 16) is the square root of 30", () => {
    assert.equal(sdOf([4, 7, 13, 16].map((v) => 1e9 + v)), Math.sqrt(30));
  });

  it("quantiles of type 7, of one value and of nothing", () => {
    // R 4.2: quantile(c(1, 2, 4, 8), c(0, 0.25, 0.5, 0.75, 1))
    assert.deepEqual(
      [0, 0.25, 0.5, 0.75, 1].map((p) => quantileOf([1, 2, 4, 8], p)),
      [1, 1.75, 3, 5, 8],
    );
    assert.equal(quantileOf([5], 0.3), 5);
    for (const nothing of [quantileOf([], 0.5), medianOf([]), meanOf([]), madOf([]), sdOf([1])])
      assert.ok(Number.isNaN(nothing));
  });
});
