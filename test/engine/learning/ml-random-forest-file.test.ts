import assert from "node:assert/strict";
import type { RefusalInfo } from "../../../engine/contract/errors";
import type { Table } from "../../../engine/contract/messages";
import { type ForestNames, modelOfMlRandomForest } from "../../../engine/learning/forest/ml-random-forest-file";
import { parseModelFile } from "../../../engine/learning/model-file";
import { predictorOf } from "../../../engine/learning/predictor";
import { measured, readCsv, refusalOf } from "./references";

/** The package itself: what it predicts is the reference. */
interface Forest {
  train(x: number[][], y: number[]): void;
  predict(x: number[][]): number[];
  predictionValues(x: number[][]): { getRow(row: number): number[] };
  toJSON(): object;
}
const { RandomForestClassifier, RandomForestRegression } = require("ml-random-forest") as Record<
  "RandomForestClassifier" | "RandomForestRegression",
  { new (options: object): Forest; load(model: object): Forest }
>;

/** A file as a stranger may change it. */
interface AnyFile {
  name: string;
  baseModel: { estimators: { name: string; root: Record<string, unknown> }[]; indexes: unknown[][] };
}

const settings = { nEstimators: 10, seed: 7, noOOB: true, treeOptions: { minNumSamples: 1, gainThreshold: -1 } };
const cells = (table: Table, columns: string[]): number[][] =>
  table.map((row) => columns.map((name) => Number(row[name])));

const machines = readCsv("ai4i2020.csv");
const failure = "Machine failure";
const tablets = readCsv("tablet_batches_codes13_23.csv");
const process = ["tbl_speed_mean", "fom_mean", "main_CompForce mean", "tbl_fill_mean", "ejection_mean"];
const complete = tablets.filter((row) =>
  [...process, "tbl_av_hardness"].every((name) => String(row[name]).trim() !== ""),
);

/** Machines of which a third fail, so that few rows teach something. */
const few = machines.filter((row, i) => Number(row[failure]) === 1 || i % 15 === 0).slice(0, 400);

describe("a forest from the JSON of ml-random-forest predicts as the package, to the bit", () => {
  function assertSame(
    theirs: Forest,
    names: ForestNames & { features: string[]; labels?: string[] },
    rows: Table,
  ): void {
    const text = JSON.stringify(theirs);
    const predictor = predictorOf(modelOfMlRandomForest(parseModelFile(text), names));
    const expected = theirs.predict(cells(rows, names.features));
    const found = rows.map((row) => predictor.predict(row).value);
    assert.deepEqual(found, names.labels ? expected.map((c) => names.labels![c]) : expected);
  }

  it("two classes, rows with as many votes for each among them", () => {
    const forest = new RandomForestClassifier({ ...settings, maxFeatures: 3 });
    forest.train(
      cells(few, measured),
      few.map((row) => Number(row[failure])),
    );
    const rows = machines.slice(0, 3000);
    const votes = forest.predictionValues(cells(rows, measured));
    const ties = rows.filter((_, i) => votes.getRow(i).filter((c) => c === 1).length === 5);
    const winners = new Set(forest.predict(cells(ties, measured)));
    assert.deepEqual([...winners].sort(), [0, 1]);
    assertSame(forest, { features: measured, target: failure, labels: ["runs", "fails"] }, rows);
  });
  it("three classes", () => {
    const forest = new RandomForestClassifier({ ...settings, maxFeatures: 0.7 });
    const third = (row: Table[number]): number =>
      Math.min(2, Math.max(0, Math.floor((Number(row.tbl_av_hardness) - 45) / 8)));
    forest.train(cells(complete, process), complete.map(third));
    assert.equal(new Set(complete.map(third)).size, 3);
    assertSame(forest, { features: process, target: "class", labels: ["soft", "ok", "hard"] }, complete);
  });
  it("numbers, also of a forest that was loaded before", () => {
    const forest = new RandomForestRegression({ ...settings, maxFeatures: 4 });
    forest.train(
      cells(complete, process),
      complete.map((row) => Number(row.tbl_av_hardness)),
    );
    const names = { features: process, target: "tbl_av_hardness" };
    assertSame(forest, names, complete);
    const again = RandomForestRegression.load(JSON.parse(JSON.stringify(forest)) as object);
    assertSame(again, names, complete);
  });
  it("explains its predictions, has intervals, and does not know where its features lay", () => {
    const forest = new RandomForestRegression(settings);
    forest.train(
      cells(complete, process),
      complete.map((row) => Number(row.tbl_av_hardness)),
    );
    const model = modelOfMlRandomForest(parseModelFile(JSON.stringify(forest)), {
      features: process,
      target: "hardness",
    });
    const row = { ...complete[3]!, fom_mean: "1e6" };
    const { value, contributions, interval, domain } = predictorOf(model).predict(row, {
      interval: 0.9,
      explain: true,
    });
    const sum = Object.values(contributions!).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - Number(value)) < 1e-9);
    assert.ok(interval![0] <= Number(value) && Number(value) <= interval![1]);
    assert.equal(domain, "in");
  });
});

describe("what is no such forest is refused by name", () => {
  const forest = new RandomForestClassifier({ ...settings, nEstimators: 3, maxFeatures: 5, replacement: false });
  forest.train(
    cells(few, measured),
    few.map((row) => Number(row[failure])),
  );
  const text = JSON.stringify(forest);
  const names = { features: measured, target: failure, labels: [0, 1] };
  const read = (changed: string, given: ForestNames = names): RefusalInfo =>
    refusalOf(() => modelOfMlRandomForest(parseModelFile(changed), given));
  const edit = (change: (file: AnyFile) => void): string => {
    const file = JSON.parse(text) as AnyFile;
    change(file);
    return JSON.stringify(file);
  };

  const cases: [string, (file: AnyFile) => void, string, RegExp][] = [
    [
      "a later kind",
      (file) => {
        file.name = "RFSurvival";
      },
      "schema-mismatch",
      /"RFSurvival".*RFClassifier and RFRegression/,
    ],
    [
      "a later kind of tree",
      (file) => {
        file.baseModel.estimators[1]!.name = "DTBoosted";
      },
      "schema-mismatch",
      /Tree 1 .*"DTBoosted"/,
    ],
    [
      "no trees",
      (file) => {
        file.baseModel.estimators = [];
      },
      "damaged",
      /no trees/,
    ],
    [
      "a tree less",
      (file) => {
        file.baseModel.estimators.pop();
      },
      "damaged",
      /nEstimators 3 and has 2/,
    ],
    [
      "no columns",
      (file) => {
        Object.assign(file.baseModel.indexes, [null]);
      },
      "damaged",
      /which columns/,
    ],
    [
      "a column that is no number",
      (file) => {
        file.baseModel.indexes[0]![0] = "1";
      },
      "damaged",
      /column "1"/,
    ],
    [
      "a column out of place",
      (file) => {
        file.baseModel.estimators[2]!.root.splitColumn = 5;
      },
      "damaged",
      /tree 2 a node divides by column 5/,
    ],
    [
      "a threshold that is text",
      (file) => {
        file.baseModel.estimators[0]!.root.splitValue = "300";
      },
      "damaged",
      /divides at 300/,
    ],
    [
      "a branch cut off",
      (file) => {
        delete file.baseModel.estimators[0]!.root.left;
      },
      "damaged",
      /node is missing/,
    ],
    [
      "a leaf without shares",
      (file) => {
        file.baseModel.estimators[0]!.root.distribution = 3;
      },
      "damaged",
      /shares of the classes/,
    ],
    [
      "no model at all",
      (file) => {
        Object.assign(file, { baseModel: null });
      },
      "damaged",
      /no trees/,
    ],
  ];
  for (const [what, change, code, message] of cases)
    it(what, () => {
      const info = read(edit(change));
      assert.equal(info.code, code);
      assert.match(info.message, message);
    });
  it("a regression by the median", () => {
    const median = new RandomForestRegression({ ...settings, nEstimators: 2, selectionMethod: "median" });
    median.train([[1], [2], [3], [4]], [1, 2, 3, 4]);
    assert.match(read(JSON.stringify(median), { features: ["a"], target: "b" }).message, /"median" of its trees/);
  });

  const missing: [string, ForestNames, RegExp, RegExp][] = [
    [
      "names of the features",
      { ...names, features: undefined },
      /does not say the names of the columns/,
      /msg\.registry\.features, such as a list of 5 names/,
    ],
    [
      "a feature too few",
      { ...names, features: measured.slice(1) },
      /has 4 names, but the forest speaks of 5 columns/,
      /in their order/,
    ],
    ["a feature twice", { ...names, features: ["a", "b", "c", "d", "a"] }, /array of 5/, /features/],
    ["names of the classes", { ...names, labels: undefined }, /does not say what its classes/, /msg\.registry\.labels/],
    ["a class too few", { ...names, labels: ["runs"] }, /array of 1/, /labels/],
    ["a target", { ...names, target: undefined }, /does not say the name of what it predicts/, /msg\.registry\.target/],
    ["a target that is no feature", { ...names, target: "Torque [Nm]" }, /"Torque \[Nm\]"/, /target/],
  ];
  for (const [what, given, message, hint] of missing)
    it(`asks for ${what}`, () => {
      const info = read(text, given);
      assert.equal(info.code, "bad-request");
      assert.match(info.message, message);
      assert.match(info.hint, hint);
    });
  it("takes a forest that does not use its last column", () => {
    assert.equal(
      modelOfMlRandomForest(parseModelFile(text), { ...names, features: [...measured, "spare"] }).features.length,
      6,
    );
  });
});
