import assert from "node:assert/strict";
import fc from "fast-check";
import { longestStep, orderByTime } from "../../../engine/plot/order-by-time";
import { type Trace, traceOf } from "../../../engine/plot/trace-of";

const none = Number.NaN;

/** A line of values one step apart, so many of them in a bucket. */
const trace = (values: readonly number[], perBucket = 1, longest = Number.POSITIVE_INFINITY): Trace => {
  const times = Float64Array.from(values, (_, i) => i);
  return traceOf(
    times.map((time) => time / perBucket),
    Float64Array.from(values),
    times,
    longest,
  );
};
const heights = ({ runs }: Trace): number[] => runs.flatMap((run) => run.filter((_, i) => i % 2 === 1));

describe("the line of a time series", () => {
  it("keeps of each bucket the first, least, greatest and last value in their order", () => {
    assert.deepEqual(trace([0.5, 0.1, 0.2, 0.9, 0.3, 0.4], 6).runs, [[0, 0.5, 0, 0.1, 0, 0.9, 0, 0.4]]);
    assert.deepEqual(trace([0.5, 0.9, 0.1, 0.4], 4).runs, [[0, 0.5, 0, 0.9, 0, 0.1, 0, 0.4]]);
    assert.deepEqual(trace([0.5, 0.5, 0.5], 3).runs, [[0, 0.5, 0, 0.5]]);
  });

  it("hides no spike: of any values, the least and the greatest of every bucket are drawn, and never more than four", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (values, perBucket) => {
          const { runs } = trace(values, perBucket);
          assert.equal(runs.length, 1);
          for (let bucket = 0; bucket * perBucket < values.length; bucket++) {
            const own = values.slice(bucket * perBucket, (bucket + 1) * perBucket);
            const drawn = runs[0]!.filter((_, i) => i % 2 === 1 && runs[0]![i - 1] === bucket);
            assert.equal(Math.max(...drawn), Math.max(...own));
            assert.equal(Math.min(...drawn), Math.min(...own));
            assert.ok(drawn.length <= 4);
          }
        },
      ),
    );
  });

  it("breaks where values are missing, shades it, and keeps a value that stands alone", () => {
    const { runs, gaps, gapCount } = trace([0.1, 0.2, none, 0.4, none, none, 0.7, 0.8]);
    assert.deepEqual(runs, [
      [0, 0.1, 1, 0.2],
      [3, 0.4],
      [6, 0.7, 7, 0.8],
    ]);
    assert.deepEqual(gaps, [[1, 6]]);
    assert.equal(gapCount, 2);
  });

  it("shades gaps at both ends, and a series of nothing", () => {
    assert.deepEqual(trace([none, none, 0.5, 0.5, none]).gaps, [
      [0, 2],
      [3, 4],
    ]);
    assert.deepEqual(trace([none, none, none]), { runs: [], gaps: [[0, 2]], gapCount: 1 });
  });

  it("breaks nothing within a bucket, but counts and shades the gap", () => {
    const { runs, gaps, gapCount } = trace([0.1, none, 0.2, 0.3], 4);
    assert.deepEqual([runs.length, gaps, gapCount], [1, [[0, 0]], 1]);
  });

  it("breaks at a step that is too long", () => {
    const times = Float64Array.of(0, 1, 2, 9, 10, 11, 12, 13, 14, 15, 16, 17);
    assert.equal(longestStep(times), 3);
    const { runs, gaps } = traceOf(
      times,
      times.map(() => 0.5),
      times,
      longestStep(times),
    );
    assert.equal(runs.length, 2);
    assert.deepEqual(gaps, [[2, 9]]);
  });

  it("takes readings sent on change for no gaps: steps of all lengths", () => {
    const times = Float64Array.of(0, 1, 5, 6, 14, 15, 17, 29, 30, 34, 35, 50, 52);
    assert.ok(longestStep(times) > 15);
    assert.equal(longestStep(Float64Array.of(0, 1)), Number.POSITIVE_INFINITY);
    assert.equal(longestStep(Float64Array.of(4, 4, 4, 4)), Number.POSITIVE_INFINITY);
  });

  it("is drawn in order of time; equal times keep their order, rows without a time are counted", () => {
    const order = orderByTime(Float64Array.of(5, 3, none, 5, 9e15), 5);
    assert.deepEqual([...order.rows], [1, 0, 3]);
    assert.deepEqual([order.unordered, order.untimed], [1, 2]);
    assert.deepEqual(orderByTime(Float64Array.of(1, 1, 2, 2), 4, Int16Array.of(0, 1, 0, 1)).unordered, 0);
    assert.equal(orderByTime(Float64Array.of(2, 1, 3, 2), 4, Int16Array.of(0, 1, 0, 1)).unordered, 0);
    assert.ok(heights(trace([0.3])).length === 1);
  });
});
