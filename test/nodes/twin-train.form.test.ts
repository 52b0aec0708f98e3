import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";
import type { DescribedTable } from "../../engine/learning/describe-columns";
import { classGateMetrics, regressionGateMetrics } from "../../engine/learning/gate";
import { algorithms, curveOf, taskOf, tunables, usesSetting } from "../../engine/learning/options";
import { candidatesOf } from "../../engine/learning/tune-candidates";
import { keepLastTable, maxKeptCells, maxKeptRows } from "../../nodes/twin-train/last-table";
import { maxText, serveColumns } from "../../nodes/twin-train/serve-columns";
import { readTwinTrainSettings, trainKeys } from "../../nodes/twin-train/twin-train.settings";
import { projectRoot } from "../flows/project";
import { adminPost } from "../support/admin-post";

type Settings = Record<string, unknown>;
/** What resources/twin-train/fields.js gives to the form. */
interface Fields {
  fields: { key: string; choices?: string[] }[];
  algorithms: string[];
  metrics: Record<string, string[]>;
  applies(key: string, node: Settings): boolean;
  taskOf(node: Settings): string;
  isCurve(node: Settings): boolean;
  tunables: Record<string, unknown>;
  uses(algorithm: string, setting: string): boolean;
  textOf(entry: Settings): string;
  entryOf(setting: string, text: string): Settings;
  trials(node: Settings): { count: number; folds: number };
  problem(translate: (key: string) => string, key: string, value: unknown, node: Settings): string;
}
const form = ((): Fields => {
  const window: { MediTwinTrain?: Fields } = {};
  for (const file of ["fields", "search"]) {
    const text = readFileSync(path.join(projectRoot, `resources/twin-train/${file}.js`), "utf8");
    vm.runInNewContext(text, { window });
  }
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
  it("are the same, but for the name, the store and the model", () => {
    const keys = own(form.fields.map(({ key }) => key)).filter((key) => !["name", "store", "model"].includes(key));
    const all: readonly string[] = trainKeys;
    assert.deepEqual(
      keys.filter((key) => !all.includes(key)),
      [],
    );
    assert.deepEqual(
      all.filter((key) => !keys.includes(key)),
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

  it("search the same settings, of the same algorithms", () => {
    assert.deepEqual(Object.keys(own(form.tunables)).sort(), [...tunables].sort());
    for (const algorithm of algorithms)
      for (const setting of tunables)
        assert.equal(form.uses(algorithm, setting), usesSetting(algorithm, setting), `${algorithm} ${setting}`);
  });
  const searches: [Settings, string | undefined, number?][] = [
    [{ tune: [{ setting: "alpha", values: [0.1, 1, 10] }], algorithm: "ridge" }, undefined, 3],
    [{ tune: [{ setting: "alpha", values: "0.1, 1,10,1" }], algorithm: "ridge" }, undefined, 3],
    [{ tune: [{ setting: "alpha", values: [1, -1] }], algorithm: "ridge" }, "tuneValue"],
    [{ tune: [{ setting: "alpha", values: [] }], algorithm: "ridge" }, "tuneEmpty"],
    [{ tune: [{ setting: "alpha", values: "1,,2" }], algorithm: "ridge" }, "tuneValue"],
    [{ tune: [{ setting: "seed", values: [1] }], algorithm: "ridge" }, "tuneSetting"],
    [{ tune: [{ setting: "trees", values: [1] }], algorithm: "ridge" }, "tuneUnused"],
    [{ tune: Array(2).fill({ setting: "alpha", values: [1] }), algorithm: "ridge" }, "tuneTwice"],
    [{ tune: [{ setting: "alpha", min: 0.1, max: 10 }], algorithm: "ridge" }, "tuneGrid"],
    [{ tune: [{ setting: "alpha", min: 0.1, max: 10 }], algorithm: "ridge", search: "random" }, undefined, 60],
    [{ tune: [{ setting: "alpha", min: 0, max: 1, log: true }], algorithm: "ridge", search: "random" }, "tuneRange"],
    [{ tune: [{ setting: "alpha", min: 2, max: 1 }], algorithm: "ridge", search: "random" }, "tuneRange"],
    [{ tune: [{ setting: "intercept", min: 0, max: 1 }], algorithm: "ridge", search: "random" }, "tuneChoices"],
    [
      { tune: [{ setting: "minLeaf", min: 1.5, max: 9 }], algorithm: "forest-regressor", search: "random" },
      "tuneRange",
    ],
    [
      { tune: [{ setting: "maxFeatures", min: 0.5, max: 2 }], algorithm: "forest-regressor", search: "random" },
      "tuneRange",
    ],
    [{ tune: [{ setting: "maxFeatures", values: ["sqrt", 0.5, 3] }], algorithm: "forest-regressor" }, undefined, 3],
    [{ tune: [{ setting: "intercept", values: ["true", "false"] }] }, undefined, 2],
    [{ tune: [{ setting: "intercept", values: ["yes"] }] }, "tuneValue"],
    [{ tune: [{ setting: "degree", values: [1, 2, 3] }], algorithm: "polynomial", candidates: 2 }, "tuneMany"],
    [{ tune: [{ setting: "degree", values: [1, 2, 3] }], algorithm: "polynomial", candidates: 3 }, undefined, 3],
    [{ tune: [{ setting: "algorithm", values: ["linear", "forest-classifier"] }] }, "tuneTasks"],
    [{ tune: [{ setting: "algorithm", values: ["linear", "magic"] }] }, "tuneValue"],
    [
      {
        tune: [
          { setting: "algorithm", values: ["linear", "ridge", "forest-regressor"] },
          { setting: "alpha", values: [1, 2] },
          { setting: "trees", values: [10, 20] },
        ],
      },
      undefined,
      5,
    ],
  ];
  it("agree on what is wrong with a search, and on how many combinations it has", () => {
    for (const [settings, fault, count] of searches) {
      const node = { target: "y", algorithm: "linear", ...settings };
      const said = wrongInForm(node).map((text) => text.split(".").at(-1));
      assert.deepEqual(said, fault ? [fault] : [], JSON.stringify(settings));
      assert.equal(wrongInNode(node) !== "", fault !== undefined, `${JSON.stringify(settings)} ${wrongInNode(node)}`);
      if (count === undefined) continue;
      assert.equal(form.trials(node).count, count);
      assert.equal(candidatesOf(readTwinTrainSettings(node).train).length, count);
    }
    assert.equal(form.trials({ folds: "3" }).folds, 3);
  });
  it("show what any of the compared algorithms uses, and take back what was typed", () => {
    const node = { algorithm: "linear", tune: [{ setting: "algorithm", values: "ridge, forest-regressor" }] };
    assert.deepEqual(
      ["alpha", "trees", "intercept", "degree", "classWeight", "search"].map((key) => form.applies(key, node)),
      [true, true, true, false, false, true],
    );
    assert.equal(form.applies("candidates", { algorithm: "linear", tune: [] }), false);
    const typed: [string, string, Settings][] = [
      ["maxDepth", " 4, 8,0 ", { setting: "maxDepth", values: [4, 8, 0] }],
      ["alpha", "0.01 .. 1e2 log", { setting: "alpha", min: 0.01, max: 100, log: true }],
      ["minLeaf", "1..50", { setting: "minLeaf", min: 1, max: 50 }],
      ["maxFeatures", "sqrt, 0.5", { setting: "maxFeatures", values: ["sqrt", 0.5] }],
      ["intercept", "true, false", { setting: "intercept", values: ["true", "false"] }],
      ["trees", "", { setting: "trees", values: [] }],
    ];
    for (const [setting, text, entry] of typed) {
      assert.deepEqual(own(form.entryOf(setting, text)), entry);
      assert.deepEqual(own(form.entryOf(setting, form.textOf(entry))), entry);
    }
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

describe("the columns that the form of a twin-train asks the server for", () => {
  const { red, served, call } = adminPost();
  serveColumns(red);
  const described = async (body: Settings) => {
    const [status, answer] = await call(body);
    assert.equal(status, 200, JSON.stringify(answer));
    return answer as DescribedTable & { of: number };
  };
  const refused = async (body: Settings) => {
    const [status, answer] = await call(body);
    const { code, message } = (answer as { error: { code: string; message: string } }).error;
    return [status, code, message] as const;
  };
  const rows = Array.from({ length: 40 }, (_, i) => ({
    force: i % 7,
    colour: i % 2 ? "red" : "blue",
    y: (i * 3) % 11,
  }));
  const shape = ({ columns }: DescribedTable) => columns.map(({ name, type }) => `${name} ${type}`);

  it("are for whoever may change flows", () => {
    assert.deepEqual(served(), [["/meditwin/twin-train/columns", "needs flows.write"]]);
  });

  it("are those of CSV, of rows, of samples, and of a message, in JSON", async () => {
    const expected = ["force number", "colour category", "y number"];
    const csv = ["force;colour;y", ...rows.map(({ force, colour, y }) => `${force},5;${colour};${y}`)].join("\r\n");
    const samples = rows.map((values, i) => ({ id: "press-6", ts: i, values }));
    for (const text of [`\uFEFF${csv}`, ...[rows, samples, { payload: rows }].map((one) => JSON.stringify(one))]) {
      const answer = await described({ text, target: "y" });
      assert.deepEqual([shape(answer), answer.rows, answer.algorithm], [expected, 40, "forest-regressor"]);
    }
  });

  it("are those of the table that the node got last: a copy of some rows, none of a node that got nothing", async () => {
    assert.deepEqual(await described({ node: "none" }), { rows: 0, of: 0, columns: [] });
    const last = keepLastTable("n1");
    const table = Array.from({ length: 5000 }, (_, i) => ({ i, y: i % 3 }));
    last.keep(table);
    table[0]!.y = 99;
    const answer = await described({ node: "n1", target: "y" });
    assert.deepEqual([answer.rows, answer.of, shape(answer)], [maxKeptRows, 5000, ["i id", "y number"]]);
    assert.equal(answer.columns[1]?.distinct, 3);
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, c) => [`c${c}`, c]));
    last.keep(Array.from({ length: 2000 }, () => wide));
    assert.equal((await described({ node: "n1" })).rows, maxKeptCells / 200);
    last.release();
  });

  it("of a table with very many cells are those of some of its rows, evenly picked", async () => {
    const many = Array.from({ length: 101_000 }, (_, i) => ({ a: i % 9, b: 1, c: 2, d: 3, last: i < 100_990 ? 0 : 1 }));
    const { rows: looked, of, columns } = await described({ text: JSON.stringify(many) });
    assert.deepEqual([looked, of, columns.at(-1)?.distinct], [100_000, 101_000, 2]);
  });

  it("are refused, with the reason, for what is no table, has no rows, or is too large; and when too many ask at once", async () => {
    assert.deepEqual((await refused({ text: "  " })).slice(0, 2), [400, "bad-payload"]);
    assert.deepEqual((await refused({ text: '{"a": 1}' })).slice(0, 2), [400, "bad-payload"]);
    assert.equal((await refused({ text: "[1" }))[1], "bad-json");
    assert.equal((await refused({ text: "[]" }))[1], "too-few-rows");
    assert.match((await refused({ text: "a,b\n1\n" }))[2], /Line 2 has 1 cells/);
    assert.deepEqual((await refused({ text: "x".repeat(maxText + 1) })).slice(0, 2), [413, "too-large"]);
    const text = JSON.stringify(rows);
    const answers = await Promise.all([1, 2, 3].map(() => call({ text })));
    assert.deepEqual(
      answers.map(([status]) => status),
      [200, 200, 503],
    );
    assert.equal((await call({ text }))[0], 200, "and afterwards they are answered again");
  });
});
