import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { runInNewContext } from "node:vm";
import type { Table } from "../../engine/contract/messages";
import { buildDataset } from "../../engine/learning/dataset-builder";
import type { ClassMetrics, RegressionMetrics } from "../../engine/learning/metrics";
import { predictorOf } from "../../engine/learning/predictor";
import { type Trained, train } from "../../engine/learning/train";
import { readCsv } from "../../nodes/lib/read-csv";
import { readTwinTrainSettings } from "../../nodes/twin-train/twin-train.settings";
import { projectRoot } from "../flows/project";

type Node = Record<string, string>;
type Msg = { payload: Table };
type Found = { missed: number; cost: number; passed: boolean };

/** The nodes of an example by their names, and what its training and its function nodes do, without Node-RED. */
function example(file: string) {
  const nodes = JSON.parse(readFileSync(path.join(projectRoot, `examples/${file}.json`), "utf8")) as Node[];
  const named = (type: string, name: string): Node => {
    const found = nodes.find((node) => node.type === type && node.name === name);
    assert.ok(found, `${type} ${name}`);
    return found;
  };
  return {
    data(): Table {
      const { filename = "" } = nodes.find(({ type }) => type === "file in")!;
      const data = path.join(projectRoot, "examples/data");
      return readCsv(readFileSync(filename.replace("${" + "TWIN_DATA}", data), "utf8")).rows;
    },
    train(name: string, rows: Table): Trained {
      const { table, train: options } = readTwinTrainSettings(named("twin-train", name));
      return train(buildDataset(rows, table), options);
    },
    run(name: string, rows: Table, kept: Record<string, unknown> = {}): Table {
      const flow = { set: (key: string, value: unknown) => Object.assign(kept, { [key]: value }) };
      const code = `(function () { ${named("function", name).func} })()`;
      // What comes from another context compares as unequal, though it is the same.
      return structuredClone((runInNewContext(code, { msg: { payload: structuredClone(rows) }, flow }) as Msg).payload);
    },
  };
}

describe("the examples of trained models hold what their comments say", () => {
  it("tablet hardness: the gate is passed, by a model far better than the mean", () => {
    const { data, train } = example("tablet-hardness-from-process-data");
    const { gate, metrics, baseline } = train("hardness", data()).report;
    const [model, mean] = [metrics as RegressionMetrics, baseline as unknown as RegressionMetrics];
    assert.ok(gate.passed && model.rmse < 3 && mean.rmse > 4, `${model.rmse} ${mean.rmse}`);
  });

  it("machine failure: what is chosen by cost misses fewest failures and costs least, and the gate is passed", () => {
    const { data, train } = example("machine-failure-at-least-cost");
    const rows = data();
    const of = (name: string) => {
      const { report } = train(name, rows);
      const [[, falseAlarms = 0] = [], [missed = 0] = []] = (report.metrics as ClassMetrics).confusion;
      return { missed, cost: 20 * missed + falseAlarms, passed: report.gate.passed };
    };
    const [plain, balanced, cost] = ["every row alike", "classes alike", "at least cost"].map(of) as [
      Found,
      Found,
      Found,
    ];
    assert.ok(cost.missed < balanced.missed && balanced.missed < plain.missed, JSON.stringify([plain, balanced, cost]));
    assert.ok(cost.cost < 0.8 * balanced.cost && balanced.cost < plain.cost, JSON.stringify([plain, balanced, cost]));
    assert.ok(cost.passed);
  });
  it("remaining life: rows drawn from the same engines flatter, and the report says so; engine 10 is in neither", () => {
    const { data, train, run } = example("remaining-life-of-turbofans");
    const rows = run("cycles left, 1 to 8", data());
    assert.deepEqual([...new Set(rows.map(({ unit }) => Number(unit)))], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual([Math.max(...rows.map((row) => Number(row.remaining))), rows.at(-1)?.remaining], [125, 0]);
    const [engines, flattered] = ["engines held out", "rows held out"].map((name) => train(name, rows).report);
    const rmse = (report = engines!) => (report.metrics as RegressionMetrics).rmse;
    assert.ok(rmse(engines) > 1.4 * rmse(flattered), `${rmse(engines)} ${rmse(flattered)}`);
    assert.doesNotMatch(engines?.warnings.join() ?? "", /both sides/);
    assert.match(flattered?.warnings.join() ?? "", /same unit stand on both sides/);
  });

  it("champion and challenger: the challenger is closer on the live batches, none of which was learned from", () => {
    const { data, train, run } = example("champion-and-challenger");
    const kept: { live?: Table } = {};
    const learned = run("keep every third back", data(), kept);
    const live = kept.live ?? [];
    assert.deepEqual([learned.length, live.length], [212, 106]);
    assert.equal(new Set([...learned, ...live].map(({ batch }) => batch)).size, 318);
    const error = (name: string) => {
      const predictor = predictorOf(train(name, learned).model);
      const of = (row: Table[number]) =>
        Math.abs(Number(predictor.predict(row, {}).value) - Number(row.tbl_av_hardness));
      return live.reduce((sum, row) => sum + of(row), 0) / live.length;
    };
    const [linear, forest] = [error("linear"), error("forest")];
    assert.ok(forest < 0.95 * linear, `${forest} ${linear}`);
  });
});
