import assert from "node:assert/strict";
import { judgeGate, parseGate } from "../../../engine/learning/gate";
import { type ClassMetrics, classMetrics, defaultPositive, regressionMetrics } from "../../../engine/learning/metrics";
import { assertDigits, readFixture, refusalOf } from "./references";

type Scores = Record<string, number>;
interface Classes {
  labels: (string | number)[];
  actual: number[];
  predicted: number[];
  probabilities: number[][];
  accuracy_score: number;
  confusion_matrix: number[][];
  'f1_score(average="macro")': number;
  'f1_score(average="weighted")': number;
  matthews_corrcoef: number;
  macro?: Scores;
  [of: `of ${string}`]: Scores;
}
const fixture = readFixture<{
  "two classes": Classes;
  "three classes": Classes;
  numbers: Record<string, number> & { actual: number[]; predicted: number[] };
}>("metrics.json");

describe("metrics agree with scikit-learn", () => {
  it("of numbers", () => {
    const { actual, predicted, ...expected } = fixture.numbers as { actual: number[]; predicted: number[] } & Record<
      string,
      number
    >;
    const found = regressionMetrics(actual, predicted, "test");
    assertDigits(found.mse, expected.mean_squared_error!, 13, "mse");
    assertDigits(found.rmse, expected["mean_squared_error(squared=False)"]!, 13, "rmse");
    assertDigits(found.mae, expected.mean_absolute_error!, 13, "mae");
    assertDigits(found.r2, expected.r2_score!, 13, "r2");
    assertDigits(found.mape, expected.mean_absolute_percentage_error!, 13, "mape");
    assert.equal(found.on, "test");
  });
  for (const name of ["two classes", "three classes"] as const) {
    const { labels, actual, predicted, probabilities, ...expected } = fixture[name];
    for (const label of labels)
      it(`of ${name}, positive ${label}`, () => {
        const found = classMetrics({ actual, predicted, probabilities }, labels, label, "test");
        const of = (fixture[name] as unknown as Record<string, Scores>)[`of ${label}`]!;
        assertDigits(found.accuracy, expected.accuracy_score, 14, "accuracy");
        assertDigits(found.precision, of.precision_score!, 14, "precision");
        assertDigits(found.recall, of.recall_score!, 14, "recall");
        assertDigits(found.f1, of.f1_score!, 14, "f1");
        assertDigits(found.rocAuc, of.roc_auc_score!, 14, "rocAuc");
        assertDigits(found.f1Macro, expected['f1_score(average="macro")'], 14, "f1Macro");
        assertDigits(found.f1Weighted, expected['f1_score(average="weighted")'], 14, "f1Weighted");
        assertDigits(found.mcc, expected.matthews_corrcoef, 14, "mcc");
        assertDigits(found.averagePrecision, of.average_precision_score!, 14, "averagePrecision");
        if (labels.length === 2) assertDigits(found.brier, of.brier_score_loss!, 14, "brier");
        const mine = found.perClass[labels.indexOf(label)]!;
        assert.deepEqual(
          [mine.label, mine.precision, mine.recall, mine.f1],
          [label, found.precision, found.recall, found.f1],
        );
        assert.equal(mine.support, actual.filter((c) => labels[c] === label).length);
        assert.deepEqual(found.confusion, expected.confusion_matrix);
        assert.deepEqual(found.labels, labels);
      });
  }
  it("of three classes without a positive one: means", () => {
    const { labels, actual, predicted, probabilities, macro } = fixture["three classes"];
    const found = classMetrics({ actual, predicted, probabilities }, labels, null, "test");
    assertDigits(found.precision, macro!.precision_score!, 14, "precision");
    assertDigits(found.recall, macro!.recall_score!, 14, "recall");
    // scikit-learn's brier_score_loss is for two classes; of three it is the sum of those of one against the rest.
    const each = labels.map((label) => (fixture["three classes"] as unknown as Record<string, Scores>)[`of ${label}`]!);
    const sum = (name: string) => each.reduce((total, of) => total + of[name]!, 0);
    assertDigits(found.brier, sum("brier_score_loss"), 14, "brier");
    assertDigits(found.averagePrecision, sum("average_precision_score") / 3, 14, "averagePrecision");
    assertDigits(found.rocAuc, macro!['roc_auc_score(multi_class="ovr")']!, 14, "rocAuc");
  });
  it("the other class gives other values, so naming the positive one matters", () => {
    const { labels, actual, predicted, probabilities } = fixture["two classes"];
    const of = (positive: number) => classMetrics({ actual, predicted, probabilities }, labels, positive, "test").f1;
    assert.notEqual(of(0), of(1));
  });
  it("are defined where scikit-learn warns: nothing predicted is 0, one class has no area", () => {
    const found = classMetrics(
      {
        actual: [0, 0],
        predicted: [0, 0],
        probabilities: [
          [1, 1],
          [0, 0],
        ],
      },
      [0, 1],
      1,
      "test",
    );
    assert.deepEqual([found.precision, found.recall, found.f1, found.rocAuc], [0, 0, 0, null]);
    assert.deepEqual([found.mcc, found.averagePrecision, found.brier], [0, null, 0]);
    assert.equal(regressionMetrics([2, 0], [3, 1], "test").mape, null);
    assert.equal(regressionMetrics([2], [3], "test").r2, null);
    assert.equal(regressionMetrics([2, 2], [3, 3], "test").r2, null);
  });
  it("r2 of equal values is null, also where their mean is rounded", () => {
    for (const value of [0.1, 0.3, 1e9 + 0.1])
      for (const n of [7, 20, 33])
        assert.equal(regressionMetrics(Array(n).fill(value), Array(n).fill(value + 1), "test").r2, null);
  });
  it("positive by default: 1, true, or the rarer of two", () => {
    assert.equal(defaultPositive([0, 1], [1, 9]), 1);
    assert.equal(defaultPositive([false, true], [1, 9]), true);
    for (const words of [
      ["false", "true"],
      ["False", "True"],
      ["FALSE", "TRUE"],
    ]) // as a CSV has them
      assert.equal(defaultPositive(words, [1, 9]), words[1]);
    assert.equal(defaultPositive(["fail", "ok"], [3, 40]), "fail");
    assert.equal(defaultPositive(["no", "yes"], [30, 4]), "yes");
    assert.equal(defaultPositive(["a", "b", "c"], [1, 1, 1]), null);
  });
});

describe("gate", () => {
  const found = {
    on: "test",
    accuracy: 0.97,
    precision: 0.8,
    recall: 0.6,
    f1: 0.69,
    f1Macro: 0.84,
    rocAuc: null,
    confusion: [],
    labels: [],
    positive: 1,
  } as unknown as ClassMetrics;
  const cases: [string, boolean, string[]][] = [
    ["", true, []],
    ["f1>=0.65", true, []],
    ["f1 >= 0.7", false, ["f1 >= 0.7 (0.69)"]],
    ["f1>0.6 && recall>=.6", true, []],
    ["f1>0.6, RECALL>0.6; accuracy<1", false, ["RECALL>0.6 (0.6)"]],
    ["rocAuc>0.5", false, ["rocAuc>0.5 (none)"]],
    ["rmse<1", false, ["rmse<1 (none)"]],
    ["f1>=1e-1 and precision<=0.8", true, []],
  ];
  for (const [text, passed, failed] of cases)
    it(`${text || "none"}: ${passed ? "passed" : "failed"}`, () =>
      assert.deepEqual(judgeGate(parseGate(text), found), { text, passed, failed }));
  for (const text of ["f1", "f1=>0.7", "f7>1", "f1>=high", "f1>=0.7 &&"])
    it(`refuses ${text}, saying how to write it`, () => {
      const info = refusalOf(() => parseGate(text));
      assert.equal(info.code, "bad-request");
      assert.match(info.hint, /f1>=0.7/);
    });
});
