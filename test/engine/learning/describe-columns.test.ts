import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { type ColumnType, describeColumns, maxDescribed } from "../../../engine/learning/describe-columns";
import { correlationRatio, cramersV } from "../../../engine/statistics/association";
import { assertDigits, readCsv, readFixture, refusalOf } from "./references";

interface Reference {
  table: string;
  target: string;
  classes: boolean;
  columns: Record<string, { "isna().mean()": number; "nunique()": number; relation: [string, number] | null }>;
}

const typesOf = (rows: Table): Record<string, ColumnType> =>
  Object.fromEntries(describeColumns(rows).columns.map(({ name, type }) => [name, type]));
const repeat = (n: number, row: (i: number) => Record<string, unknown>): Table =>
  Array.from({ length: n }, (_, i) => row(i));

describe("the columns of a table, described for who chooses features", () => {
  for (const { table, target, classes, columns } of readFixture<{ tables: Reference[] }>("columns.json").tables)
    it(`of ${table} for ${target} have pandas' and scipy's missing shares, counts and coefficients`, () => {
      const described = describeColumns(readCsv(table), target);
      assert.equal(described.algorithm, classes ? "forest-classifier" : "forest-regressor");
      assert.deepEqual(
        described.columns.map(({ name }) => name),
        Object.keys(columns),
      );
      const methods = { "DataFrame.corr": "pearson", f_oneway: "eta", "association(cramer)": "cramers-v" } as const;
      let compared = 0;
      for (const { name, missing, distinct, relation } of described.columns) {
        const expected = columns[name]!;
        assert.equal(missing.toFixed(12), expected["isna().mean()"].toFixed(12), name);
        assert.equal(distinct, expected["nunique()"], name);
        if (!relation) continue;
        const [how, value] = expected.relation!;
        assert.equal(relation.method, methods[how as keyof typeof methods], name);
        assertDigits(relation.value, value, 9, name);
        compared++;
      }
      assert.ok(compared >= 12, `${compared}`);
    });

  it("are told apart by what they hold", () => {
    const words = ["red", "green", "blue"];
    const types = typesOf(
      repeat(60, (i) => ({
        measured: 20 + ((i * 37) % 11) / 10,
        whole: (i * 7) % 13,
        asText: `${i % 9}.5`,
        flag: i % 3 === 0,
        colour: words[i % 3],
        serial: `B-${1000 + i}`,
        running: 500 + 3 * i,
        shuffled: ((i * 7) % 60) + 1,
        time: 1_700_000_000_000 + i * 1000,
        clock: `2026-11-30 06:${10 + (i % 50)}:00`,
        day: new Date(1_700_000_000_000 + i * 86_400_000),
        note: `about ${i % 40}`,
        same: 4,
        nothing: i % 2 ? "" : "  ",
        wrong: i === 7 ? "n/a" : i,
        object: i === 7 ? { a: 1 } : i,
      })),
    );
    assert.deepEqual(types, {
      ...{ measured: "number", whole: "number", asText: "number", flag: "category", colour: "category", serial: "id" },
      ...{ running: "id", shuffled: "id", time: "time", clock: "time", day: "time", note: "text" },
      ...{ same: "constant", nothing: "empty", wrong: "mixed", object: "mixed" },
    });
  });

  it("of few rows are not taken for ids because they count up by chance", () => {
    assert.deepEqual(typesOf(repeat(5, (i) => ({ step: i, name: `n${i}` }))), { step: "number", name: "category" });
  });

  it("suggest numbers and categories that half of the rows have, and never the target, an id, a time or a constant", () => {
    const rows = repeat(60, (i) => ({
      ...{ y: (i * 7) % 11, force: (i * 5) % 17, code: i % 2 ? "a" : "b", id: i, at: `2026-01-${10 + (i % 20)}` },
      ...{ rare: i % 3 === 0 ? (i * 7) % 5 : null, same: 1 },
    }));
    const suggested = describeColumns(rows, "y").columns.filter((one) => one.suggested);
    assert.deepEqual(
      suggested.map(({ name }) => name),
      ["force", "code"],
    );
  });

  it("that know the answer are not suggested: the kinds of failure in the AI4I table, and what follows a measured target", () => {
    const told = (rows: Table, target: string) =>
      describeColumns(rows, target)
        .columns.filter(({ tells }) => tells)
        .map(({ name, suggested }) => `${name} ${suggested}`);
    const kinds = ["TWF", "HDF", "PWF", "OSF"].map((name) => `${name} false`);
    assert.deepEqual(told(readCsv("ai4i2020.csv"), "Machine failure"), kinds);
    const rows = repeat(60, (i) => ({
      force: ((i * 7) % 11) / 3,
      newton: i === 5 ? "" : ((i * 7) % 11) * 333,
      speed: (i * 5) % 13,
    }));
    assert.deepEqual(told(rows, "force"), ["newton false"]);
    assert.deepEqual(
      told(
        rows.map((row, i) => (i % 9 === 0 ? { ...row, force: null } : row)),
        "force",
      ),
      ["newton false"],
    );
  });

  it("suggest a way to learn the target's type; none for a text, a time, a constant, or no target", () => {
    const rows = repeat(40, (i) => ({
      size: (i * 7) % 11,
      ok: i % 2,
      verdict: i % 3 ? "good" : "poor",
      id: i,
      same: 1,
    }));
    const algorithm = (target?: string) => describeColumns(rows, target).algorithm;
    assert.deepEqual(["size", "ok", "verdict"].map(algorithm), [
      "forest-regressor",
      "forest-classifier",
      "forest-classifier",
    ]);
    for (const target of ["id", "same", "gone", "", undefined]) {
      assert.equal(algorithm(target), undefined, target);
      assert.ok(describeColumns(rows, target).columns.every(({ relation }) => !relation));
    }
  });

  it("have no coefficient where one of the two never changes among the rows that have both", () => {
    const nan = Number.NaN;
    assert.equal(correlationRatio(Float64Array.of(1, 2, nan), Int32Array.of(0, 0, 1), 2), nan);
    assert.equal(correlationRatio(Float64Array.of(3, 3, 3), Int32Array.of(0, 1, 1), 2), nan);
    assert.equal(cramersV(Int32Array.of(0, 1, -1), Int32Array.of(1, 1, 0)), nan);
    assert.equal(correlationRatio(Float64Array.of(1, 1, 5, 5), Int32Array.of(1, 1, 0, 0), 2), 1);
    assert.equal(cramersV(Int32Array.of(0, 1, 2, 0), Int32Array.of(2, 1, 0, 2)), 1);
  });

  it("are refused where there are no rows, no objects, or more columns than anybody looks through", () => {
    assert.equal(refusalOf(() => describeColumns([])).code, "too-few-rows");
    assert.equal(refusalOf(() => describeColumns([1] as unknown as Table)).code, "bad-payload");
    const wide = Object.fromEntries(Array.from({ length: maxDescribed + 1 }, (_, i) => [`c${i}`, i]));
    assert.equal(refusalOf(() => describeColumns([wide])).code, "too-large");
    assert.deepEqual(
      describeColumns([JSON.parse('{"__proto__": 1, "valueOf": 2}')]).columns.map(({ name }) => name),
      ["valueOf"],
    );
  });
});
