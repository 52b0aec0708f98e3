import assert from "node:assert/strict";
import type { Row, Table } from "../../../engine/contract/messages";
import { takeRows, withoutMissing } from "../../../engine/learning/dataset";
import { buildDataset, type DatasetOptions, datasetBuilder } from "../../../engine/learning/dataset-builder";
import { readCsv, refusalOf } from "./references";

const regression = (target: string, more: Partial<DatasetOptions> = {}): DatasetOptions => ({
  target,
  task: "regression",
  ...more,
});

describe("dataset", () => {
  const rows: Table = [
    { y: "1.5", x: 1, kind: "L", on: true, note: "" },
    { y: "", x: 2, kind: "M", on: false },
    { y: 0, x: "  ", kind: "H", on: true },
    { y: " 4 ", x: "-3e2", kind: " L ", on: false },
  ];

  it("takes every column but the target, texts as categories, truth as 0 and 1", () => {
    const { features, target, rows: n, dropped, warnings } = buildDataset(rows, regression("y"));
    assert.equal(n, 3);
    assert.equal(dropped, 1, "the row with a blank target");
    assert.deepEqual([...target.values], [1.5, 0, 4]);
    assert.deepEqual(
      features.map((f) => [f.name, f.kind]),
      [
        ["x", "number"],
        ["kind", "category"],
        ["on", "number"],
      ],
    );
    assert.deepEqual([...features[0]!.values], [1, Number.NaN, -300], "blank is missing, never 0");
    assert.equal(features[0]!.missing, 1);
    assert.deepEqual(features[1]!.categories, ["H", "L"], "sorted; M stood in the dropped row only");
    assert.deepEqual([...features[1]!.values], [1, 0, 1]);
    assert.deepEqual([...features[2]!.values], [1, 1, 0]);
    assert.match(warnings[0]!.text, /note is empty in every row/);
  });

  it("blank read as 0 would be another dataset", () => {
    const zeros = rows.map((row) => ({ ...row, x: typeof row.x === "string" ? Number(row.x) : row.x })); // Number("  ") is 0
    assert.notDeepEqual(
      buildDataset(zeros, regression("y")).features[0],
      buildDataset(rows, regression("y")).features[0],
    );
  });

  it("numbers categories by name, whichever row comes first", () => {
    const back = buildDataset([...rows].reverse(), regression("y")).features[1]!;
    assert.deepEqual(back.categories, ["H", "L"]);
    assert.deepEqual([...back.values], [1, 0, 1]);
  });

  it("finds columns that only later rows have, as the csv node leaves blanks out", () => {
    const { features } = buildDataset(
      [
        { y: 1, a: 1 },
        { y: 2, b: 5 },
        { y: 3, a: 2, b: 6 },
      ],
      regression("y"),
    );
    assert.deepEqual(
      features.map((f) => [f.name, f.missing]),
      [
        ["a", 1],
        ["b", 1],
      ],
    );
  });

  it("names classes as they stand, text that is a number as that number", () => {
    const of = (cells: unknown[]) =>
      buildDataset(
        cells.map((c, i) => ({ c, i })),
        { target: "c", task: "classification" },
      ).target;
    assert.deepEqual(of(["1", 0, "0", 1]).labels, [0, 1]);
    assert.deepEqual([...of(["1", 0, "0", 1]).values], [1, 0, 0, 1]);
    assert.deepEqual(of(["soft", " ok", "chipped", "ok"]).labels, ["chipped", "ok", "soft"]);
    assert.deepEqual(of([true, false, null, "10", 9]).labels, [9, 10, false, true]);
  });

  it("leaves rows with a missing feature out where the algorithm needs them whole, and says so", () => {
    const whole = withoutMissing(buildDataset(rows, regression("y")));
    assert.equal(whole.rows, 2);
    assert.equal(whole.dropped, 2);
    assert.match(whole.warnings.at(-1)!.text, /1 rows were left out because a feature is missing in them: x \(1\)/);
  });

  it("gives rows that stand together without copying them, others in the order that is asked for", () => {
    const whole = buildDataset(rows, regression("y"));
    const last = takeRows(whole, [1, 2]);
    assert.deepEqual([...last.features[0]!.values], [Number.NaN, -300]);
    assert.equal(last.features[0]!.values.buffer, whole.features[0]!.values.buffer);
    assert.deepEqual([last.rows, last.features[0]!.missing, [...last.target.values]], [2, 1, [0, 4]]);
    const turned = takeRows(whole, [2, 0]);
    assert.deepEqual([...turned.features[0]!.values, ...turned.target.values], [-300, 1, 4, 1.5]);
    assert.equal(turned.features[0]!.missing, 0);
  });

  it("is the same in small steps", () => {
    const table = readCsv("tablet_batches_codes13_23.csv");
    const options = regression("tbl_av_hardness");
    const builder = datasetBuilder(table, options);
    let steps = 1;
    while (!builder.step(500)) steps++;
    assert.ok(steps > 20);
    assert.deepEqual(builder.finish(), buildDataset(table, options));
  });

  it("holds out what the split column says, sorts by time, and keeps the groups", () => {
    const table: Table = [
      { y: 1, x: 1, use: " Test", t: "2020-01-02T00:00:00Z", b: "p" },
      { y: 2, x: 3, use: "train", t: 5, b: "q" },
      { y: 3, x: 2, t: 4, b: "p" },
    ];
    assert.deepEqual(
      [...buildDataset(table, regression("y", { split: "column", splitColumn: "use", features: ["x"] })).heldOut!],
      [1, 0, 0],
    );
    assert.deepEqual(
      [...buildDataset(table, regression("y", { split: "group", groupColumn: "b", features: ["x"] })).groups!],
      [0, 1, 0],
    );
    assert.deepEqual(
      [...buildDataset(table, regression("y", { split: "time", splitColumn: "t", features: ["x"] })).times!],
      [Date.UTC(2020, 0, 2), 5, 4],
    );
  });

  it("ignores the column of a split that is not chosen, but never learns from it", () => {
    const table = [
      { y: 1, x: 1, use: "test" },
      { y: 2, x: 3, use: "train" },
    ];
    const names = (more: Partial<DatasetOptions>) =>
      buildDataset(table, regression("y", more)).features.map((f) => f.name);
    assert.deepEqual(names({ splitColumn: "gone", groupColumn: "gone too" }), ["x", "use"]);
    assert.deepEqual(names({ splitColumn: "use" }), ["x"]);
  });

  describe("refuses", () => {
    const cases: [string, unknown, DatasetOptions, string, RegExp][] = [
      ["an empty table", [], regression("y"), "too-few-rows", /no rows/],
      ["what is no table", { y: 1 }, regression("y"), "bad-payload", /list of rows/],
      ["a row that is no object", [{ y: 1, x: 1 }, 7], regression("y"), "bad-payload", /Row 1 is 7/],
      [
        "an unknown target, naming the columns",
        [{ a: 1, b: 2 }],
        regression("y"),
        "schema-mismatch",
        /no column "y"\. The table has the columns "a", "b"/,
      ],
      [
        "an unknown feature",
        [{ y: 1, b: 2 }],
        regression("y", { features: ["c"] }),
        "schema-mismatch",
        /no column "c"/,
      ],
      [
        "a text target for a regression",
        [{ y: "good", x: 1 }],
        regression("y"),
        "wrong-type",
        /predicts a number.*"good" in row 0/,
      ],
      [
        "numbers with a text among them",
        [
          { y: 1, x: 1 },
          { y: 2, x: "ERR" },
          { y: 3, x: 4 },
        ],
        regression("y"),
        "wrong-type",
        /"x" has 2 numbers and 1 texts, the first "ERR" in row 1/,
      ],
      [
        "an infinite number",
        [{ y: 1, x: Number.POSITIVE_INFINITY }],
        regression("y"),
        "wrong-type",
        /Infinity in row 0/,
      ],
      ["a nested object", [{ y: 1, x: { a: 1 } }], regression("y"), "wrong-type", /an? (value of type object|array)/],
      [
        "the target among the features",
        [{ y: 1, x: 1 }],
        regression("y", { features: ["y"] }),
        "bad-request",
        /also a feature/,
      ],
      [
        "more rows than maxRows",
        [{ y: 1 }, { y: 2 }, { y: 3 }],
        regression("y", { maxRows: 2 }),
        "too-large",
        /3 rows, more than the 2/,
      ],
      [
        "more cells than the guard",
        [
          { y: 1, x: 1 },
          { y: 2, x: 2 },
        ],
        regression("y", { maxCells: 3 }),
        "too-large",
        /4 cells, more than 3/,
      ],
      [
        "a table of nothing but the target",
        [{ y: 1 }, { y: 2 }],
        regression("y"),
        "schema-mismatch",
        /no column to learn from/,
      ],
      [
        "a measured number as a class",
        Array.from({ length: 300 }, (_, i) => ({ y: i + 0.5, x: i })),
        { target: "y", task: "classification" },
        "wrong-type",
        /more than 256 different values/,
      ],
      [
        "a dangerous column name",
        [JSON.parse('{"y": 1, "__proto__": 5}') as Row],
        regression("y"),
        "bad-name",
        /__proto__/,
      ],
      [
        "a split by group without a group column",
        [{ y: 1, x: 1 }],
        regression("y", { split: "group" }),
        "bad-request",
        /groupColumn/,
      ],
      [
        "a target from the prototype",
        [{ y: 1, x: 1 }],
        regression("toString"),
        "schema-mismatch",
        /no column "toString"/,
      ],
    ];
    for (const [what, table, options, code, words] of cases)
      it(what, () => {
        const info = refusalOf(() => buildDataset(table as Table, options));
        assert.equal(info.code, code);
        assert.match(`${info.message} ${info.hint}`, words);
      });
  });
});
