import assert from "node:assert/strict";
import { type Dataset, takeRows } from "../../../engine/learning/dataset";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import { createAwaitedTruths } from "../../../engine/learning/drift/awaited-truths";
import { distributionOf } from "../../../engine/learning/drift/distribution";
import { createDriftWatch, type Drift, driftDefaults } from "../../../engine/learning/drift/drift-watch";
import { createErrorWindow } from "../../../engine/learning/drift/error-window";
import { createInputWindow } from "../../../engine/learning/drift/input-window";
import { populationStability } from "../../../engine/learning/drift/population-stability";
import { ringOfParts } from "../../../engine/learning/drift/ring-of-parts";
import { featureSpecs } from "../../../engine/learning/model";
import { assertDigits, readCsv, readFixture } from "./references";

interface Reference {
  edges?: number[];
  counts: number[];
  "psi of rows 5000 to 5999": number;
  "psi of high torque": number;
}
const { columns } = readFixture<{ columns: Record<string, Reference> }>("drift.json");
const machines = readCsv("ai4i2020.csv");
const names = Object.keys(columns);
const whole = buildDataset(machines, { target: "Machine failure", task: "classification", features: names });
const rowsOf = (dataset: Dataset, from: number, to: number): Dataset =>
  takeRows(
    dataset,
    Array.from({ length: to - from }, (_, i) => from + i),
  );
const specs = featureSpecs(rowsOf(whole, 0, 5000));
const rowAt = (i: number): Float64Array => Float64Array.from(whole.features, ({ values }) => values[i]!);
const lately = Array.from({ length: 1000 }, (_, i) => 5000 + i);
const highTorque = machines.flatMap((row, i) => (Number(row["Torque [Nm]"]) > 45 ? [i] : [])).slice(0, 1000);

describe("drift of inputs", () => {
  it("keeps the deciles of each feature, and the texts of a category, as numpy counts them", () => {
    for (const { name, distribution } of specs) {
      assert.equal(distribution?.edges?.length, columns[name]?.edges?.length, name);
      for (const [k, edge] of (columns[name]?.edges ?? []).entries())
        assertDigits(distribution!.edges![k]!, edge, 15, `${name}, decile ${k + 1}`);
      assert.deepEqual(distribution?.counts, columns[name]?.counts, name);
    }
  });

  for (const [what, rows, key] of [
    ["the next rows", lately, "psi of rows 5000 to 5999"],
    ["rows of high torque", highTorque, "psi of high torque"],
  ] as const)
    it(`the population stability index of ${what} is numpy's`, () => {
      const window = createInputWindow(specs, 1000);
      for (const i of rows) window.add(rowAt(i));
      assert.equal(window.rows, 1000);
      const drift = window.drift();
      for (const { feature, psi } of drift) assertDigits(psi, columns[feature]![key], 11, feature);
      assert.deepEqual(
        drift.map(({ psi }) => psi),
        drift.map(({ psi }) => psi).sort((a, b) => b - a),
      );
    });

  it("is 0 of the same shares, and counts an empty bin as half a row, one that is empty in both not at all", () => {
    assert.equal(populationStability([10, 30, 60], [100, 300, 600]), 0);
    assert.equal(populationStability([10, 0, 90], [10, 0, 90]), 0);
    assertDigits(populationStability([50, 50, 0], [50, 0, 50]), 2 * (0.5 - 0.005) * Math.log(0.5 / 0.005), 12, "empty");
  });

  it("missing values, unknown texts and equal values have their bins", () => {
    const column = { name: "x", kind: "number" as const, values: Float64Array.of(1, 1, 1, 1, Number.NaN), missing: 1 };
    assert.deepEqual(distributionOf(column), { edges: [1], counts: [4, 0], other: 1 });
    const type = {
      name: "t",
      kind: "category" as const,
      categories: ["a", "b"],
      values: Float64Array.of(0, 1, 1),
      missing: 0,
    };
    assert.deepEqual(distributionOf(type), { counts: [1, 2], other: 0 });
  });

  it("of a long table keeps evenly picked rows, and of very many features nothing", () => {
    const values = Float64Array.from({ length: 25_000 }, (_, i) => i);
    const { counts } = distributionOf({ name: "x", kind: "number", values, missing: 0 });
    assert.deepEqual(
      counts,
      Array.from({ length: 10 }, () => 1000),
    );
    const one = { name: "x", kind: "number" as const, values: values.slice(0, 3), missing: 0 };
    const many = featureSpecs({ ...whole, features: Array.from({ length: 501 }, () => one) });
    assert.equal(many[0]?.distribution, undefined);
  });

  it("a window is the last rows, a tenth of them forgotten at once", () => {
    const ring = ringOfParts(1, 50);
    for (let i = 1; i <= 1000; i++) {
      const sums = ring.current();
      sums[0] = sums[0]! + i;
      assert.equal(ring.next(), i % 5 === 0);
    }
    assert.equal(ring.rows, 50);
    assert.equal(ring.total()[0], ((951 + 1000) * 50) / 2);
  });
});

describe("drift watch", () => {
  const told = (watch: ReturnType<typeof createDriftWatch>, rows: readonly number[]): Drift[] =>
    rows.flatMap((i) => watch.see(rowAt(i)) ?? []);
  const usual = Array.from({ length: 5000 }, (_, i) => (i * 1237) % 5000);

  it("tells once when it begins, with the features that changed most, and once when all is as it was", () => {
    const watch = createDriftWatch(specs, {}, driftDefaults);
    assert.deepEqual(told(watch, usual), []);
    const began = told(watch, [...highTorque, ...highTorque]);
    assert.equal(began.length, 1);
    assert.equal(began[0]?.state, "drifting");
    assert.equal(began[0]?.features?.[0]?.feature, "Torque [Nm]");
    assert.ok(watch.isDrifting("inputs"));
    const ended = told(watch, usual);
    assert.deepEqual(
      ended.map(({ state, of }) => [of, state]),
      [["inputs", "stable"]],
    );
    assert.ok(ended[0]!.features![0]!.psi < 0.1);
  });

  it("between the two limits nothing is told, in either direction", () => {
    // Some rows of high torque among the others: PSI between 0.1 and 0.25.
    const mixed = usual.map((i, k) => ((k * 7) % 24 < 7 ? highTorque[k % 1000]! : i));
    const watch = createDriftWatch(specs.slice(2, 4), {}, driftDefaults);
    const rows = (list: readonly number[]) =>
      list.flatMap((i) => watch.see(Float64Array.of(rowAt(i)[2]!, rowAt(i)[3]!)) ?? []);
    assert.deepEqual(rows(mixed.slice(0, 3000)), []);
    const { psi } = watch.now().inputs[0]!;
    assert.ok(psi > 0.1 && psi < 0.25, String(psi));
    assert.equal(rows(highTorque).length, 1);
    assert.deepEqual(rows(mixed.slice(0, 2000)), [], "not yet as it was");
    assert.equal(rows(usual.slice(0, 2000)).length, 1);
  });

  it("says nothing before half a window, and goes on where a restart interrupted", () => {
    const watch = createDriftWatch(specs, {}, driftDefaults, ["inputs"]);
    assert.ok(watch.isDrifting("inputs"));
    assert.deepEqual(told(watch, usual.slice(0, 499)), []);
    assert.equal(told(watch, usual.slice(499, 600))[0]?.state, "stable");
  });

  it("a model without distributions is not watched, and hurts nobody", () => {
    const bare = specs.map(({ distribution, ...spec }) => spec);
    const watch = createDriftWatch(bare, {}, driftDefaults);
    assert.deepEqual(told(watch, highTorque), []);
    assert.deepEqual(watch.now().inputs, []);
  });
});

describe("drift of the error", () => {
  const report = { metrics: { on: "test", mae: 2, rmse: 2.5 }, rows: { train: 800, test: 200, dropped: 0 } } as never;

  it("begins at one and a half times the held-out error and ends half way back", () => {
    const watch = createDriftWatch(specs, report, driftDefaults);
    const misses = (miss: number, count: number): Drift[] =>
      Array.from({ length: count }, (_, i) => watch.compare(100, 100 + (i % 2 ? miss : -miss)) ?? []).flat();
    assert.deepEqual(misses(2.9, 400), []);
    const [began, ...more] = misses(3.5, 400);
    assert.equal(more.length, 0);
    assert.equal(began?.state, "drifting");
    assert.equal(began?.of, "error");
    assert.equal(began?.error?.metric, "mae");
    assert.equal(began?.error?.heldOut, 2);
    assert.equal(began?.error?.limit, 3);
    assert.ok(began!.error!.value >= 3);
    assert.deepEqual(misses(2.6, 400), [], "still above half way");
    assert.equal(misses(2, 400)[0]?.state, "stable");
    assertDigits(watch.now().error!.rmse!, 2, 12, "rmse");
  });

  it("of classes takes what chance may do to few rows into account, and gives f1", () => {
    const window = createErrorWindow(
      { metric: "errorRate", value: 0.02, rows: 2000, positive: 1, isTold: true },
      200,
      1.5,
    );
    for (let i = 0; i < 200; i++) window.add(i % 10 === 0 ? 1 : 0, i % 20 === 0 ? 1 : 0);
    const drift = window.drift()!;
    assert.equal(drift.value, 0.05);
    assertDigits(drift.limit, 0.02 + 4 * Math.sqrt((0.02 * 0.98) / 200), 12, "limit");
    assertDigits(drift.f1!, 20 / 30, 12, "f1: 10 hits, 10 false alarms"); // 2 tp / (2 tp + fp + fn)
  });

  it("tells nothing of a model that was judged by the rows it learned from", () => {
    const watch = createDriftWatch(specs, { ...(report as object), metrics: { on: "train", mae: 2 } } as never);
    for (let i = 0; i < 500; i++) assert.equal(watch.compare(0, 100), undefined);
    assert.deepEqual([watch.now().error?.value, watch.now().error?.heldOut], [100, null]);
  });
});

describe("awaited truths", () => {
  it("are matched by number or time, once, and the oldest are forgotten", () => {
    const truths = createAwaitedTruths(100);
    truths.add({ id: "a", ts: 1, seq: 7 }, { value: 5, version: 1 });
    assert.equal(truths.take({ id: "b", seq: 7 }), undefined);
    assert.deepEqual(truths.take({ id: "a", seq: 7 }), { value: 5, version: 1 });
    assert.equal(truths.take({ id: "a", ts: 1 }), undefined, "told already");
    for (let ts = 0; ts < 1000; ts++) truths.add({ id: "a", ts }, { value: ts, version: 1 });
    assert.equal(truths.take({ id: "a", ts: 1 }), undefined);
    for (let ts = 900; ts < 1000; ts++) assert.equal(truths.take({ id: "a", ts })?.value, ts);
  });
});
