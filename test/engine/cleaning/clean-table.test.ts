import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanTable } from "../../../engine/cleaning/clean-table";
import { readRules } from "../../../engine/cleaning/read-rules";
import type { Row } from "../../../engine/contract/messages";
import { agree, assertAgree, readFixture, rule } from "./references";

type Cells = (number | null)[];
const machine = readFixture<Record<string, Cells> & { timestamp: string[] }>("machine-temperature.json");
const rows: Row[] = machine.value!.map((value, i) => ({ timestamp: machine.timestamp[i]!, value }));
const column = (table: readonly Row[], name: string) => table.map((row) => row[name]);

/** Rule -> column of the fixture that it must give, named by the call in pandas. */
const fills: [Record<string, unknown>, string][] = [
  [{ missing: "keep" }, "value"],
  [{ missing: "constant", fill: 20 }, "fillna(20)"],
  [{ missing: "constant", fill: "20" }, "fillna(20)"],
  [{ missing: "ffill" }, "ffill()"],
  [{ missing: "ffill", maxGap: 3 }, "ffill(limit=3)"],
  [{ missing: "ffill", maxGap: "15m" }, "ffill() where the last value is at most 15 min old"],
  [{ missing: "bfill" }, "bfill()"],
  [{ missing: "bfill", maxGap: "2" }, "bfill(limit=2)"],
  [{ missing: "mean" }, "fillna(mean())"],
  [{ missing: "median" }, "fillna(median())"],
  [{ missing: "linear" }, 'interpolate(limit_area="inside")'],
  [{ missing: "linear", maxGap: 3 }, 'interpolate(limit=3, limit_area="inside")'],
  [{ missing: "linear", by: "time" }, 'interpolate(method="time", limit_area="inside")'],
];

const smoothings: [Record<string, unknown>, string][] = [
  [{ smooth: "mean" }, "rolling(5, min_periods=1).mean()"],
  [{ smooth: "median", window: 5 }, "rolling(5, min_periods=1).median()"],
  [{ smooth: "mean", window: "30m" }, 'rolling("30min").mean()'],
  [{ smooth: "ewma", window: 5 }, "ewm(span=5, adjust=False, ignore_na=True).mean()"],
];

const outliers: [Record<string, unknown>, string][] = [
  [{ outlier: "zscore", window: 25 }, "zscore, k 3, 25 rows: shift(1).rolling(25, min_periods=5)"],
  [{ outlier: "hampel", window: 25 }, "hampel, k 3, 25 rows: shift(1).rolling(25, min_periods=5)"],
  [{ outlier: "iqr", window: 25 }, "iqr, k 1.5, 25 rows: shift(1).rolling(25, min_periods=5)"],
  [{ outlier: "zscore", window: "90m" }, 'zscore, k 3, 90 min: rolling("90min", closed="neither")'],
  [{ outlier: "zscore", k: 1.5 }, "zscore, k 1.5, whole column"],
  [{ outlier: "hampel" }, "hampel, k 3, whole column"],
  [{ outlier: "iqr" }, "iqr, k 1.5, whole column"],
];

describe("cleanTable", () => {
  describe("missing values, against pandas on a real temperature with gaps", () => {
    for (const [raw, reference] of fills)
      it(`${JSON.stringify(raw)} is ${reference}`, () => {
        const expected = machine[reference]!;
        const { rows: out, dropped, report } = cleanTable(rows, rule({ property: "value", ...raw }));
        assertAgree(column(out, "value"), expected, reference);
        assert.equal(dropped.length, 0);
        const missing = expected.filter((cell) => cell === null).length;
        assert.equal(report.properties.value!.stillMissing, missing);
        assert.equal(report.properties.value!.filled, machine.value!.filter((cell) => cell === null).length - missing);
        assert.equal(report.changed, report.properties.value!.filled);
        assert.deepEqual(column(out, "timestamp"), machine.timestamp, "extra columns are kept");
      });

    it("every reference tells the strategies apart", () => {
      const names = new Set(fills.map(([, reference]) => reference));
      for (const a of names) for (const b of names) assert.equal(agree(machine[a]!, machine[b]!), a === b, `${a} ${b}`);
    });

    it("drop leaves the rows of dropna() and hands on the others with the reason", () => {
      const { rows: out, dropped, report } = cleanTable(rows, rule({ property: "value", missing: "drop" }));
      assert.deepEqual(
        out,
        machine["dropna().index"]!.map((i) => rows[i!]),
      );
      assert.deepEqual(report.rows, { in: rows.length, out: out.length, dropped: dropped.length });
      assert.deepEqual(report.reasons, { missing: dropped.length });
      assert.deepEqual(dropped[0], {
        row: rows[0],
        error: {
          code: "missing",
          message: "value is missing.",
          hint: "Send a value, or have the rule fill it (constant, ffill, mean, ...) or keep the row.",
          property: "value",
          index: 0,
        },
      });
    });
  });

  describe("blank cells of real batches", () => {
    const batches = readFixture<{ rows: Row[] } & Record<string, Record<string, Cells>>>("tablet-batches.json");
    const columns = [
      "batch",
      "api_water",
      "tbl_min_weight",
      "tbl_max_weight",
      "tbl_av_hardness",
      "main_CompForce mean",
    ];

    for (const [missing, reference] of [
      ["mean", "fillna(mean())"],
      ["median", "fillna(median())"],
      ["ffill", "ffill()"],
    ] as const)
      it(`${missing} for * after to_numeric is ${reference}`, () => {
        const { rows: out, report } = cleanTable(batches.rows, rule({ property: "*", convert: "number", missing }));
        for (const name of columns) assertAgree(column(out, name), batches[reference]![name]!, name);
        assert.deepEqual(column(out, "start"), column(batches.rows, "start"), "text is no number and stays");
        assert.deepEqual(Object.keys(report.properties), columns);
        assert.deepEqual(Object.keys(out[5]!), Object.keys(batches.rows[5]!));
      });

    it("drop is dropna()", () => {
      const { rows: out } = cleanTable(batches.rows, rule({ property: "*", convert: "number", missing: "drop" }));
      const expected = (batches["dropna().index"] as unknown as number[]).map((i) => batches.rows[i]!.batch);
      assert.deepEqual(column(out, "batch").map(String), expected);
    });

    it("a blank counted as 0 would give another mean", () => {
      const zeros = batches.rows.map((row) => ({ ...row, api_water: Number(row.api_water) }));
      assert.ok(zeros.some((row) => row.api_water === 0));
      const { rows: out } = cleanTable(zeros, rule({ property: "api_water", missing: "mean" }));
      assert.equal(agree(column(out, "api_water"), batches["fillna(mean())"]!.api_water!), false);
    });

    it("every form of blank is missing, and leaves as null when it is kept", () => {
      const blanks = [null, undefined, Number.NaN, "", "   ", "\t"];
      const table = blanks.map((a) => ({ a, b: 1 }));
      const { rows: out, report } = cleanTable([...table, { b: 1 }], rule({ property: "a" }));
      assert.deepEqual(out, [...blanks.map(() => ({ a: null, b: 1 })), { b: 1 }]);
      assert.equal(report.properties.a!.stillMissing, 7);
      assert.equal(report.changed, 0);
      const filled = cleanTable([...table, { b: 1 }], rule({ property: "a", missing: "constant", fill: 20 })).rows;
      assert.deepEqual(column(filled, "a"), [20, 20, 20, 20, 20, 20, 20]);
    });
  });

  describe("smoothing, against pandas", () => {
    for (const [raw, reference] of smoothings)
      it(`${JSON.stringify(raw)} is ${reference}`, () => {
        const { rows: out } = cleanTable(rows, rule({ property: "value", ...raw }));
        assertAgree(column(out, "value"), machine[reference]!, reference);
      });

    it("a window centred on the row would give another result", () => {
      const ahead = cleanTable([...rows].reverse(), rule({ property: "value", smooth: "mean" })).rows.reverse();
      assert.equal(agree(column(ahead, "value"), machine[smoothings[0]![1]]!), false);
    });
  });

  describe("outliers, against pandas", () => {
    for (const [raw, reference] of outliers)
      it(`${JSON.stringify(raw)} marks ${reference}`, () => {
        const { rows: out, report } = cleanTable(rows, rule({ property: "value", ...raw }));
        assert.deepEqual(out, rows);
        assert.deepEqual(
          report.marks?.map((mark) => mark.index),
          machine[reference],
        );
        assert.equal(report.properties.value!.marked, machine[reference]!.length);
        assert.equal(report.marks?.[0]?.code, "outlier");
      });

    it("drops and replaces", () => {
      const values = [1, 2, 3, 2, 1, 2, 3, 100, 2].map((a) => ({ a }));
      const found = cleanTable(values, rule({ property: "a", outlier: "iqr", onOutlier: "drop" }));
      assert.deepEqual(
        found.dropped.map(({ error }) => [error.index, error.code, error.message]),
        [[7, "outlier", "a is 100, outside 0.5 to 4.5 (iqr, k 1.5)."]],
      );
      const replaced = cleanTable(values, rule({ property: "a", outlier: "hampel", onOutlier: "replace" }));
      assert.deepEqual(column(replaced.rows, "a"), [1, 2, 3, 2, 1, 2, 3, 2, 2]);
      assert.equal(replaced.report.properties.a!.replaced, 1);
      assert.equal(replaced.report.changed, 1);
    });

    it("a spike in a flat line is one, an equal value is none", () => {
      const values = [...new Array(20).fill(0.1), 0.2, 0.1].map((a) => ({ a }));
      for (const outlier of ["hampel", "zscore", "iqr"])
        assert.deepEqual(
          cleanTable(values, rule({ property: "a", outlier, window: 10 })).report.marks?.map((mark) => mark.index),
          [20],
          outlier,
        );
    });
  });

  describe("range", () => {
    const values = [{ t: -5 }, { t: 0 }, { t: 50 }, { t: 100 }, { t: 101.5 }, { t: null }];
    const limits = { property: "t", min: 0, max: 100 };

    it("marks by default and changes nothing", () => {
      const { rows: out, report } = cleanTable(values, rule(limits));
      assert.deepEqual(out, values);
      assert.deepEqual(report.marks, [
        { index: 0, property: "t", code: "out-of-range" },
        { index: 4, property: "t", code: "out-of-range" },
      ]);
      assert.equal(report.changed, 0);
    });

    it("clamps", () => {
      const { rows: out, report } = cleanTable(values, rule({ ...limits, onRange: "clamp" }));
      assert.deepEqual(column(out, "t"), [0, 0, 50, 100, 100, null]);
      assert.deepEqual([report.properties.t!.clamped, report.changed], [2, 2]);
    });

    it("drops with a reason that names the value and the limit", () => {
      const { rows: out, dropped } = cleanTable(values, rule({ ...limits, onRange: "drop" }));
      assert.deepEqual(column(out, "t"), [0, 50, 100, null]);
      assert.deepEqual(
        dropped.map(({ row, error }) => [row, error.index, error.message]),
        [
          [{ t: -5 }, 0, "t is -5, below 0."],
          [{ t: 101.5 }, 4, "t is 101.5, above 100."],
        ],
      );
    });

    it("text that is a number is checked as one", () => {
      const { rows: out, report } = cleanTable([{ t: "999" }], rule({ ...limits, onRange: "clamp" }));
      assert.deepEqual(out, [{ t: 100 }]);
      assert.deepEqual([report.properties.t!.converted, report.properties.t!.clamped, report.changed], [1, 1, 1]);
    });

    it("whole numbers are clamped to whole numbers", () => {
      const { rows: out } = cleanTable(
        [{ t: 3.4 }, { t: -2 }],
        rule({ property: "t", convert: "integer", min: 0.5, max: 2.5, onRange: "clamp" }),
      );
      assert.deepEqual(column(out, "t"), [2, 1]);
    });
  });

  describe("duplicates", () => {
    const press = readFixture<{ rows: Row[] } & Record<string, number[]>>("press-duplicates.json");

    it("drops those of drop_duplicates() and says so", () => {
      const { rows: out, dropped, report } = cleanTable(press.rows, [], { duplicates: "all" });
      const kept = press["drop_duplicates().index"]!;
      assert.deepEqual(
        out,
        kept.map((i) => press.rows[i]),
      );
      assert.equal(dropped.length, press.rows.length - kept.length);
      assert.ok(dropped.every(({ error }) => error.code === "duplicate"));
      assert.deepEqual(report.reasons, { duplicate: dropped.length });
    });

    it("is off by default", () => assert.deepEqual(cleanTable(press.rows, []).rows, press.rows));

    it("knows 1 from text and true, and blank from zero, but not one blank from another", () => {
      const values = [1, "1", true, "true", 0, null, "", undefined, 1];
      const { rows: out } = cleanTable(
        values.map((a) => ({ a })),
        [],
        { duplicates: "all" },
      );
      assert.deepEqual(column(out, "a"), [1, "1", true, "true", 0, null]);
    });

    it("the order of keys does not matter, and a value that is no text is the same as none", () => {
      const loop: Row = {};
      loop.self = loop;
      const { rows: out } = cleanTable([{ a: 1, b: "x,b:" }, { b: "x,b:", a: 1 }, loop, loop], [], {
        duplicates: "all",
      });
      assert.equal(out.length, 3);
    });
  });

  describe("rules one after another", () => {
    it("a cell is missing once, and not at all when a later rule fills it", () => {
      const keep = { property: "*", convert: "number" };
      const fill = { property: "a", missing: "constant", fill: 1 };
      const of = (...rules: unknown[]) => cleanTable([{ a: 2 }, { a: null }], readRules(rules)).report.properties.a!;
      assert.deepEqual([of(keep, fill).stillMissing, of(keep, fill).filled], [0, 1]);
      assert.equal(of(keep, keep).stillMissing, 1);
    });
    it("a dropped row is not seen by the next rule, and what was done to it is not counted", () => {
      const table = [
        { a: "1", b: null },
        { a: "3", b: 1 },
        { a: null, b: 2 },
      ];
      const { rows: out, report } = cleanTable(
        table,
        readRules([
          { property: "a", convert: "number" },
          { property: "b", missing: "drop" },
          { property: "a", missing: "mean" },
        ]),
      );
      assert.deepEqual(out, [
        { a: 3, b: 1 },
        { a: 3, b: 2 },
      ]);
      assert.equal(report.properties.a!.converted, 1);
      assert.equal(report.properties.a!.filled, 1);
      assert.equal(report.properties.b!.dropped, 1);
      assert.equal(report.changed, 2);
    });

    it("the textbook case: a missing temperature is filled with 20, humidity made a whole number", () => {
      const rules = readRules([
        { property: "temperature", missing: "constant", fill: 20 },
        { property: "humidity", convert: "integer" },
      ]);
      const { rows: out, report } = cleanTable([{ humidity: "45.7" }, { temperature: "", humidity: 45 }], rules);
      assert.deepEqual(out, [
        { humidity: 46, temperature: 20 },
        { temperature: 20, humidity: 45 },
      ]);
      assert.equal(report.properties.temperature!.filled, 2);
      assert.equal(report.properties.humidity!.converted, 1);
      assert.equal(report.changed, 3);
    });
  });

  describe("several twins in one table", () => {
    const table = [
      { time: 0, id: "a", x: 1 },
      { time: 0, id: "b", x: null },
      { time: 1, id: "a", x: null },
      { time: 1, id: "b", x: 9 },
    ];

    it("rows as twin-query gives them are carried per twin", () => {
      assert.deepEqual(column(cleanTable(table, rule({ property: "x", missing: "ffill" })).rows, "x"), [1, null, 1, 9]);
    });

    it("a column of row numbers is no column of twins", () => {
      const numbered = table.map((row, i) => ({ ...row, id: `r${i}` }));
      const { rows: out } = cleanTable(numbered, rule({ property: "x", missing: "ffill" }));
      assert.deepEqual(column(out, "x"), [1, 1, 1, 9]);
    });

    it("any column can say whose a row is", () => {
      const shifts = table.map(({ id, x }) => ({ shift: id, x }));
      const { rows: out } = cleanTable(shifts, rule({ property: "x", missing: "mean" }), { groupBy: "shift" });
      assert.deepEqual(column(out, "x"), [1, 9, 1, 9]);
    });

    it("* leaves times and twin ids alone", () => {
      const { rows: out } = cleanTable(table, rule({ property: "*", smooth: "mean" }));
      assert.deepEqual(column(out, "time"), [0, 0, 1, 1]);
    });
  });

  describe("what is out of the ordinary", () => {
    it("a rule by time on a table without times is refused", () => {
      assert.throws(() => cleanTable([{ a: 1 }], rule({ property: "a", missing: "ffill", maxGap: "5m" })), {
        name: "Refusal",
        code: "bad-time",
        message: "A rule goes by time, and the table has no column time, ts, timestamp, datetime or date.",
      });
      assert.throws(
        () => cleanTable([{ date: "nov.18", a: 1 }], rule({ property: "a", missing: "linear", by: "time" })),
        { code: "bad-time", message: /column "date" holds no times: its first cell is "nov.18"/ },
      );
    });

    it("an empty table, a column of nothing, one that is not there", () => {
      assert.deepEqual(cleanTable([], rule({ property: "a", missing: "mean" })).rows, []);
      for (const missing of ["mean", "median", "ffill", "bfill", "linear"]) {
        const { rows: out, report } = cleanTable([{ b: 1 }, { a: "", b: 2 }], rule({ property: "a", missing }));
        assert.deepEqual(out, [{ b: 1 }, { a: null, b: 2 }]);
        assert.equal(report.properties.a!.stillMissing, 2);
      }
    });

    it("Infinity is no number, and no average becomes one", () => {
      const { dropped } = cleanTable([{ a: Number.POSITIVE_INFINITY }], rule({ property: "*", missing: "mean" }));
      assert.equal(dropped[0]!.error.code, "wrong-type");
      const huge = [{ a: 1.7e308 }, { a: -1.7e308 }, { a: null }];
      const { rows: out, report } = cleanTable(huge, rule({ property: "a", missing: "mean" }));
      assert.ok(out.every((row) => row.a === null || Number.isFinite(row.a)));
      assert.equal(report.properties.a!.stillMissing + report.properties.a!.filled, 1);
    });

    it("text among numbers: a rule for * passes it over, a rule for the column refuses it", () => {
      const table = [{ a: 1 }, { a: "ERR" }, { a: null }];
      const star = cleanTable(table, rule({ property: "*", missing: "ffill" }));
      assert.deepEqual(column(star.rows, "a"), [1, "ERR", 1]);
      assert.equal(star.report.properties.a!.passedOver, 1);
      const named = cleanTable(table, rule({ property: "a", convert: "number" }));
      assert.equal(named.dropped[0]!.error.message, 'a is "ERR", which cannot be made a number.');
    });

    it("rows that are no rows are dropped, names of Object.prototype are ordinary", () => {
      const table = [5, null, ["x"], { toString: 1 }, {}] as unknown as Row[];
      const { rows: out, dropped } = cleanTable(table, rule({ property: "toString", missing: "constant", fill: 7 }));
      assert.deepEqual(out, [{ toString: 1 }, { toString: 7 }]);
      assert.deepEqual(
        dropped.map(({ row, error }) => [row, error.message]),
        [
          [5, "Row 0 is 5."],
          [null, "Row 1 is null."],
          [["x"], "Row 2 is an array of 1."],
        ],
      );
    });

    it("__proto__ as a column is never written to", () => {
      const row = JSON.parse('{"__proto__": null, "a": null}') as Row;
      const { rows: out } = cleanTable([row], rule({ property: "*", missing: "constant", fill: 1 }));
      assert.equal(out[0]!.a, 1);
      assert.equal(Object.getPrototypeOf(out[0]), Object.prototype);
    });
  });

  describe("always", () => {
    const cell = fc.oneof(
      fc.double({ noDefaultInfinity: true }),
      fc.integer({ min: -20, max: 20 }),
      fc.constantFrom(null, undefined, "", "  ", "12.5", "n/a", -999, true),
    );
    const table = fc.array(
      fc.record(
        { a: cell, b: cell, note: fc.string().map((text) => `n${text}`) },
        { requiredKeys: ["note"], noNullPrototype: true },
      ),
      {
        maxLength: 30,
        size: "max",
      },
    );
    const rules = fc
      .record({
        property: fc.constantFrom("a", "b", "*"),
        convert: fc.constantFrom("none", "number", "integer"),
        onWrongType: fc.constantFrom("drop", "missing"),
        sentinels: fc.constantFrom([], [-999]),
        min: fc.constantFrom(undefined, -10),
        onRange: fc.constantFrom("mark", "drop", "clamp"),
        missing: fc.constantFrom("keep", "drop", "constant", "ffill", "bfill", "mean", "median", "linear"),
        fill: fc.constant(3),
        maxGap: fc.constantFrom(undefined, 2),
        outlier: fc.constantFrom("none", "hampel", "zscore", "iqr"),
        window: fc.constantFrom(undefined, 4),
        onOutlier: fc.constantFrom("mark", "drop", "replace"),
        smooth: fc.constantFrom("none", "mean", "median", "ewma"),
        deadband: fc.constantFrom(0, 0.5),
      })
      .map((raw) => raw as Record<string, unknown>);

    it("rows in = out + dropped, in order; nothing is NaN; what came in is untouched; every change is counted", () => {
      fc.assert(
        fc.property(table, fc.array(rules, { maxLength: 3 }), fc.boolean(), (rows, raw, dropDuplicates) => {
          const before = structuredClone(rows);
          const {
            rows: out,
            dropped,
            report,
          } = cleanTable(rows, readRules(raw), { duplicates: dropDuplicates ? "all" : "none" });
          assert.deepEqual(rows, before);
          assert.equal(out.length + dropped.length, rows.length);
          assert.deepEqual(report.rows, { in: rows.length, out: out.length, dropped: dropped.length });
          for (const { row, error } of dropped) assert.equal(row, rows[error.index!]);
          const gone = new Set(dropped.map(({ error }) => error.index));
          const left = rows.filter((_, i) => !gone.has(i));
          let changed = 0;
          out.forEach((row, i) => {
            assert.equal(row.note, left[i]!.note);
            for (const name of ["a", "b"]) {
              const touched = Object.hasOwn(report.properties, name);
              if (touched) assert.ok(!Number.isNaN(row[name]), "NaN came out");
              const was = left[i]![name as "a"];
              const wasMissing = was === null || was === undefined || Number.isNaN(was) || String(was).trim() === "";
              const same = wasMissing
                ? row[name] === null || row[name] === was || (Number.isNaN(was) && Number.isNaN(row[name]))
                : Object.is(was, row[name]);
              if (!same) changed++;
            }
          });
          assert.equal(report.changed, changed);
        }),
        { numRuns: 1500 },
      );
    });
  });
});
