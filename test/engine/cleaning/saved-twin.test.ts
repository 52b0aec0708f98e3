import assert from "node:assert/strict";
import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { type Cleaner, createCleaner } from "../../../engine/cleaning/create-cleaner";
import { readRowOptions } from "../../../engine/cleaning/read-row-options";
import { readRules } from "../../../engine/cleaning/read-rules";
import { notTheLast, type SavedTwin } from "../../../engine/cleaning/twin-memories";
import type { Sample, Values } from "../../../engine/contract/messages";
import { agree } from "./references";

const sample = (ts: number, values: Values): Sample => ({ id: "a", ts, values });
const create = (rules: unknown[], settings: Record<string, unknown>, restore?: (id: string) => SavedTwin | undefined) =>
  createCleaner(readRules(rules), { ...readRowOptions(settings), ...(restore ? { restore } : {}) });
/** What is saved of the twin, as it comes back from a file. */
const savedOf = (cleaner: Cleaner): SavedTwin => deserialize(serialize(cleaner.save("a"))) as SavedTwin;
const outcome = (cleaner: Cleaner, samples: Sample[]) =>
  samples.map((one) => {
    const { samples: left, dropped } = cleaner.clean([one]);
    return { left, codes: dropped.map(({ error }) => error.code) };
  });

/** Every step that remembers something, each in its own way. */
const rules = [
  { property: "x", missing: "ffill", maxGap: "40ms" },
  { property: "x", missing: "mean" },
  { property: "x", missing: "median", window: 4 },
  { property: "x", outlier: "hampel", window: 6, onOutlier: "missing" },
  { property: "x", outlier: "zscore", window: "60ms", onOutlier: "replace" },
  { property: "x", outlier: "iqr", onOutlier: "mark" },
  { property: "x", smooth: "mean", window: 4 },
  { property: "x", smooth: "median", window: "50ms" },
  { property: "x", smooth: "ewma", window: 4 },
  { property: "x", smooth: "savitzky-golay", window: 5 },
  { property: "x", deadband: 2 },
  { property: "x", stuck: 3, onStuck: "drop" },
  { property: "x", stuck: "20ms" },
  { property: "x", maxRate: 500, onRate: "missing" },
  { property: "*", missing: "ffill" },
];
const settings: Record<string, unknown>[] = [
  {},
  { order: "drop" },
  { duplicates: "all" },
  { duplicates: "time" },
  { resample: "20ms" },
  { resample: "20ms", resampleMethod: "last", resampleGap: "60ms" },
  { resample: "20ms", resampleMethod: "linear" },
  ...["lag", "difference"].map((kind) => ({ features: [{ property: "x", kind, lag: 3 }] })),
  ...["mean", "sd", "min", "max", "median"].map((name) => ({
    features: [{ property: "x", kind: `rolling-${name}`, window: name === "mean" ? "40ms" : 20 }],
  })),
];

describe("what is saved of a twin", () => {
  it("lets a cleaner go on as if it had never stopped, whatever it does", () => {
    const value = fc.option(fc.integer({ min: -9, max: 9 }), { nil: null });
    const series = fc.array(fc.tuple(fc.integer({ min: -3, max: 25 }), value), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(
        series,
        fc.subarray(rules, { maxLength: 3 }),
        fc.constantFrom(...settings),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (steps, chosen, setting, share) => {
          let ts = 100;
          const samples = steps.map(([step, x]) => {
            ts += step;
            return sample(ts, { x, y: x === null ? "text" : x });
          });
          const half = 1 + Math.floor(share * (samples.length - 1));
          const before = create(chosen, setting);
          outcome(before, samples.slice(0, half));
          const saved = before.save("a") && savedOf(before);
          const after = create(chosen, setting, () => saved);
          assertSame(outcome(after, samples.slice(half)), outcome(before, samples.slice(half)));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it("is used by the rules, the grid and the features that say the same, wherever they stand; others begin anew", () => {
    const ffill = { property: "x", missing: "ffill" };
    const feature = { property: "x", kind: "lag" };
    const before = create([ffill, { property: "y", deadband: 5 }], { resample: "10ms", features: [feature] });
    outcome(before, [sample(0, { x: 1, y: 10 }), sample(10, { x: 2, y: 10 })]);
    const point = (rules: unknown[], settings: Record<string, unknown>) => {
      const saved = savedOf(before);
      const cleaner = create(rules, settings, () => saved);
      return outcome(cleaner, [sample(12, { x: null, y: 12 }), sample(20, {})]).flatMap(({ left }) => left);
    };
    const same = { resample: "10ms", features: [feature] };
    assert.deepEqual(
      point([{ property: "y", deadband: 5 }, ffill], same).map(({ ts, values }) => [ts, values]),
      [[10, { x: 2, y: 10, x_lag_1: 1 }]],
    );
    assert.deepEqual(
      point(
        [
          { property: "y", deadband: 6 },
          { ...ffill, maxGap: 3 },
        ],
        same,
      ).map(({ ts, values }) => [ts, values]),
      [[10, { x: 2, y: 11, x_lag_1: 1 }]],
      "new rules fill nothing yet and hold nothing yet",
    );
    assert.deepEqual(
      point([ffill], { resample: "20ms", features: [{ ...feature, lag: 2 }] }).map(({ ts, values }) => [ts, values]),
      [[0, { x: 2, y: 12, x_lag_2: null }]],
      "another grid and another feature know of nothing",
    );
  });

  it("that may not be the last makes the point of the interval that was open uncertain, and no other", () => {
    const before = create([], { resample: "10ms" });
    outcome(before, [sample(1, { x: 1 })]);
    const cleaner = create([], { resample: "10ms" }, () => notTheLast(savedOf(before)));
    const points = outcome(cleaner, [sample(2, { x: 3 }), sample(11, { x: 5 }), sample(21, { x: 6 })]);
    assert.deepEqual(
      points.flatMap(({ left }) => left),
      [
        { id: "a", ts: 0, values: { x: 2 }, quality: { x: "uncertain" } },
        { id: "a", ts: 10, values: { x: 5 } },
      ],
    );
  });
});

/** Numbers to 12 digits: a window that was filled anew is summed in another order. */
function assertSame(actual: unknown, expected: unknown): void {
  const numbers: number[][] = [[], []];
  const texts = [actual, expected].map((one, i) =>
    JSON.stringify(one, (_, value: unknown) => {
      if (typeof value !== "number") return value;
      numbers[i]!.push(value);
      return "number";
    }),
  );
  assert.equal(texts[0], texts[1]);
  assert.ok(agree(numbers[0]!, numbers[1]!), `${texts[0]}: ${String(numbers[0])} and ${String(numbers[1])}`);
}
