import assert from "node:assert/strict";
import { describeTable } from "../../../engine/statistics/describe-table";
import { buffersOf } from "../../../engine/statistics/statistics-table";
import { rowsOf, tableBuilder } from "../../../engine/statistics/table-builder";
import { refusalOf } from "../learning/references";
import { tableOf } from "./references";

describe("a table made ready for statistics", () => {
  it("takes numbers, texts that are numbers and blanks as what they are, whichever row has a column first", () => {
    const { columns, skipped, rows } = tableOf([
      { a: 1, name: "x" },
      { a: " 2.5 ", b: 7, name: "y" },
      { a: "", b: null, c: true, name: "z" },
      { a: Number.NaN, b: "8", name: 5 },
    ]);
    assert.equal(rows, 4);
    assert.deepEqual(
      columns.map(({ name, values }) => [name, ...values]),
      [
        ["a", 1, 2.5, Number.NaN, Number.NaN],
        ["b", Number.NaN, 7, Number.NaN, 8],
      ],
    );
    assert.deepEqual(skipped, ["name", "c"]);
  });

  it("counts texts among numbers and infinite numbers as missing, and says so", () => {
    const table = tableOf([{ a: 1 }, { a: 2 }, { a: "n/a" }, { a: Number.POSITIVE_INFINITY }, { a: 3 }, { a: {} }]);
    const { columns, warnings } = describeTable(table);
    const { count, missing, texts, infinite } = columns.a!;
    assert.deepEqual({ count, missing, texts, infinite }, { count: 3, missing: 3, texts: 2, infinite: 1 });
    assert.deepEqual(warnings, [
      'a: 2 cells with a text count as missing, the first "n/a" in row 2.',
      "a: 1 cells with an infinite number count as missing.",
    ]);
  });

  it("describes a column without a single value as such", () => {
    const { columns, correlation } = describeTable(
      tableOf([
        { a: null, b: 1 },
        { a: " ", b: 2 },
      ]),
    );
    const { count, missing, ...rest } = columns.a!;
    assert.deepEqual([count, missing], [0, 2]);
    assert.ok(Object.values(rest).every((value) => value === null));
    assert.equal(correlation!.matrix[0]![0], null);
  });

  it("takes listed columns only, true as 1, and keeps their order", () => {
    const { columns } = tableOf([{ a: 1, b: 2, c: true }], { columns: ["c", "a", "c"] });
    assert.deepEqual(
      columns.map(({ name, values }) => [name, values[0]]),
      [
        ["c", 1],
        ["a", 1],
      ],
    );
  });

  it("numbers groups in order, null last, and leaves the grouping column out", () => {
    const rows = [
      { by: "b", x: 1 },
      { by: 10, x: 2 },
      { by: " ", x: 3 },
      { by: "2", x: 4 },
      { by: true, x: 5 },
      { x: 6 },
    ];
    const { columns, group } = tableOf(rows, { by: "by" });
    assert.deepEqual(
      columns.map(({ name }) => name),
      ["x"],
    );
    assert.deepEqual(
      [group!.labels, [...group!.codes]],
      [
        [2, 10, true, "b", null],
        [3, 1, 4, 0, 2, 4],
      ],
    );
    const { groups } = describeTable(tableOf(rows, { by: "by" }));
    assert.deepEqual(
      groups!.map(({ group: label, columns: { x } }) => [label, x!.mean]),
      [
        [2, 4],
        [10, 2],
        [true, 5],
        ["b", 1],
        [null, 4.5],
      ],
    );
  });

  it("takes twin and time of a batch", () => {
    const ids = ["p1", "p2", "p1"];
    const source = {
      ...rowsOf([{ x: 1 }, { x: 2 }, { x: 3 }]),
      id: (i: number) => ids[i]!,
      time: (i: number) => 1000 * i,
    };
    const table = tableBuilder(source, { by: "id" }).finish();
    assert.deepEqual(
      [table.group!.labels, [...table.time!]],
      [
        ["p1", "p2"],
        [0, 1000, 2000],
      ],
    );
    assert.equal(buffersOf(table).length, 3);
  });

  it("is made in steps that give the same table", () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ a: i, ...(i > 50 ? { b: -i } : {}) }));
    const builder = tableBuilder(rowsOf(rows));
    let steps = 0;
    while (!builder.step(20)) steps++;
    assert.ok(steps > 10 && builder.share === 1);
    assert.deepEqual(builder.finish(), tableOf(rows));
  });

  const bad: [string, unknown[], Parameters<typeof tableOf>[1], string, RegExp][] = [
    ["no rows", [], {}, "too-few-rows", /no rows/],
    ["a row that is no object", [{ a: 1 }, 7], {}, "bad-payload", /Row 1 is 7/],
    ["no column of numbers", [{ a: "x" }, { a: "y" }], {}, "wrong-type", /"a"/],
    ["rows without columns", [{}, {}], {}, "wrong-type", /no columns/],
    ["a listed column of texts", [{ a: "x", b: 1 }], { columns: ["a"] }, "wrong-type", /"a" has 1 texts/],
    ["a listed column that is not there", [{ a: 1 }], { columns: ["b"] }, "schema-mismatch", /no column "b"/],
    ["a grouping column that is not there", [{ a: 1 }], { by: "b" }, "schema-mismatch", /by is "b"/],
    ["too many groups", Array.from({ length: 1001 }, (_, i) => ({ a: 1, g: i })), { by: "g" }, "too-large", /1000/],
    ["a group that is an object", [{ a: 1, g: {} }], { by: "g" }, "wrong-type", /row 0/],
    ["more cells than allowed", [{ a: 1, b: 2, c: 3 }, {}], { maxCells: 5 }, "too-large", /5 cells/],
    ["more rows than allowed", [{ a: 1 }, {}], { maxRows: 1 }, "too-large", /maxRows/],
    ["a name with control characters", [{ "a\n": 1 }], {}, "bad-name", /cannot be/],
    ["a name that would change objects", [JSON.parse('{"__proto__": 1}')], {}, "bad-name", /__proto__/],
  ];
  for (const [what, rows, options, code, message] of bad)
    it(`refuses ${what}`, () => {
      const info = refusalOf(() => tableOf(rows, options));
      assert.equal(info.code, code);
      assert.match(info.message, message);
      assert.ok(info.hint.length > 10);
    });

  it("refuses a million columns before it takes memory for them", () => {
    const names = Array.from({ length: 1e6 }, (_, i) => `c${i}`);
    const row = Object.fromEntries(names.map((name) => [name, 1]));
    assert.equal(refusalOf(() => tableOf([row])).code, "too-large");
  });

  it("refuses more columns than a correlation has room for, and describes them without one", () => {
    const row = Object.fromEntries(Array.from({ length: 301 }, (_, i) => [`c${i}`, i]));
    assert.match(refusalOf(() => describeTable(tableOf([row]))).hint, /method to none/);
    const { columns, correlation } = describeTable(tableOf([row]), { method: "none" });
    assert.deepEqual([Object.keys(columns).length, correlation], [301, null]);
  });

  it("refuses groups whose answer would be too long", () => {
    const rows = Array.from({ length: 900 }, (_, i) => ({
      g: i,
      ...Object.fromEntries(Array.from({ length: 40 }, (__, c) => [`c${c}`, i])),
    }));
    assert.equal(refusalOf(() => describeTable(tableOf(rows, { by: "g" }))).code, "too-large");
  });
});
