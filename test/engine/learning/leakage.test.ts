import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { buildDataset, type DatasetOptions } from "../../../engine/learning/dataset-builder";
import { isGroupName } from "../../../engine/learning/group-name";
import { type Leak, leaksIn } from "../../../engine/learning/leakage";
import { type Algorithm, taskOf, trainOptions } from "../../../engine/learning/options";
import { randomOf } from "../../../engine/learning/random";
import { splitRows } from "../../../engine/learning/split";
import { train } from "../../../engine/learning/train";
import { measured, readCsv, readFixture } from "./references";

type Settings = Partial<DatasetOptions> & { algorithm?: Algorithm; testSize?: number };

function leaks(table: Table, settings: Settings): Leak[] {
  const { algorithm = "forest-regressor", testSize = 0.2, ...more } = settings;
  const task = taskOf(algorithm);
  const split = more.split ?? (task === "classification" ? "stratified" : "random");
  const dataset = buildDataset(table, { target: "y", ...more, split, task });
  const found = leaksIn(dataset, splitRows(dataset, { split, testSize, seed: 1 }), split);
  for (const { text, values } of found)
    for (const [name, value] of Object.entries(values)) {
      if (name === "is") assert.ok(Math.abs(Number(value)) >= 0.99 && Math.abs(Number(value)) <= 1, text);
      else if (name !== "by") assert.ok(text.includes(String(value)), `${name} ${value}: ${text}`);
    }
  return found;
}
const named = (found: Leak[]): string[] => found.map(({ kind, column }) => (column ? `${kind} ${column}` : kind));
/** Numbers that repeat from run to run and follow nothing. */
const noise = (i: number, step = 7919, size = 1009): number => ((i * step) % size) / size;
const rows = (n: number, more: (i: number) => Record<string, unknown>): Table =>
  Array.from({ length: n }, (_, i) => ({
    y: noise(i),
    a: noise(i, 104729, 997),
    b: noise(i, 1299709, 983),
    ...more(i),
  }));

const machines = readCsv("ai4i2020.csv");
const failure = { target: "Machine failure", algorithm: "forest-classifier" } as const;
const tablets = readCsv("tablet_batches_codes13_23.csv");
const press = readCsv("tablet_press_batch368_10s.csv");

describe("leakage", () => {
  it("finds the machines' kinds of failure, which are written down after it; RNF, which comes without one, is none", () => {
    const found = leaks(machines, { ...failure, features: ["Type", ...measured, "TWF", "HDF", "PWF", "OSF", "RNF"] });
    assert.deepEqual(named(found), ["target TWF", "target HDF", "target PWF", "target OSF"]);
    assert.match(found[0]!.text, /One of the two values of TWF, in 46 rows, never occurs unless Machine failure is 1/);
  });
  it("finds the machines' running number, and nothing in what was measured of them", () => {
    assert.deepEqual(named(leaks(machines, { ...failure, features: ["UDI", "Type", ...measured] })), ["id UDI"]);
    assert.deepEqual(leaks(machines, { ...failure, features: ["Type", ...measured] }), []);
    assert.deepEqual(leaks(machines.slice(0, 500), { ...failure, features: ["Type", ...measured] }), []);
    for (const target of measured.slice(0, 3))
      assert.deepEqual(
        leaks(machines.slice(0, 2000), { target, features: ["Type", ...measured.filter((name) => name !== target)] }),
        [],
      );
  });
  it("finds nothing in the tablets, of all the columns that were known before", () => {
    const { features } = readFixture<{ tablets: { features: string[] } }>("forests.json").tablets;
    assert.deepEqual(leaks(tablets, { target: "tbl_av_hardness", features }), []);
    assert.deepEqual(leaks(tablets, { target: "tbl_av_hardness", features: ["code", ...features] }), []);
  });
  it("finds that readings of the press every ten seconds repeat themselves, where rows are drawn at random", () => {
    const settings = { target: "ejection", features: ["tbl_speed", "fom", "tbl_fill", "main_comp"] };
    assert.deepEqual(named(leaks(press, settings)), ["duplicates"]);
    assert.deepEqual(leaks(press, { ...settings, split: "time" }), []);
  });

  describe("a column that tells the target", () => {
    const cases: [string, Table, Settings, string[]][] = [
      ["in another unit", rows(60, (i) => ({ kg: noise(i) * 9.81 + (i % 3) * 1e-4 })), {}, ["target kg"]],
      ["by a curve", rows(60, (i) => ({ log: Math.log(noise(i) + 1e-9) })), {}, ["target log"]],
      ["by its grade", rows(80, (i) => ({ y: (i * 7) % 4, grade: `g${(i * 7) % 4}` })), {}, ["target grade"]],
      ["a good measurement does not", rows(60, (i) => ({ near: noise(i) + noise(i, 31, 97) / 5 })), {}, []],
      ["a rough grade does not", rows(80, (i) => ({ grade: noise(i) > 0.5 ? "high" : "low" })), {}, []],
      [
        "of classes, by a limit",
        rows(200, (i) => ({ y: noise(i) > 0.8 ? "bad" : "ok", score: noise(i) })),
        { algorithm: "forest-classifier" },
        ["target score"],
      ],
      [
        "of three classes, by two limits",
        rows(200, (i) => ({ y: noise(i) > 0.7 ? "c" : noise(i) > 0.4 ? "b" : "a", score: -noise(i) })),
        { algorithm: "forest-classifier" },
        ["target score"],
      ],
      [
        "of classes, by name",
        rows(200, (i) => ({ y: i % 5 ? 0 : 1, why: i % 5 ? "none" : i % 10 ? "heat" : "wear" })),
        { algorithm: "forest-classifier" },
        ["target why"],
      ],
      [
        "of classes, by being there at all",
        rows(200, (i) => ({ y: i % 5 ? 0 : 1, repairMinutes: i % 5 ? null : noise(i) })),
        { algorithm: "forest-classifier" },
        ["target repairMinutes"],
      ],
      [
        "of classes, but for every tenth row, does not",
        rows(200, (i) => ({ y: i % 5 ? 0 : 1, flag: i % 5 === 0 && i % 50 ? 1 : i % 37 === 1 ? 1 : 0 })),
        { algorithm: "forest-classifier" },
        [],
      ],
      [
        "of classes, in twelve rows of a class that two in five are of, does not",
        rows(200, (i) => ({ y: i % 5 < 2 ? 1 : 0, flag: i % 5 === 0 && i < 60 ? 1 : 0 })),
        { algorithm: "forest-classifier" },
        [],
      ],
      [
        "of classes, in thirty-two of them",
        rows(200, (i) => ({ y: i % 5 < 2 ? 1 : 0, flag: i % 5 === 0 && i < 160 ? 1 : 0 })),
        { algorithm: "forest-classifier" },
        ["target flag"],
      ],
      [
        "of a rare class, where it is always the usual one, does not",
        rows(400, (i) => ({ y: i % 20 ? 0 : 1, door: i % 20 && i % 3 ? 0 : 1 })),
        { algorithm: "forest-classifier" },
        [],
      ],
    ];
    for (const [what, table, settings, expected] of cases)
      it(what, () => assert.deepEqual(named(leaks(table, settings)), expected));
    it("is not suspected where it is the only feature, as in a calibration", () => {
      assert.deepEqual(leaks(readCsv("nist_Norris.csv"), { testSize: 0 }), []);
    });
  });

  describe("a column that numbers the rows", () => {
    const cases: [string, (i: number) => unknown, string[]][] = [
      ["a counter", (i) => 1000 + i, ["id n"]],
      ["a clock, with gaps", (i) => 1_600_000_000_000 + i * 1000 + (i % 7), ["id n"]],
      ["one that counts down", (i) => 500 - 3 * i, ["id n"]],
      ["numbers out of order", (i) => (i * 37) % 60, ["id n"]],
      ["numbers that repeat are none", (i) => i >> 1, []],
      ["different numbers over a wide range are none", (i) => (i * 7919) % 10007, []],
      ["broken numbers are none", (i) => i + 0.5 * (i % 2), []],
      ["a column with a gap is none", (i) => (i === 3 ? null : i), []],
    ];
    for (const [what, n, expected] of cases)
      it(what, () =>
        assert.deepEqual(
          named(
            leaks(
              rows(60, (i) => ({ n: n(i) })),
              {},
            ),
          ),
          expected,
        ),
      );
  });

  describe("a column from the future", () => {
    const next = (i: number): number => noise(i + 1);
    it("is looked for in the middle of long tables", () => {
      // By a generator with a long period: no row is like another.
      const { next } = randomOf(3);
      const [y, a, b] = Array.from({ length: 3 }, () => Float64Array.from({ length: 40_000 }, next));
      const middle = y!.map((value, i) => (i >= 10_000 && i < 30_000 ? (y![i + 1] ?? value) : b![i]!));
      const column = (name: string, values: Float64Array) => ({ name, kind: "number" as const, values, missing: 0 });
      const features = [column("a", a!), column("later", middle)];
      const dataset = { rows: 40_000, features, target: { name: "y", values: y! }, dropped: 0, warnings: [] };
      const split = splitRows(dataset, { split: "time", testSize: 0.2, seed: 1 });
      assert.deepEqual(named(leaksIn(dataset, split, "time")), ["future later"]);
    });
    it("that is the target of the next row, in any unit", () => {
      const found = leaks(
        rows(60, (i) => ({ later: 5 - 2 * next(i) })),
        {},
      );
      assert.deepEqual(named(found), ["future later"]);
      assert.match(found[0]!.text, /later is what y is in the next row \(correlation 1\.0/);
    });
    it("by time, where rows stand in another order", () => {
      const table = rows(60, (i) => ({ later: next(i), at: i })).sort(
        (a, b) => noise(a.at as number, 31) - noise(b.at as number, 31),
      );
      assert.deepEqual(named(leaks(table, { split: "time", splitColumn: "at" })), ["future later"]);
    });
    it("is not the target of the row before, which is known", () => {
      assert.deepEqual(
        leaks(
          rows(60, (i) => ({ before: noise(i - 1 + 1009) })),
          {},
        ),
        [],
      );
    });
    it("is not any neighbour of a slow target", () => {
      const slow = (i: number): number => Math.sin(i / 300);
      const table = rows(800, (i) => ({ y: slow(i), before: slow(i - 1) + noise(i) / 20 }));
      assert.deepEqual(leaks(table, { split: "time" }), []);
    });
    it("is not a count that runs against the target: that tells it outright", () => {
      const table = rows(60, (i) => ({ y: 200 - i, cycle: i }));
      assert.deepEqual(named(leaks(table, { split: "time" })), ["target cycle"]);
    });
    it("that is a time after its row's", () => {
      const t = (i: number): number => 1_600_000_000_000 + i * 60_000;
      const settings: Settings = { split: "time", splitColumn: "at" };
      const at = (offset: number) =>
        leaks(
          rows(60, (i) => ({ at: t(i), lab: t(i) + offset * (1 + ((i * 7) % 5)) })),
          settings,
        );
      assert.deepEqual(named(at(3_600_000)), ["future lab"]);
      assert.deepEqual(at(-3_600_000), []);
    });
  });

  describe("the same on both sides of the split", () => {
    const units = (more: (i: number) => Record<string, unknown> = () => ({})) =>
      rows(90, (i) => ({ unit: `U${Math.floor(i / 15)}`, ...more(i) }));
    const features = ["a", "b"];
    it("rows of one unit, though it is no feature, where rows are drawn at random", () => {
      const found = leaks(units(), { features });
      assert.deepEqual(named(found), ["group unit"]);
      assert.match(found[0]!.text, /\(6 of 6\).*split group, groupColumn unit/);
      assert.deepEqual(leaks(units(), { features, split: "group", groupColumn: "unit" }), []);
      assert.deepEqual(leaks(units(), { features, split: "time" }), []);
      assert.deepEqual(leaks(units(), { features, testSize: 0 }), [], "nothing is held out");
    });
    it("of a group column that is named, whatever it is called", () => {
      const table = units((i) => ({ unit: 1, press: i % 4 }));
      assert.deepEqual(named(leaks(table, { features, groupColumn: "press" })), ["group press"]);
    });
    it("not of a unit for every row, or of a single one", () => {
      assert.deepEqual(
        leaks(
          units((i) => ({ unit: `U${i}` })),
          { features },
        ),
        [],
      );
      assert.deepEqual(
        leaks(
          units(() => ({ unit: "U1" })),
          { features },
        ),
        [],
      );
    });
    it("by names that say so", () => {
      const names = ["batch", "Batch", "machine_id", "BatchNo", "serial number", "press.unit", "批次", "设备编号"];
      assert.deepEqual(names.filter(isGroupName), names);
      const others = ["batch_yield", "Product ID", "code", "units_total", "united", "Type", "批次产量", "id"];
      assert.deepEqual(others.filter(isGroupName), []);
    });
    it("equal rows, from one in a hundred held-out rows on", () => {
      const copies = (share: number) =>
        rows(1000, () => ({})).flatMap((row, i) => (i % share ? [row] : [row, { ...row }]));
      const [found] = leaks(copies(10), {});
      assert.equal(found!.kind, "duplicates");
      assert.match(found!.text, /^27 of 220 held-out rows are equal/);
      assert.deepEqual(leaks(copies(10), { split: "time" }), []);
      assert.deepEqual(leaks(copies(400), {}), []);
      const almost = rows(1000, () => ({})).flatMap((row) => [row, { ...row, y: (row.y as number) + 1e-12 }]);
      assert.deepEqual(leaks(almost, {}), [], "the last bit counts");
    });
  });

  it("stands in the report, and as a warning", () => {
    const table = rows(60, (i) => ({ n: i }));
    const { report } = train(
      buildDataset(table, { target: "y", task: "regression" }),
      trainOptions({ algorithm: "linear" }),
    );
    assert.deepEqual(named(report.leaks!), ["id n"]);
    assert.ok(report.warnings.includes(report.leaks![0]!.text));
  });
});
