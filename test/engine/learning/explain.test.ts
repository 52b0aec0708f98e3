import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Row, Table } from "../../../engine/contract/messages";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import { taskOf, trainOptions } from "../../../engine/learning/options";
import { type Predictor, predictorOf } from "../../../engine/learning/predictor";
import { train } from "../../../engine/learning/train";
import { assertDigits, readCsv, readFixture } from "./references";

type Options = Parameters<typeof trainOptions>[0];

function predictorOfTable(table: Table, target: string, features: string[], options: Options): Predictor {
  const dataset = buildDataset(table, { target, features, task: taskOf(options.algorithm) });
  const { model } = train(dataset, trainOptions({ testSize: 0, ...options }));
  return predictorOf(JSON.parse(JSON.stringify(model)));
}

const kinds = ["a", "b", "c"];
const table: Table = Array.from({ length: 150 }, (_, i) => {
  const x = (i * 37) % 101;
  const z = ((i * 53) % 89) / 10;
  return {
    x,
    z,
    kind: kinds[i % 3]!,
    y: 3 * x - z * z + (i % 3) * 7 + ((i * 7) % 5),
    grade: x > 60 ? "high" : z > 5 ? "odd" : "low",
  };
});
const features = ["x", "z", "kind"];

describe("contributions add up to the prediction, whatever the row", () => {
  const cases: [string, string, Options][] = [
    ["linear", "y", { algorithm: "linear" }],
    ["linear without intercept", "y", { algorithm: "linear", intercept: false }],
    ["polynomial", "y", { algorithm: "polynomial", degree: 3 }],
    ["linear with interactions", "y", { algorithm: "linear", interactions: true }],
    ["ridge with interactions", "y", { algorithm: "ridge", alpha: 2, interactions: true }],
    ["forest of numbers", "y", { algorithm: "forest-regressor", trees: 20 }],
    ["forest of three classes", "grade", { algorithm: "forest-classifier", trees: 20, minLeaf: 3 }],
  ];
  for (const [name, target, options] of cases)
    it(name, () => {
      const predictor = predictorOfTable(table, target, features, options);
      const copes = options.algorithm.startsWith("forest");
      const anyRow = fc.record({
        x: copes
          ? fc.option(fc.double({ min: -50, max: 200, noNaN: true }))
          : fc.double({ min: -50, max: 200, noNaN: true }),
        z: fc.double({ min: -5, max: 20, noNaN: true }),
        kind: fc.constantFrom(...kinds, "unknown"),
      });
      fc.assert(
        fc.property(anyRow, (row) => {
          const { value, contributions, probabilities } = predictor.predict(row as Row, { explain: true });
          assert.deepEqual(Object.keys(contributions!), ["(base)", ...features]);
          const parts = Object.values(contributions!);
          const expected = probabilities ? probabilities[String(value)]! : Number(value);
          const sum = parts.reduce((a, b) => a + b);
          const scale = parts.reduce((a, b) => a + Math.abs(b), 1);
          assert.ok(Math.abs(sum - expected) <= 1e-13 * scale, `${sum} for ${expected}`);
        }),
        { numRuns: 200, seed: 11 },
      );
    });

  it("a feature that a linear model gives no weight adds nothing, and a category what its coefficient says", () => {
    const exact: Table = Array.from({ length: 60 }, (_, i) => ({
      y: 2 * (i % 10) + (i % 3 === 1 ? 5 : 0),
      x: i % 10,
      kind: kinds[i % 3]!,
      noise: (i * 7) % 11,
    }));
    const predictor = predictorOfTable(exact, "y", ["x", "kind", "noise"], { algorithm: "linear" });
    const of = (kind: string) => predictor.predict({ x: 4, kind, noise: 3 }, { explain: true }).contributions!;
    assert.ok(Math.abs(of("b").noise!) < 1e-12);
    assertDigits(of("b").kind! - of("a").kind!, 5, 12, "b against a");
    assert.equal(of("a").x, of("b").x);
  });
});

describe("prediction intervals of lines against R's predict.lm", () => {
  const fixture = readFixture<{ rows: number[]; level: number } & Record<string, [number, number, number][]>>(
    "intervals.json",
  );
  const renamed = readCsv("ai4i2020.csv")
    .slice(0, 400)
    .map((row) => ({
      torque: row["Torque [Nm]"],
      speed: row["Rotational speed [rpm]"],
      wear: row["Tool wear [min]"],
      Type: row.Type,
    })) as Table;
  const cases: [string, string[], Options][] = [
    ["lm(torque ~ speed + I(speed^2) + I(speed^3))", ["speed"], { algorithm: "polynomial", degree: 3 }],
    ["lm(torque ~ 0 + speed + wear)", ["speed", "wear"], { algorithm: "linear", intercept: false }],
    ["lm(torque ~ 0 + speed + Type)", ["speed", "Type"], { algorithm: "linear", intercept: false }],
  ];
  for (const [formula, names, options] of cases)
    it(formula, () => {
      const predictor = predictorOfTable(renamed, "torque", names, options);
      fixture.rows.forEach((index, k) => {
        const [fit, low, high] = fixture[formula]![k]!;
        const { value, interval } = predictor.predict(renamed[index]!, { interval: fixture.level });
        for (const [found, expected] of [
          [value, fit],
          [interval![0], low],
          [interval![1], high],
        ] as [number, number][])
          assertDigits(found, expected, 11, `row ${index}`);
      });
    });
});

it("which algorithms have intervals: docs/learning.md says why the others have none", () => {
  const cases: [Options, string, boolean][] = [
    [{ algorithm: "linear" }, "y", true],
    [{ algorithm: "linear", interactions: true }, "y", true],
    [{ algorithm: "polynomial" }, "y", true],
    [{ algorithm: "exponential" }, "y", true],
    [{ algorithm: "power" }, "y", true],
    [{ algorithm: "robust-polynomial" }, "y", true],
    [{ algorithm: "forest-regressor", trees: 5 }, "y", true],
    [{ algorithm: "ridge" }, "y", false],
    [{ algorithm: "theil-sen" }, "y", false],
    [{ algorithm: "forest-classifier", trees: 5 }, "grade", false],
  ];
  const above0 = table.map(({ x, y, ...rest }) => ({ ...rest, x: Number(x) + 1, y: Number(y) + 100 }));
  for (const [options, target, has] of cases) {
    const hasOneFeature = ["exponential", "power", "robust-polynomial", "theil-sen"].includes(options.algorithm);
    const predictor = predictorOfTable(above0, target, hasOneFeature ? ["x"] : features, options);
    const { value, interval } = predictor.predict(above0[40]!, { interval: 0.9 });
    assert.equal(interval !== undefined, has, options.algorithm);
    if (interval) assert.ok(interval[0] < Number(value) && Number(value) < interval[1], options.algorithm);
  }
});
