import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { compareReports } from "../../../engine/learning/compare-reports";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import { type TrainOptions, trainOptions } from "../../../engine/learning/options";
import type { Report } from "../../../engine/learning/report";
import { train } from "../../../engine/learning/train";

const table = (count = 40): Table =>
  Array.from({ length: count }, (_, i) => ({
    y: 3 * i + ((i * 7) % 5),
    x: i,
    z: (i * 13) % 40,
    even: i % 2 === 0 ? "test" : "train",
    odd: i % 2 === 1 ? "test" : "train",
  }));

function trained(more: Partial<TrainOptions> = {}, rows = table(), features = ["x", "z"], splitColumn = ""): Report {
  const options = trainOptions({ algorithm: "linear", ...more });
  const { split } = options;
  return train(buildDataset(rows, { target: "y", task: "regression", features, split, splitColumn }), options).report;
}

const compare = (a: object, b: object) =>
  compareReports({ version: 1, report: { ...a } }, { version: 2, report: { ...b } });

describe("figures of two versions weigh one against the other only on the very same rows", () => {
  const first = trained();
  const changed = table().map((row, i) => (i === 3 ? { ...row, z: 99 } : row));
  const byColumn = (splitColumn: string, more: Partial<TrainOptions> = {}): Report =>
    trained({ split: "column", ...more }, table(), ["x", "z"], splitColumn);
  const cases: [string, Report | Record<string, unknown>, Report | Record<string, unknown>, boolean][] = [
    ["another algorithm", first, trained({ algorithm: "ridge" }), true],
    ["another seed", first, trained({ seed: 2 }), false],
    ["as many rows held out, by time", first, trained({ split: "time" }), false],
    ["another share held out", first, trained({ testSize: 0.3 }), false],
    ["a cell that differs", first, trained({}, changed), false],
    ["a feature less", first, trained({}, table(), ["x"]), false],
    ["nothing held out, of either", trained({ testSize: 0 }), trained({ testSize: 0, seed: 2 }), true],
    ["given rows held out, another seed", byColumn("even"), byColumn("even", { seed: 2 }), true],
    ["as many other rows held out", byColumn("even"), byColumn("odd"), false],
    ["a version that was trained elsewhere", first, { dataHash: "" }, false],
    ["two that were trained elsewhere", { dataHash: "" }, { dataHash: "" }, false],
    ["a report from before the split stood in it", first, { ...first, split: undefined }, false],
  ];
  for (const [what, a, b, sameRows] of cases)
    it(what, () => {
      assert.equal(compare(a, b).sameRows, sameRows);
      assert.equal(compare(b, a).sameRows, sameRows);
    });

  it("errors are better when smaller, shares of what is explained when larger; what one lacks is not compared", () => {
    const better = (a: object, b: object) =>
      Object.fromEntries(
        Object.entries(compare({ metrics: a }, { metrics: b }).metrics).map(([name, one]) => [name, one.better]),
      );
    const both = { rmse: 2, mape: 0.1, brier: 0.2, r2: 0.9, f1: 0.7, mcc: -0.1 };
    assert.deepEqual(better(both, { rmse: 1, mape: 0.2, brier: 0.1, r2: 0.8, f1: 0.7, mcc: 0 }), {
      rmse: 2,
      mape: 1,
      brier: 2,
      r2: 1,
      f1: null,
      mcc: 2,
    });
    assert.deepEqual(compare({ metrics: { r2: 0.5 } }, { metrics: { r2: null } }).metrics.r2, {
      values: [0.5, null],
      better: null,
    });
    assert.deepEqual(compare({}, { metrics: { r2: 0.5 } }).metrics.r2, { values: [null, 0.5], better: null });
  });
});
