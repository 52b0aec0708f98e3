import assert from "node:assert/strict";
import { quantileOfSorted, quantilesOf } from "../../../engine/statistics/quantiles";
import { createDigest } from "../../../engine/statistics/t-digest";
import { createDice } from "../../support/dice";

/** How far the share of values below a quantile's value is from the share that was asked for. */
function errorInRank(sorted: Float64Array, value: number, share: number): number {
  let below = 0;
  while (below < sorted.length && sorted[below]! < value) below++;
  let upTo = below;
  while (upTo < sorted.length && sorted[upTo]! <= value) upTo++;
  const n = sorted.length;
  if (share * n < below) return below / n - share;
  return share * n > upTo ? share - upTo / n : 0;
}

describe("the t-digest", () => {
  const roll = createDice(7);
  const dice = (): number => roll(2 ** 32) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - dice())) * Math.cos(2 * Math.PI * dice());
  const sources: Record<string, (i: number) => number> = {
    even: () => dice(),
    normal: () => 20 + normal(),
    "log normal": () => Math.exp(2 * normal()),
    "two humps": () => (dice() < 0.5 ? -100 : 100) + normal(),
    "ten values": () => Math.floor(10 * dice()),
    rising: (i) => i,
    falling: (i) => -1 - i,
    "one value": () => 7.1,
  };
  const shares = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999];

  for (const [name, next] of Object.entries(sources))
    it(`keeps the rank within 1 %, within 0.1 % near the ends: ${name}`, () => {
      const whole = createDigest();
      const parts = Array.from({ length: 32 }, () => createDigest(100));
      const values = Float64Array.from({ length: 50_000 }, (_, i) => next(i));
      values.forEach((value, i) => {
        whole.add(value);
        parts[Math.floor((32 * i) / values.length)]!.add(value);
      });
      const joined = createDigest();
      for (const part of parts) joined.merge(part);
      const sorted = values.slice().sort();
      const median = quantileOfSorted(sorted, 0.5);
      const deviations = values.map((value) => Math.abs(value - median)).sort();
      for (const digest of [whole, joined]) {
        assert.deepEqual([digest.count, digest.isExact], [50_000, false]);
        for (const share of shares) {
          const error = errorInRank(sorted, digest.quantile(share), share);
          const allowed = Math.min(share, 1 - share) <= 0.01 ? 0.001 : 0.01;
          assert.ok(error <= allowed, `${share}: ${error}`);
        }
        assert.deepEqual([digest.quantile(0), digest.quantile(1)], [sorted[0], sorted.at(-1)]);
        assert.ok(errorInRank(deviations, digest.mad(), 0.5) <= 0.02, `MAD: ${digest.mad()}`);
      }
    });

  it("is exact up to 400 values, joined or not", () => {
    const digest = createDigest();
    const other = createDigest();
    const values = Float64Array.from({ length: 400 }, () => Math.round(50 * normal()));
    values.forEach((value, i) => {
      (i % 3 === 0 ? other : digest).add(value);
    });
    digest.merge(other);
    assert.ok(digest.isExact);
    for (const share of [0, 0.1, 0.25, 0.5, 0.9, 1])
      assert.equal(digest.quantile(share), quantilesOf(values.slice(), [share])[0]);
    const median = quantilesOf(values.slice(), [0.5])[0]!;
    assert.equal(
      digest.mad(),
      quantilesOf(
        values.map((value) => Math.abs(value - median)),
        [0.5],
      )[0],
    );
  });

  it("has no quantile of nothing, and one value's is that value", () => {
    const digest = createDigest();
    digest.merge(createDigest());
    assert.deepEqual([digest.quantile(0.5), digest.mad()], [Number.NaN, Number.NaN]);
    digest.add(3);
    assert.deepEqual([digest.quantile(0), digest.quantile(0.5), digest.quantile(1), digest.mad()], [3, 3, 3, 0]);
  });

  it("does not grow with what it takes in", () => {
    const digest = createDigest();
    let most = 0;
    for (let i = 0; i < 300_000; i++) {
      digest.add(normal());
      most = Math.max(most, digest.held);
    }
    assert.ok(most <= 1200, String(most));
    assert.ok(digest.centroids().means.length <= 600);
  });
});
