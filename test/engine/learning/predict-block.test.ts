import { strict as assert } from "node:assert";
import { Refusal, refuse } from "../../../engine/contract/errors";
import type { Row, Table } from "../../../engine/contract/messages";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import { askTogether } from "../../../engine/learning/forest/ask-together";
import { type Forest, forestOf } from "../../../engine/learning/forest/forest-model";
import type { Model } from "../../../engine/learning/model";
import { type TrainOptions, trainOptions } from "../../../engine/learning/options";
import { type Prediction, type PredictOptions, predictorOf } from "../../../engine/learning/predictor";
import { train } from "../../../engine/learning/train";
import { createDice } from "../../support/dice";

type Asked = Pick<TrainOptions, "algorithm"> & Partial<TrainOptions>;

const dice = createDice(6);
const kinds = ["A", "B", "C"];
const table: Table = Array.from({ length: 600 }, (_, i) => {
  const [a, b] = [dice(10_000) / 1000, dice(1000) / 1000];
  const kind = kinds[i % 3]!;
  return {
    ...{ a, b: i % 7 ? b : null, kind, x: a + 1 },
    ...{ c: Math.round(a), d: i % 7 ? Math.round(10 * b) : null },
    y: a + (kind === "B" ? 3 : 0) + dice(1000) / 1000,
    two: a + 4 * b > 7 ? "yes" : "no",
    three: a < 3 ? "low" : a + b < 7 ? "mid" : "high",
  };
});
/** Rows as they come: blanks, unknown texts, far values, and such that are refused. */
const rows: Row[] = Array.from({ length: 1100 }, (_, i) => {
  const { a, b, kind, x, c, d } = table[(i * 7) % table.length]!;
  if (i % 31 === 0) return { a: 99, b, kind, x: 99, c: 99, d };
  if (i % 37 === 0) return { a, b, kind: "Z", x: i % 2 ? "seven" : x, c, d };
  if (i % 41 === 0) return { b, kind };
  return { a: i % 5 ? a : String(a), b, kind, x, c, d };
});

function modelOf(target: string, features: string[], options: Asked): Model {
  const settings = trainOptions({ testSize: 0, trees: 25, ...options });
  const task = settings.algorithm === "forest-classifier" ? "classification" : "regression";
  const known = features.includes("b") ? table : table.map(({ b: _, ...rest }) => rest);
  return JSON.parse(JSON.stringify(train(buildDataset(known, { target, features, task }), settings).model)) as Model;
}

describe("rows predicted together", () => {
  const all = ["a", "b", "kind"];
  const rounded = ["c", "d", "kind"];
  const cost = { positive: "yes", costMissed: 9, costFalseAlarm: 1 };
  const models: [string, string, string[], Asked][] = [
    ["forest of numbers", "y", all, { algorithm: "forest-regressor" }],
    ["forest of two classes", "two", all, { algorithm: "forest-classifier" }],
    ["forest of two classes with costs", "two", all, { algorithm: "forest-classifier", ...cost }],
    ["forest of three classes", "three", all, { algorithm: "forest-classifier" }],
    ["forest of numbers, of few values", "y", rounded, { algorithm: "forest-regressor" }],
    ["forest of two classes, of few values", "two", rounded, { algorithm: "forest-classifier" }],
    ["forest of three classes, of few values", "three", rounded, { algorithm: "forest-classifier" }],
    ["votes", "three", ["a", "x"], { algorithm: "forest-classifier", engine: "ml-random-forest", trees: 5 }],
    ["linear", "y", ["a", "kind"], { algorithm: "linear" }],
    ["interactions", "y", ["a", "kind"], { algorithm: "linear", interactions: true }],
    ["ridge", "y", ["a", "kind"], { algorithm: "ridge" }],
    ["exponential", "y", ["x"], { algorithm: "exponential" }],
  ];
  for (const [name, target, features, options] of models)
    it(`${name}: to the bit what each row gives alone, refusals among them`, () => {
      const model = modelOf(target, features, options);
      const [alone, together] = [predictorOf(model), predictorOf(model)];
      for (const asked of [{ combination: false }, { interval: 0.9, explain: true }]) check(alone, together, asked);
    });

  function check(alone: ReturnType<typeof predictorOf>, together: typeof alone, options: PredictOptions): void {
    const expected = rows.map((row) => {
      const found = whatComes(() => alone.predict(row, options));
      return { found, numbers: found instanceof Refusal ? undefined : alone.row.slice() };
    });
    let next = 0;
    for (const size of [together.blockRows - 40, 1, 7, 33, together.blockRows]) {
      const from = next;
      const count = Math.min(size, rows.length - from);
      together.predictBlock(
        count,
        (i) => rows[from + i]!,
        (found, i) => {
          assert.equal(from + i, next, "in their order");
          const { found: own, numbers } = expected[next++]!;
          if (found instanceof Refusal) assert.deepStrictEqual(found.info, (own as Refusal).info);
          else {
            assert.deepStrictEqual(found, own);
            assert.deepStrictEqual(together.row, numbers);
          }
        },
        options,
      );
      assert.equal(next, from + count);
    }
    assert.ok(expected.slice(0, next).some(({ found }) => found instanceof Refusal));
  }

  it("a forest is asked together where its questions are few for its trees, and none is no number", () => {
    const forestWith = (features: string[]): Forest =>
      forestOf(modelOf("y", features, { algorithm: "forest-regressor" }).forest!);
    assert.equal(askTogether(forestWith(all), 1024), undefined);
    const forest = forestWith(rounded);
    assert.notEqual(askTogether(forest, 1024), undefined);
    forest.value[0] = Number.NaN;
    assert.equal(askTogether(forest, 1024), undefined);
  });

  it("a row that cannot be read is refused in its place; what is no refusal goes through", () => {
    const predictor = predictorOf(modelOf("y", all, { algorithm: "forest-regressor" }));
    const none = new Refusal(refuse("bad-payload", "No row.", "Send one."));
    const found: (Prediction | Refusal)[] = [];
    const rowAt = (i: number): Row => {
      if (i === 1) throw none;
      return table[i]!;
    };
    predictor.predictBlock(3, rowAt, (one) => found.push(one));
    assert.deepEqual(found, [predictor.predict(table[0]!), none, predictor.predict(table[2]!)]);
    const broken = (): Row => {
      throw new TypeError("broken");
    };
    assert.throws(() => predictor.predictBlock(1, broken, () => {}), /broken/);
  });

  it("blocks stay small: fewer rows of more trees and of wider rows", () => {
    const names = Array.from({ length: 300 }, (_, f) => `f${f}`);
    const wide = Array.from({ length: 30 }, (_, y) => ({
      y,
      ...Object.fromEntries(names.map((name) => [name, dice(9)])),
    }));
    const roomOf = (features: string[], trees: number): number => {
      const options = trainOptions({ algorithm: "forest-regressor", testSize: 0, trees });
      return predictorOf(train(buildDataset(wide, { target: "y", features, task: "regression" }), options).model)
        .blockRows;
    };
    assert.deepEqual([roomOf(["f0"], 3), roomOf(["f0"], 700), roomOf(names, 3)], [1024, 93, 873]);
  });
});

function whatComes(action: () => Prediction): Prediction | Refusal {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
