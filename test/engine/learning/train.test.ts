import assert from "node:assert/strict";
import type { Row, Table } from "../../../engine/contract/messages";
import { buildDataset, type DatasetOptions } from "../../../engine/learning/dataset-builder";
import { fingerprintOf } from "../../../engine/learning/fingerprint";
import type { ClassMetrics, RegressionMetrics } from "../../../engine/learning/metrics";
import type { Model } from "../../../engine/learning/model";
import { type Algorithm, type TrainOptions, taskOf, trainOptions } from "../../../engine/learning/options";
import { predictorOf } from "../../../engine/learning/predictor";
import { type Trained, train } from "../../../engine/learning/train";
import { assertDigits, measured, readCsv, readFixture, refusalOf } from "./references";

type Settings = Partial<TrainOptions> &
  Partial<Omit<DatasetOptions, "split">> & { algorithm: Algorithm; target: string };

function run(table: Table, settings: Settings): Trained {
  const options = trainOptions(settings);
  return train(buildDataset(table, { ...settings, split: options.split, task: taskOf(settings.algorithm) }), options);
}
const stored = (model: Model): Model => JSON.parse(JSON.stringify(model)) as Model;

const tablets = readCsv("tablet_batches_codes13_23.csv");
const process = readFixture<{ tablets: { features: string[] } }>("forests.json").tablets.features;
const hardness = { target: "tbl_av_hardness", features: process };
const machines = readCsv("ai4i2020.csv").slice(0, 3000);
const failure = {
  target: "Machine failure",
  features: ["Type", ...measured],
};

describe("train", () => {
  it("power refuses a held-out row without a logarithm as it does one to learn from, whichever the seed holds out", () => {
    const table = Array.from({ length: 20 }, (_, x) => ({ x, y: 2 * x + 1 }));
    for (const part of ["train", "test"]) {
      const rows = table.map((row) => ({
        ...row,
        part: row.x % 4 === 1 || (row.x === 0 && part === "test") ? "test" : "train",
      }));
      const info = refusalOf(() =>
        run(rows, { algorithm: "power", target: "y", split: "column", splitColumn: "part" }),
      );
      assert.deepEqual([info.code, info.property], ["out-of-range", "x"], part);
    }
  });
  it("reports exactly what the contract says", () => {
    const { report } = run(tablets, { algorithm: "linear", ...hardness, gate: "r2>0.1" });
    assert.deepEqual(Object.keys(report).sort(), [
      "algorithm",
      "baseline",
      "coefficients",
      "dataHash",
      "durationMs",
      "engine",
      "features",
      "fit",
      "gate",
      "headline",
      "interval",
      "metrics",
      "model",
      "notices",
      "predictions",
      "rows",
      "seed",
      "split",
      "target",
      "task",
      "version",
      "warnings",
    ]);
    assert.equal(report.engine, "ml-regression");
    assert.equal(report.task, "regression");
    assert.deepEqual(report.features, process);
    assert.deepEqual(report.rows, { train: 236, test: 60, dropped: 22 });
    assert.deepEqual(Object.keys(report.metrics), ["on", "mse", "rmse", "mae", "r2", "mape"]);
    assert.equal(report.metrics.on, "test");
    assert.deepEqual(report.gate, { text: "r2>0.1", passed: true, failed: [] });
    assert.equal(report.seed, 1);
    assert.match(report.dataHash, /^[0-9a-f]{32}$/);
    assert.equal(report.predictions.length, 60);
    assert.equal(JSON.stringify(report).includes("null"), false);
  });

  it("of classes", () => {
    const { report, model } = run(machines, { algorithm: "forest-classifier", ...failure, gate: "f1>0.99" });
    const metrics = report.metrics as ClassMetrics;
    assert.deepEqual(Object.keys(metrics), [
      "on",
      "accuracy",
      "precision",
      "recall",
      "f1",
      "precisionMacro",
      "recallMacro",
      "f1Macro",
      "precisionWeighted",
      "recallWeighted",
      "f1Weighted",
      "mcc",
      "averagePrecision",
      "brier",
      "perClass",
      "rocAuc",
      "confusion",
      "labels",
      "positive",
    ]);
    assert.deepEqual(metrics.labels, [0, 1]);
    assert.equal(
      metrics.confusion.flat().reduce((a, b) => a + b),
      600,
    );
    assert.equal(report.rows.test, 600);
    assert.equal(report.engine, "meditwin");
    assert.equal(report.gate.passed, false);
    assert.equal(report.baseline.strategy, "most-frequent");
    assert.equal((report.baseline as ClassMetrics).f1, 0);
    assert.equal((report.baseline as ClassMetrics).rocAuc, 0.5);
    assert.ok(Math.abs(report.importance!.reduce((sum, { importance }) => sum + importance, 0) - 1) < 1e-9);
    assert.ok(report.importance![0]!.importance >= report.importance![1]!.importance);
    assert.match(report.warnings.join(), /Judge by f1 and rocAuc/);
    assert.equal(report.predictions.length, 500, "a bounded sample");
    assert.deepEqual(model.labels, [0, 1]);
  });

  it("the baseline is the training mean, judged on the held-out rows", () => {
    const { report } = run(tablets, { algorithm: "forest-regressor", ...hardness, trees: 5 });
    const { baseline } = report;
    assert.equal(baseline.strategy, "mean");
    const errors = report.predictions.map(({ actual }) => (Number(actual) - Number(baseline.value)) ** 2);
    assertDigits((baseline as RegressionMetrics).mse, errors.reduce((a, b) => a + b) / errors.length, 12, "mse");
    assert.ok((baseline as RegressionMetrics).r2! < 0.01);
  });

  it("the held-out rows are not learned from: a column that is noise predicts nothing of them", () => {
    const noise = Array.from({ length: 400 }, (_, i) => ({ y: (i * 7919) % 401, x: (i * 104729) % 397 }));
    const honest = run(noise, { algorithm: "forest-regressor", target: "y" });
    const cheating = run(noise, { algorithm: "forest-regressor", target: "y", testSize: 0 });
    assert.equal(cheating.report.metrics.on, "train");
    assert.deepEqual(cheating.report.rows, { train: 400, test: 0, dropped: 0 });
    assert.ok((honest.report.metrics as RegressionMetrics).r2! < 0.2);
    assert.ok((cheating.report.metrics as RegressionMetrics).r2! > 0.6, "which is why rows are held out");
  });

  for (const settings of [
    { algorithm: "forest-regressor", ...hardness, trees: 20 },
    { algorithm: "forest-regressor", engine: "ml-random-forest", ...hardness, trees: 5 },
    { algorithm: "linear", ...hardness },
    { algorithm: "robust-polynomial", target: "tbl_av_hardness", features: ["main_CompForce mean"] },
  ] satisfies Settings[])
    it(`${settings.algorithm} ${"engine" in settings ? settings.engine : ""}: the same seed and data give the same bytes, another seed others`, () => {
      const bytes = (seed: number) => JSON.stringify(run(tablets, { ...settings, seed }));
      assert.equal(bytes(5), bytes(5));
      assert.notEqual(bytes(5), bytes(6));
    });

  it("fingerprints the data: one cell, one name, one row more change it", () => {
    const rows: Table = Array.from({ length: 20 }, (_, i) => ({ y: i + (i % 3), a: i, kind: i % 2 ? "p" : "q" }));
    const of = (table: Table) => run(table, { algorithm: "forest-regressor", target: "y", trees: 2 }).report.dataHash;
    const changed = rows.map((row, i) => (i === 7 ? { ...row, a: 7.000000001 } : row));
    const renamed = rows.map(({ a, ...row }) => ({ ...row, b: a }));
    assert.equal(of(rows), of(rows.map((row) => ({ ...row }))));
    assert.equal(new Set([of(rows), of(changed), of(renamed), of(rows.slice(1)), of([...rows].reverse())]).size, 5);
  });

  it("fingerprints are those that earlier versions stored", () => {
    const parts = ["speed", Float64Array.of(1, 2.5), Int32Array.of(7, -1, 0, 3, 2)];
    assert.equal(fingerprintOf(parts), "bf77ba60e6f9a1ae571a771b8aa29cd8");
  });

  it("blanks are dropped and not zeros: the answer would be another", () => {
    const withBlanks: Table = Array.from({ length: 40 }, (_, i) => ({
      y: 3 * i + 1 + (i % 2) * 0.1,
      x: i % 8 === 3 ? " " : i,
    }));
    const asZeros = withBlanks.map((row) => ({ ...row, x: Number(row.x) }));
    const slope = (table: Table) =>
      run(table, { algorithm: "linear", target: "y", testSize: 0 }).report.coefficients![1]!.estimate;
    assert.ok(Math.abs(slope(withBlanks) - 3) < 0.01);
    assert.ok(Math.abs(slope(asZeros) - 3) > 0.3);
    assert.deepEqual(run(withBlanks, { algorithm: "linear", target: "y", testSize: 0 }).report.rows, {
      train: 35,
      test: 0,
      dropped: 5,
    });
    const forest = run(withBlanks, { algorithm: "forest-regressor", target: "y", testSize: 0 }).report;
    assert.deepEqual(forest.rows, { train: 40, test: 0, dropped: 0 }, "our forest copes with missing features");
  });

  it("cross-validates the rows to learn from", () => {
    const { report } = run(tablets, { algorithm: "forest-regressor", ...hardness, trees: 10, folds: 4 });
    const { folds, mean, sd } = report.crossValidation!;
    assert.equal(folds, 4);
    assert.ok(mean.r2! > 0.2 && mean.r2! < 0.8 && sd.r2! > 0 && sd.r2! < 0.3);
    assert.deepEqual(
      report.metrics,
      run(tablets, { algorithm: "forest-regressor", ...hardness, trees: 10 }).report.metrics,
    );
  });

  it("tells its progress, rising to 1", () => {
    const options = trainOptions({ algorithm: "forest-regressor", trees: 10, folds: 3, permutationRepeats: 1 });
    const seen: number[] = [];
    train(buildDataset(tablets, { ...hardness, task: "regression" }), options, {
      onProgress: ({ done }) => void seen.push(done),
    });
    assert.ok(seen.length >= 14 + process.length);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.equal(seen.at(-1), 1);
  });

  it("splits by column, group and time", () => {
    const rows: Table = Array.from({ length: 30 }, (_, i) => ({
      y: i % 5,
      x: i % 7,
      use: i < 6 ? "test" : "train",
      batch: `B${Math.floor(i / 3)}`,
    }));
    const of = (settings: Partial<Settings>) =>
      run(rows, { algorithm: "linear", target: "y", features: ["x"], ...settings }).report.rows;
    assert.deepEqual(of({ split: "column", splitColumn: "use" }), { train: 24, test: 6, dropped: 0 });
    assert.deepEqual(of({ split: "group", groupColumn: "batch" }), { train: 24, test: 6, dropped: 0 });
    const late = run(
      rows.map((row, i) => ({ ...row, y: i })),
      { algorithm: "linear", target: "y", features: ["x"], split: "time" },
    ).report;
    assert.ok(late.predictions.every(({ actual }) => Number(actual) >= 24));
  });

  it("says so where the held-out rows have moved away: the press in the second half of its batch", () => {
    const press = readCsv("tablet_press_batch368_10s.csv");
    const features = ["tbl_speed", "fom", "tbl_fill", "main_comp"];
    const { report } = run(press, {
      algorithm: "forest-regressor",
      target: "ejection",
      features,
      split: "time",
      testSize: 0.5,
      trees: 20,
    });
    assert.ok((report.metrics as RegressionMetrics).rmse < 0.7 * (report.baseline as RegressionMetrics).rmse);
    assert.ok(report.interval!.coverage < 0.75, "what is promised of rows like those learned from does not hold");
    assert.match(report.warnings.join(), /Intervals of 90 % hold \d+ % of the held-out rows/);
    assert.match(
      report.warnings.join(),
      /r2 is below 0.*ejection is 167\.8 on the mean, that of the rows learned from 185\.9/,
    );
  });

  it("R2 without intercept is uncentred of the rows learned from; of others it is that of any model, and the worse stays the worse", () => {
    const table = Array.from({ length: 40 }, (_, i) => ({ x: (i * 7) % 10, y: 100 - ((i * 7) % 10) + (i % 3) }));
    const settings: Settings = { algorithm: "linear", target: "y", intercept: false };
    const r2Of = ({ report }: Trained) => (report.metrics as RegressionMetrics).r2!;
    const own = run(table, { ...settings, testSize: 0 });
    assertDigits(r2Of(own), own.report.fit!.r2!, 14, "r2");
    assert.ok(r2Of(own) > 0.5 && r2Of(run(table, settings)) < 0);
    const gate = "r2>-1e9";
    const dataset = buildDataset(table, { target: "y", task: "regression" });
    for (const testSize of [0, 0.2]) {
      const through = trainOptions({ ...settings, testSize, gate });
      const champion = {
        model: train(dataset, trainOptions({ ...settings, testSize, intercept: true })).model,
        version: 1,
      };
      assert.equal(train(dataset, through, { champion }).report.champion!.better, false, `testSize ${testSize}`);
    }
    const { tuning } = run(table, {
      ...settings,
      gate,
      tune: [{ setting: "intercept", values: [false, true] }],
    }).report;
    assert.deepEqual(tuning!.best, { intercept: true });
    assert.ok(tuning!.tried[0]!.mean! < 0);
  });
  describe("compares with the champion, on the same rows", () => {
    const settings = { algorithm: "forest-classifier", ...failure, trees: 20 } as const;
    const options = trainOptions(settings);
    const dataset = buildDataset(machines, { ...settings, task: "classification" });
    const weak = run(machines, { ...settings, trees: 3, maxDepth: 1 }).model;
    const against = (model: Model, more: Partial<TrainOptions> = {}) =>
      train(dataset, { ...options, ...more }, { champion: { model: stored(model), version: 4 } }).report;

    it("the better one wins, by f1 or by what the gate speaks of first", () => {
      const { champion, metrics } = against(weak);
      assert.equal(champion!.version, 4);
      assert.equal(champion!.metric, "f1");
      assert.equal(champion!.better, true);
      assert.ok((champion!.metrics as ClassMetrics).f1 < (metrics as ClassMetrics).f1);
      assert.equal(against(weak, { gate: "rocAuc>0.1 && f1>0" }).champion!.metric, "rocAuc");
    });
    it("an equal one does not, and has the very same metrics", () => {
      const first = run(machines, settings);
      const { champion } = against(first.model);
      assert.equal(champion!.better, false);
      assert.deepEqual(champion!.metrics, first.report.metrics);
    });
    it("one that cannot be judged by these rows stays, and the report says why", () => {
      assert.match(against({ ...weak, target: "TWF" }).champion!.reason!, /predicts TWF/);
      assert.match(against({ ...weak, labels: ["no", "yes"] }).champion!.reason!, /other classes/);
      const spec = { ...weak.features[0]!, name: "humidity" };
      assert.match(against({ ...weak, features: [spec] }).champion!.reason!, /needs humidity/);
      assert.equal(against({ ...weak, features: [spec] }).champion!.better, false);
    });
    it("reads categories by their names, whatever their numbers", () => {
      const linear = run(machines, {
        algorithm: "linear",
        target: "Torque [Nm]",
        features: ["Type", "Tool wear [min]"],
      });
      const reordered = buildDataset([...machines].reverse(), {
        target: "Torque [Nm]",
        features: ["Type", "Tool wear [min]"],
        task: "regression",
      });
      const { report } = train(reordered, trainOptions({ algorithm: "linear", testSize: 0 }), {
        champion: { model: linear.model, version: 1 },
      });
      assert.ok(
        (report.champion!.metrics as RegressionMetrics).rmse < 1.001 * (report.metrics as RegressionMetrics).rmse,
      );
    });
  });

  describe("refuses", () => {
    const three: Table = [25, 26, 27].map((temperature, i) => ({
      temperature,
      humidity: 45 + ((i * 2) % 3),
      comfort: i + 1,
    }));
    const cases: [string, Table, Settings, string, RegExp][] = [
      [
        "a linear regression on the textbook's three rows",
        three,
        { algorithm: "linear", target: "comfort" },
        "too-few-rows",
        /2 rows to learn from .* at least 4 rows are needed\. 1 more row is held out/,
      ],
      [
        "a forest on the textbook's three rows",
        three,
        { algorithm: "forest-regressor", target: "comfort" },
        "too-few-rows",
        /cannot grow a forest/,
      ],
      [
        "a classifier on three rows",
        three,
        { algorithm: "forest-classifier", target: "comfort" },
        "too-few-rows",
        /cannot grow a forest/,
      ],
      [
        "rows of one class",
        Array.from({ length: 20 }, (_, i) => ({ y: "ok", x: i })),
        { algorithm: "forest-classifier", target: "y" },
        "too-few-rows",
        /class "ok".*nothing to tell apart/,
      ],
      [
        "a target that is blank in every row but one",
        Array.from({ length: 9 }, (_, i) => ({ y: i ? "" : 1, x: i })),
        { algorithm: "linear", target: "y" },
        "too-few-rows",
        /only one of the rows/,
      ],
      [
        "no row with all features",
        Array.from({ length: 9 }, (_, i) => ({ y: i, a: i % 2 ? "" : i, b: i % 2 ? i : "" })),
        { algorithm: "linear", target: "y" },
        "too-few-rows",
        /No row has all features/,
      ],
      [
        "a positive class that there is not",
        machines,
        { algorithm: "forest-classifier", ...failure, positive: "2" },
        "schema-mismatch",
        /positive is "2"/,
      ],
      [
        "a gate on a metric of the other kind",
        tablets,
        { algorithm: "linear", ...hardness, gate: "f1>0.5" },
        "bad-request",
        /f1, which a regression does not have/,
      ],
      [
        "a split column that says test nowhere",
        Array.from({ length: 9 }, (_, i) => ({ y: i, x: i % 4, use: "train" })),
        { algorithm: "linear", target: "y", split: "column", splitColumn: "use" },
        "too-few-rows",
        /No row says test/,
      ],
    ];
    for (const [what, table, settings, code, words] of cases)
      it(what, () => {
        const info = refusalOf(() => run(table, settings));
        assert.equal(info.code, code);
        assert.match(info.message, words);
      });
    it("but not the first number of rows that does", () => {
      assert.equal(
        run([...three, { temperature: 30, humidity: 47, comfort: 2 }, { temperature: 31, humidity: 44, comfort: 5 }], {
          algorithm: "linear",
          target: "comfort",
        }).report.rows.train,
        4,
      );
      assert.equal(
        run(
          Array.from({ length: 5 }, (_, i) => ({ y: i, x: i })),
          { algorithm: "forest-regressor", target: "y" },
        ).report.rows.train,
        4,
      );
    });
  });
});

describe("predict", () => {
  const linear = predictorOf(
    stored(
      run(machines, {
        algorithm: "linear",
        target: "Torque [Nm]",
        features: ["Rotational speed [rpm]", "Type"],
        testSize: 0,
      }).model,
    ),
  );
  const forest = predictorOf(stored(run(machines, { algorithm: "forest-classifier", ...failure, trees: 30 }).model));
  const row: Row = { "Rotational speed [rpm]": "1500", Type: "L" };

  it("gives value, interval and contributions of a linear model", () => {
    const found = linear.predict(row, { interval: 0.9, explain: true });
    assert.equal(found.domain, "in");
    assert.equal(found.outside, undefined);
    assert.ok(found.interval![0] < Number(found.value) && Number(found.value) < found.interval![1]);
    assert.deepEqual(Object.keys(found.contributions!), ["(base)", "Rotational speed [rpm]", "Type"]);
    assertDigits(
      Object.values(found.contributions!).reduce((a, b) => a + b),
      Number(found.value),
      12,
      "sum",
    );
    assert.deepEqual(
      Object.keys(linear.predict(row)),
      ["value", "domain", "domainScore"],
      "nothing that was not asked for",
    );
    assert.deepEqual(Object.keys(linear.predict(row, { combination: false })), ["value", "domain"]);
  });
  it("gives the class as it stood in the table, and the probabilities by name", () => {
    const found = forest.predict(machines[0]!, { explain: true });
    assert.equal(found.value, 0);
    assertDigits(found.probabilities!["0"]! + found.probabilities!["1"]!, 1, 14, "probabilities");
    assertDigits(
      Object.values(found.contributions!).reduce((a, b) => a + b),
      found.probabilities!["0"]!,
      9,
      "sum",
    );
  });
  it("classes that are texts keep their names", () => {
    const table: Table = Array.from({ length: 60 }, (_, i) => ({ grade: i % 3 === 0 ? "soft" : "ok", x: i % 3 }));
    const found = predictorOf(
      stored(run(table, { algorithm: "forest-classifier", target: "grade", trees: 10 }).model),
    ).predict({ x: 0 });
    assert.equal(found.value, "soft");
    assert.deepEqual(Object.keys(found.probabilities!), ["ok", "soft"]);
  });
  it("says which feature lies outside of what it was trained with, and by how much", () => {
    const found = linear.predict({ "Rotational speed [rpm]": 9000, Type: "XL" });
    assert.equal(found.domain, "out");
    assert.equal(found.outside![0]!.feature, "Rotational speed [rpm]");
    assert.equal(found.outside![0]!.value, 9000);
    assert.ok(found.outside![0]!.max! < 3000);
    assert.equal(found.outside![1]!.feature, "Type");
    const { min, max } = linear.model.features[0]!;
    const range = (speed: number): string =>
      linear.predict({ ...row, "Rotational speed [rpm]": speed }, { combination: false }).domain;
    assert.equal(range(max!), "in", "the edge is inside");
    assert.equal(range(min! - 1e-9), "out");
  });
  it("an unknown category counts as the average one", () => {
    const found = linear.predict({ "Rotational speed [rpm]": 1500, Type: "XL" }, { explain: true });
    assert.equal(found.contributions!.Type, 0);
  });
  it("a number among texts is the text it is written as, not a text's index", () => {
    const kinds = ["1", "a", "b"];
    const table: Table = Array.from({ length: 60 }, (_, i) => ({ y: 10 * (i % 3) + (i % 2), kind: kinds[i % 3]! }));
    const predictor = predictorOf(run(table, { algorithm: "linear", target: "y", testSize: 0 }).model);
    for (const cell of [1, "1", " 1 "]) assert.ok(Number(predictor.predict({ kind: cell }).value) < 2, String(cell));
    assert.ok(Number(predictor.predict({ kind: " a" }).value) > 8);
    assert.equal(predictor.predict({ kind: 2 }).domain, "out");
  });
  it("a category that is in held-out rows only is unknown to the model", () => {
    const table: Table = Array.from({ length: 40 }, (_, i) => ({
      y: i + (i % 3),
      x: i,
      kind: i < 20 ? "a" : i < 30 ? "b" : "late",
    }));
    const { model } = run(table, { algorithm: "linear", target: "y", split: "time", testSize: 0.25 });
    assert.deepEqual(model.features[1]!.categories, ["a", "b"]);
    assert.equal(predictorOf(model).predict({ x: 3, kind: "late" }).domain, "out");
  });
  it("our forest takes a blank, as outside unless it was trained with blanks", () => {
    assert.equal(forest.predict({ ...machines[0]!, Type: "" }).domain, "out");
    const table: Table = Array.from({ length: 60 }, (_, i) => ({ y: i % 5, x: i % 4 === 0 ? null : i % 5, z: i }));
    const predictor = predictorOf(
      run(table, { algorithm: "forest-regressor", target: "y", trees: 10, testSize: 0 }).model,
    );
    assert.equal(predictor.predict({ x: null, z: 3 }).domain, "in");
    assert.equal(predictor.predict({ z: 3 }).domain, "in");
  });

  const refusals: [string, Row, typeof linear, string, RegExp][] = [
    ["a feature that is not there", { Type: "L" }, linear, "schema-mismatch", /needs "Rotational speed \[rpm\]"/],
    [
      "a text where numbers were",
      { ...row, "Rotational speed [rpm]": "fast" },
      linear,
      "schema-mismatch",
      /is "fast", but the model was trained with numbers/,
    ],
    ["an object", { ...row, Type: { a: 1 } }, linear, "schema-mismatch", /trained with texts/],
    ["a blank, of a linear model", { ...row, "Rotational speed [rpm]": " " }, linear, "missing", /is blank/],
    [
      "an infinite number",
      { ...row, "Rotational speed [rpm]": Number.NEGATIVE_INFINITY },
      linear,
      "schema-mismatch",
      /-Infinity/,
    ],
    ["a feature from the prototype", JSON.parse("{}") as Row, forest, "schema-mismatch", /needs "Type"/],
  ];
  for (const [what, cells, predictor, code, words] of refusals)
    it(`refuses ${what}`, () => {
      const info = refusalOf(() => predictor.predict(cells));
      assert.equal(info.code, code);
      assert.match(info.message, words);
    });
  it("refuses a model of the future, and a damaged one", () => {
    const { model } = run(tablets, { algorithm: "forest-regressor", ...hardness, trees: 2 });
    assert.equal(refusalOf(() => predictorOf({ ...model, format: 2 } as unknown as Model)).code, "schema-mismatch");
    assert.equal(
      refusalOf(() => predictorOf({ ...model, forest: { ...model.forest!, feature: "AAAA" } })).code,
      "damaged",
    );
    assert.equal(refusalOf(() => predictorOf({ ...model, forest: undefined })).code, "damaged");
    assert.equal(refusalOf(() => predictorOf(null as unknown as Model)).code, "damaged");
  });
});
