import assert from "node:assert/strict";
import { orderStatistic } from "../../../engine/statistics/order-statistic";
import { quantilesOf } from "../../../engine/statistics/quantiles";
import { createDice } from "../../support/dice";

describe("order statistics", () => {
  const dice = createDice(9);
  const count = 40_000;
  const columns: Record<string, (i: number) => number> = {
    "in no order": () => dice(1_000_000) / 7,
    rising: (i) => i / 3,
    falling: (i) => -i / 3,
    "all equal": () => 4.2,
    "three values": () => dice(3),
    "two values far apart, nearly half each": (i) => (i % 2 === 0 ? 1e300 : -1e300),
    "one row that stands out": (i) => (i === 777 ? 1 : 0),
    "a wave as long as a sample's step": (i) => Math.sin((2 * Math.PI * i) / (count / 2048)),
    "mostly one value, the rest without end": (i) => (i % 10 === 0 ? dice(1000) - 500 : 0),
  };
  for (const [name, of] of Object.entries(columns))
    it(`are those of the sorted column: ${name}`, () => {
      const values = Float64Array.from({ length: count }, (_, i) => of(i));
      const sorted = values.slice().sort();
      const ranks = [0, 1, 7, 2500, count / 4, count / 2 - 1, count / 2, (3 * count) / 4, count - 2, count - 1];
      const scratch = new Float64Array(count);
      for (const rank of ranks)
        assert.deepEqual(
          orderStatistic(values, rank, scratch),
          [sorted[rank], sorted[rank + 1] ?? Number.NaN],
          `${rank}`,
        );
    });

  it("are right where the sample sees nothing of what there is", () => {
    const values = Float64Array.from({ length: count }, (_, i) => 1 + i);
    // The rows that the sample looks at: the same walk.
    const walk = createDice(1);
    for (let i = 0; i < 2048; i++) values[walk(count)] = 0;
    const sorted = values.slice().sort();
    for (const rank of [0, 1000, count / 2, count - 1])
      assert.deepEqual(orderStatistic(values.slice(), rank, new Float64Array(count)), [
        sorted[rank],
        sorted[rank + 1] ?? Number.NaN,
      ]);
  });

  it("give quantiles of any number of values", () => {
    for (const n of [1, 2, 3, 10, 599, 601, 4999, 5000, 5001]) {
      const values = Float64Array.from({ length: n }, () => dice(1000));
      const sorted = values.slice().sort();
      for (const p of [0, 0.1, 0.25, 1 / 3, 0.5, 0.999, 1]) {
        const at = (n - 1) * p;
        const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
        const expected = below + (above - below) * (at - Math.floor(at));
        assert.ok(Math.abs(quantilesOf(values, [p])[0]! - expected) < 1e-9, `${p} of ${n}`);
      }
    }
  });
});
