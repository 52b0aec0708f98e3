import assert from "node:assert/strict";
import type { Row, Table } from "../../../engine/contract/messages";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import type { RegressionMetrics } from "../../../engine/learning/metrics";
import { trainOptions } from "../../../engine/learning/options";
import { withOrderedCategories } from "../../../engine/learning/order-categories";
import { predictorOf } from "../../../engine/learning/predictor";
import { randomOf } from "../../../engine/learning/random";
import { train } from "../../../engine/learning/train";

const table = (count: number, row: (i: number) => Row): Table => Array.from({ length: count }, (_, i) => row(i));
const all = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);
const of = <T>(items: readonly T[], i: number): T => items[i % items.length]!;

describe("categories are numbered by the target, for forests", () => {
  it("numbers: by the mean of the rows to learn from", () => {
    const rows = table(120, (i) => ({
      tool: of(["a", "b", "c", null], i),
      y: of([5, 1, 3, 0], i) + (i >= 80 ? -10 * (i % 4) : 0),
    }));
    const dataset = buildDataset(rows, { target: "y", task: "regression" });
    const { features } = withOrderedCategories(dataset, all(80));
    assert.deepEqual(features[0]!.categories, ["b", "c", "a"]);
    assert.deepEqual([...features[0]!.values.slice(0, 4)], [2, 0, 1, Number.NaN]);
    assert.deepEqual([...features[0]!.values.slice(-4)], [2, 0, 1, Number.NaN]);
  });
  it("two classes: by the share of the second", () => {
    const rows = table(90, (i) => ({
      tool: of(["a", "b", "c"], i),
      y: i % 3 === 0 ? "poor" : i % 2 === 0 && i % 3 === 1 ? "poor" : "good",
    }));
    const dataset = buildDataset(rows, { target: "y", task: "classification" });
    assert.deepEqual(withOrderedCategories(dataset, all(90)).features[0]!.categories, ["c", "b", "a"]);
  });
  it("three classes: those with like shares beside each other", () => {
    const rows = table(400, (i) => ({
      tool: of(["a", "b", "c", "d"], i),
      y: of(["x", "z", i % 8 === 2 ? "z" : "x", i % 16 < 8 ? "y" : "z"], i),
    }));
    const dataset = buildDataset(rows, { target: "y", task: "classification" });
    const { categories } = withOrderedCategories(dataset, all(400)).features[0]!;
    assert.ok(["acdb", "bdca", "acbd", "dbca"].includes(categories!.join("")), categories!.join(""));
  });
  it("noise is not put in order: what trees would find in it is not there", () => {
    const rows = table(900, (i) => ({ operator: `o${(i * 7) % 30}`, y: randomOf(3, i).below(100) }));
    const dataset = buildDataset(rows, { target: "y", task: "regression" });
    assert.deepEqual(withOrderedCategories(dataset, all(900)).features[0]!.categories, dataset.features[0]!.categories);
  });
  it("a name that hardly occurs twice says nothing, and stays where it was", () => {
    const rows = table(60, (i) => ({ serial: `s${String(i).padStart(2, "0")}`, y: (i * 7) % 11 }));
    const dataset = buildDataset(rows, { target: "y", task: "regression" });
    assert.deepEqual(withOrderedCategories(dataset, all(60)).features[0]!.categories, dataset.features[0]!.categories);
  });

  it("so that a forest of shallow trees finds groups of tools, and predicts rows by their names", () => {
    const good = ["t02", "t03", "t05", "t08", "t11", "t13"];
    const rows = table(480, (i) => {
      const tool = `t${String(i % 16).padStart(2, "0")}`;
      return { tool, y: (good.includes(tool) ? 10 : 2) + ((i * 31) % 7) / 7, part: i % 5 === 0 ? "test" : "train" };
    });
    const dataset = buildDataset(rows, { target: "y", task: "regression", split: "column", splitColumn: "part" });
    const { model, report } = train(
      dataset,
      trainOptions({ algorithm: "forest-regressor", split: "column", trees: 20, maxDepth: 1 }),
    );
    // One cut in the order of their names would part them badly: r2 0.2.
    assert.ok((report.metrics as RegressionMetrics).r2! > 0.99);
    const { value } = predictorOf(model).predict({ tool: "t05" });
    assert.ok(Math.abs(Number(value) - 10.4) < 0.5, String(value));
  });
});
