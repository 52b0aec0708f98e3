import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { classGateMetrics, regressionGateMetrics } from "../../engine/learning/gate";
import { algorithms, curveOf, taskOf } from "../../engine/learning/options";
import { readTwinTrainSettings, trainKeys } from "../../nodes/twin-train/twin-train.settings";
import { projectRoot } from "../flows/project";

type Settings = Record<string, unknown>;
/** What resources/twin-train/fields.js gives to the form. */
interface Fields {
  fields: { key: string; choices?: string[] }[];
  algorithms: string[];
  metrics: Record<string, string[]>;
  applies(key: string, node: Settings): boolean;
  taskOf(node: Settings): string;
  isCurve(node: Settings): boolean;
  problem(translate: (key: string) => string, key: string, value: unknown, node: Settings): string;
}
const form = ((): Fields => {
  const window: { MediTwinTrain?: Fields } = {};
  vm.runInNewContext(readFileSync(path.join(projectRoot, "resources/twin-train/fields.js"), "utf8"), { window });
  return window.MediTwinTrain as Fields;
})();
const own = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What is wrong with settings in the form: the field, and the text that says so. */
const wrongInForm = (node: Settings): string[] =>
  own(form.fields.map(({ key }) => form.problem((text) => text, key, node[key], node)).filter(Boolean));
function wrongInNode(node: Settings): string {
  try {
    readTwinTrainSettings(node);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("the settings of twin-train's form and the node's", () => {
  /** Settings without a field yet. */
  const pending = ["tune", "search", "candidates", "interactions"];
  it("are the same, but for the name and the store", () => {
    const keys = own(form.fields.map(({ key }) => key)).filter((key) => key !== "name" && key !== "store");
    const all: readonly string[] = trainKeys;
    assert.deepEqual(
      keys.filter((key) => !all.includes(key)),
      [],
    );
    assert.deepEqual(
      all.filter((key) => !keys.includes(key) && !pending.includes(key)),
      [],
    );
  });

  it("know the same algorithms, their tasks and metrics", () => {
    assert.deepEqual(own(form.algorithms), algorithms);
    assert.deepEqual(own(form.metrics), { regression: regressionGateMetrics, classification: classGateMetrics });
    for (const algorithm of algorithms) {
      assert.equal(form.taskOf({ algorithm }), taskOf(algorithm));
      assert.equal(form.isCurve({ algorithm }), curveOf(algorithm) !== undefined || algorithm === "robust-polynomial");
    }
  });

  const values: Record<string, unknown[]> = {
    degree: [0, 1, 2.5, 10, 11, "3", "x"],
    alpha: [-1, 0, 0.5, "1e3", "x"],
    trees: [0, 1, 10_000, 10_001, "50", 1.5],
    maxDepth: [-1, 0, 12, 1.5],
    minLeaf: [0, 1, 5, 0.5],
    maxFeatures: ["auto", "sqrt", "log2", "all", "3", "0.5", "0", "-1", "1.5", "half"],
    classWeight: ["none", "balanced", "heavy"],
    engine: ["meditwin", "ml-random-forest", "other"],
    split: ["", "random", "time", "group", "sideways"],
    testSize: [-0.1, 0, 0.99, 1, "0.3"],
    folds: [-1, 0, 5, 100, 101, 2.5],
    seed: [-1, 0, 4294967295, 4294967296],
    gate: ["", "f1>=0.7", "f1 >= 0.7 && recall>.8", "f9>1", "f1", "F1>1e-3, mcc>0", "f1>=0.7 &&", "rmse<2 and r2>0"],
    costMissed: [-1, 0, 5, "2.5", "x"],
    costFalseAlarm: [-1, 0, 5, 1e13],
    permutationRepeats: [-1, 0, 5, 100, 101, 1.5],
    promote: ["never", "if-better", "always", "later"],
    maxRows: [-1, 0, 1000, 0.5],
    timeout: [-1, 0, 0.5, 1e6, 1e7],
    workers: [-1, 0, 1, 8, 9, 1.5],
    modelName: ["a", "硬度", "x".repeat(128), "x".repeat(129), "a\u0007"],
  };
  it("agree on what is wrong with one of them, for every algorithm, and both pass over what it does not use", () => {
    let faults = 0;
    for (const algorithm of algorithms)
      for (const [key, list] of Object.entries(values))
        for (const value of list) {
          const node = { target: "y", algorithm, groupColumn: "batch", [key]: value };
          // What only the training refuses, because it belongs together: the form says so at once.
          const [said, engine] = [wrongInForm(node), wrongInNode(node)];
          const later = said.some((text) => /gateTask|classWeight/.test(text));
          if (said.length > 0) faults++;
          if (!later)
            assert.equal(said.length > 0, engine !== "", `${algorithm} ${key} ${String(value)}: ${said} / ${engine}`);
        }
    assert.ok(faults > 100, `${faults}`);
  });

  it("say what does not go together: metrics of the other task, weights, columns, features", () => {
    const wrong = (node: Settings) =>
      wrongInForm({ target: "y", algorithm: "linear", ...node }).map((text) => text.split(".").at(-1));
    assert.deepEqual(wrong({ gate: "f1>0.5" }), ["gateTask"]);
    assert.deepEqual(wrong({ algorithm: "forest-classifier", gate: "rmse<1" }), ["gateTask"]);
    assert.deepEqual(wrong({ algorithm: "forest-classifier", engine: "ml-random-forest", classWeight: "balanced" }), [
      "classWeight",
    ]);
    const classes = { algorithm: "forest-classifier", gate: "cost<1" };
    assert.deepEqual(wrong(classes), ["gateCost"]);
    assert.deepEqual(wrong({ ...classes, costMissed: 5 }), ["costs", "gateCost"]);
    assert.deepEqual(wrong({ ...classes, costMissed: 5, costFalseAlarm: `$${"{ANY}"}` }), []);
    assert.deepEqual(wrong({ split: "group" }), ["groupColumn"]);
    assert.deepEqual(wrong({ split: "column" }), ["splitColumn"]);
    assert.deepEqual(wrong({ split: "time" }), [], "the rows' own order");
    assert.deepEqual(wrong({ features: ["x", "y"] }), ["targetIsFeature"]);
    assert.deepEqual(wrong({ algorithm: "power", features: ["a", "b"] }), ["oneFeature"]);
    assert.deepEqual(wrong(Object.fromEntries(["gate", "trees", "modelName"].map((key) => [key, `$${"{ANY}"}`]))), []);
  });
});
