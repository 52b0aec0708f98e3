import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { fromBase64 } from "../../../engine/learning/base64";
import type { Dataset } from "../../../engine/learning/dataset";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import { familiarityFrom, familiarityOf } from "../../../engine/learning/domain/familiarity";
import { trainOptions } from "../../../engine/learning/options";
import { type Predictor, predictorOf } from "../../../engine/learning/predictor";
import { randomOf } from "../../../engine/learning/random";
import { train } from "../../../engine/learning/train";
import { assertDigits, readCsv, readFixture, refusalOf } from "./references";

const reference = readFixture<{
  columns: string[];
  known: number;
  whitening: number[][];
  "NearestNeighbors: each known row to the others": number[];
  "NearestNeighbors: each other row to the known ones": number[];
  machines: { columns: string[]; corners: Record<string, { row: number[]; "leverage, in 3p/n": number }> };
}>("domain.json");

const datasetOf = (table: Table, target: string, features: string[]): Dataset =>
  buildDataset(table, { target, task: "regression", features });
const predictorOfRun = (dataset: Dataset, options: Parameters<typeof trainOptions>[0]): Predictor =>
  predictorOf(JSON.parse(JSON.stringify(train(dataset, trainOptions({ testSize: 0, ...options })).model)));

describe("domain: combinations of values", () => {
  const { columns } = reference;
  const batches = readCsv("tablet_batches_codes13_23.csv").filter((row) =>
    [...columns, "tbl_av_hardness"].every((name) => row[name] !== ""),
  );
  const known = datasetOf(
    batches.filter((_, i) => i % 2 === 0),
    "tbl_av_hardness",
    columns,
  );
  const others = batches.filter((_, i) => i % 2 === 1);

  it("measures the distance to the nearest training row as scikit-learn does, in numpy's independent columns", () => {
    const model = familiarityOf(known)!;
    const found = new Float64Array(fromBase64(model.whitening).buffer);
    reference.whitening.flat().forEach((value, at) => {
      if (value !== 0) assertDigits(found[at]!, value, 10, `whitening ${at}`);
    });
    const farthest = Math.max(...reference["NearestNeighbors: each known row to the others"]);
    assertDigits(model.limit, 1.5 * farthest, 5, "limit of few rows");
    const familiarity = familiarityFrom(model);
    const width = columns.length;
    const rows = Float64Array.from(others.flatMap((row) => columns.map((name) => Number(row[name]))));
    rows[2] = Number.NaN;
    for (const count of [others.length, 1, 2, 3, 4]) {
      const together = new Float64Array(count + 1).fill(-1);
      familiarity.distances(rows, width, count, together);
      const alone = (i: number): number => familiarity.distance(rows.subarray(i * width, (i + 1) * width));
      assert.deepEqual([...together], [...Array.from({ length: count }, (_, i) => alone(i)), -1], "to the bit");
    }
    reference["NearestNeighbors: each other row to the known ones"].forEach((distance, i) => {
      const row = Float64Array.from(columns, (name) => Number(others[i]![name]));
      // The rows are kept with 24 bits.
      assert.ok(Math.abs(familiarity.distance(row) * model.limit - distance) < 2e-6, `row ${i}`);
    });
  });

  const machines = readCsv("ai4i2020.csv");
  const { columns: names, corners } = reference.machines;
  const machineData = datasetOf(machines, "Machine failure", [...names, "Type"]);
  for (const options of [
    { algorithm: "linear" },
    { algorithm: "ridge" },
    { algorithm: "forest-regressor", trees: 5 },
  ] as const)
    it(`${options.algorithm}: flags what never came together, each value within its range, as leverage does`, () => {
      const predictor = predictorOfRun(machineData, options);
      for (const [what, corner] of Object.entries(corners)) {
        assert.ok(corner["leverage, in 3p/n"] > 1, "the reference flags it");
        const row = { Type: "L", ...Object.fromEntries(names.map((name, i) => [name, corner.row[i]])) };
        const { domain, domainScore, domainWhy, outside } = predictor.predict(row);
        assert.deepEqual([domain, domainWhy, outside?.length], ["out", "combination", 1], what);
        assert.ok(domainScore! > 1);
        assert.equal(outside![0]!.min, undefined);
        assert.ok(names.includes(outside![0]!.feature));
        assert.equal(predictor.predict(row, { combination: false }).domain, "in");
      }
      const median = { Type: "L", ...Object.fromEntries(names.map((name) => [name, machines[5]![name]])) };
      assert.ok(predictor.predict(median).domainScore! < 0.8);
    });

  it("rows of the same kind as the training's are flagged about one time in a thousand", () => {
    const { next } = randomOf(7);
    const draw = (): number => next() / 4294967296 + next() / 4294967296 + next() / 4294967296;
    const rowOf = (): { a: number; b: number; c: string; y: number } => {
      const a = draw();
      const b = a + 0.2 * draw();
      const c = next() % 50 === 0 ? "rare" : a > 1.5 ? "high" : "low";
      return { a, b, c, y: a };
    };
    const table = Array.from({ length: 5000 }, rowOf);
    const familiarity = familiarityFrom(familiarityOf(datasetOf(table, "y", ["a", "b", "c"]))!);
    const texts = ["high", "low", "rare"];
    let out = 0;
    const fresh = 20_000;
    for (let i = 0; i < fresh; i++) {
      const { a, b, c } = rowOf();
      if (familiarity.distance(Float64Array.of(a, b, texts.indexOf(c))) > 1) out++;
    }
    // 20 on the mean; the limit itself is an estimate from 4,000 rows, of which 4 lie beyond.
    assert.ok(out >= 4 && out <= 60, `${out} of ${fresh}`);
    const odd = Float64Array.of(1, 2.5, 1);
    assert.ok(familiarity.distance(odd) > 1, "b far from a");
    assert.equal(familiarity.oddest(odd), 1);
    assert.ok(familiarity.distance(Float64Array.of(2.4, 2.7, 1)) > 1, "low, yet a is high");
    assert.ok(familiarity.distance(Float64Array.of(1.2, 1.5, 2)) < 1, "a rare text");
  });

  it("a missing value is no distance, and few rows, many columns or equal rows tell nothing", () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({ y: i, a: i % 7 === 0 ? null : i, b: (i * 7) % 11 }));
    const dataset = datasetOf(rows, "y", ["a", "b"]);
    const familiarity = familiarityFrom(familiarityOf(dataset)!);
    assert.ok(familiarity.distance(Float64Array.of(Number.NaN, 5)) < 1);
    assert.equal(familiarityOf(datasetOf(rows.slice(1, 9), "y", ["b"])), undefined);
    const same = Array.from({ length: 30 }, (_, i) => ({ y: i, a: 1 }));
    assert.equal(familiarityOf(datasetOf(same, "y", ["a"])), undefined);
    const wide = { ...dataset, features: Array.from({ length: 101 }, () => dataset.features[1]!) };
    assert.equal(familiarityOf(wide), undefined);
    const twins = { ...dataset, features: [dataset.features[0]!, dataset.features[0]!] };
    assert.ok(familiarityFrom(familiarityOf(twins)!).distance(Float64Array.of(5, 35)) > 1, "the same column twice");
    const repeated = { ...dataset, features: [dataset.features[1]!] };
    assert.equal(familiarityOf(repeated), undefined, "eleven values, each several times");
  });

  it("a model whose kept rows do not fit together is damaged", () => {
    const { model } = train(known, trainOptions({ algorithm: "linear", testSize: 0 }));
    const broken = { ...model, familiarity: { ...model.familiarity!, rows: "AAAA" } };
    assert.equal(refusalOf(() => predictorOf(broken)).code, "damaged");
  });
});
