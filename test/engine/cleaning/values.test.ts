import assert from "node:assert/strict";
import { sgg } from "ml-savitzky-golay-generalized";
import { cleanTable } from "../../../engine/cleaning/clean-table";
import { createCleaner } from "../../../engine/cleaning/create-cleaner";
import { polynomialWeights } from "../../../engine/cleaning/polynomial-weights";
import { readRules } from "../../../engine/cleaning/read-rules";
import type { Row, Scalar } from "../../../engine/contract/messages";
import { agree, assertAgree, readFixture, rule } from "./references";

type Cells = (number | null)[];
const machine = readFixture<{ timestamp: string[]; value: Cells }>("machine-temperature.json");
const rows: Row[] = machine.value.map((value, i) => ({ timestamp: machine.timestamp[i]!, value }));
const expected = readFixture<Record<string, Cells> & { press: { time: number[]; tbl_fill: Cells } }>("values.json");
const press: Row[] = expected.press.time.map((time, i) => ({ time, x: expected.press.tbl_fill[i] }));
const column = (table: readonly Row[], name: string) => table.map((row) => row[name]);
const marked = (table: readonly Row[], raw: Record<string, unknown>) =>
  cleanTable(table, rule(raw)).report.marks?.map(({ index }) => index) ?? [];

/** The values of a series that comes sample by sample, 1 s apart; "dropped" where one was. */
function stream(raw: Record<string, unknown>, series: readonly unknown[], times?: readonly number[]): unknown[] {
  const cleaner = createCleaner(rule({ property: "x", ...raw }));
  return series.map((x, i) => {
    const { samples } = cleaner.clean([{ id: "a", ts: times?.[i] ?? i * 1000, values: { x: x as Scalar } }]);
    return samples.length === 0 ? "dropped" : samples[0]!.values.x;
  });
}

describe("Savitzky-Golay", () => {
  for (const [window, degree] of [
    [5, 2],
    [11, 3],
    [25, 4],
    [5, 1],
  ]) {
    const reference = `savgol_filter(${window}, ${degree}) between gaps`;
    it(`in a table is scipy's ${reference}`, () => {
      const { rows: out } = cleanTable(rows, rule({ property: "value", smooth: "savitzky-golay", window, degree }));
      assertAgree(column(out, "value"), expected[reference]!, reference);
    });
  }

  it("has a window of 5 rows and degree 2 by default", () => {
    const { rows: out } = cleanTable(rows, rule({ property: "value", smooth: "savitzky-golay" }));
    assertAgree(column(out, "value"), expected["savgol_filter(5, 2) between gaps"]!, "default");
  });

  for (const [window, degree] of [
    [5, 2],
    [11, 3],
    [25, 4],
  ]) {
    const reference = `savgol_coeffs(${window}, ${degree}, pos=${window! - 1})`;
    it(`on a stream is ${reference}, solved exactly: it looks back only`, () =>
      assertAgree(
        stream({ smooth: "savitzky-golay", window, degree }, machine.value),
        expected[reference]!,
        reference,
      ));
  }

  it("the widest window and highest degree have the weights of exact fractions", () => {
    const reference = expected["savgol_coeffs(301, 5, pos=300)"] as number[];
    assertAgree([...polynomialWeights(301, 5)[300]!], reference, "weights");
  });

  it("the two are not the same", () =>
    assert.equal(agree(expected["savgol_filter(5, 2) between gaps"]!, expected["savgol_coeffs(5, 2, pos=4)"]!), false));

  it("the weights of every place are those of ml-savitzky-golay-generalized", () => {
    for (const [size, degree] of [
      [5, 2],
      [9, 3],
      [15, 5],
    ] as const)
      for (let i = 0; i < size; i++) {
        const impulse = new Float64Array(size);
        impulse[i] = 1;
        const response = sgg(impulse, 1, { windowSize: size, derivative: 0, polynomial: degree });
        assertAgree(
          polynomialWeights(size, degree).map((row) => row[i]!),
          [...response],
          `${size} ${degree} ${i}`,
        );
      }
  });

  it("many gaps cost no more than one series", () => {
    const table = Array.from({ length: 20_000 }, (_, i) => ({ x: i % 310 === 309 ? null : Math.sin(i / 50) }));
    const raw = { property: "x", smooth: "savitzky-golay", window: 301, degree: 5 };
    const { rows: out } = cleanTable(table, rule(raw));
    const alone = cleanTable(table.slice(310, 619), rule(raw)).rows;
    assertAgree(column(out.slice(310, 619), "x"), column(alone, "x"), "a run between two gaps");
  });

  it("gives a parabola back as it was, in either form", () => {
    const parabola = Array.from({ length: 30 }, (_, x) => 3 + 2 * x - x * x);
    const raw = { property: "x", smooth: "savitzky-golay", window: 7 };
    assertAgree(
      column(
        cleanTable(
          parabola.map((x) => ({ x })),
          rule(raw),
        ).rows,
        "x",
      ),
      parabola,
      "table",
    );
    assertAgree(stream(raw, parabola), parabola, "stream");
  });

  const faults: [Record<string, unknown>, string][] = [
    [{ window: 6 }, "rules[0].window is 6: savitzky-golay counts rows: use an odd number from 5 to 301."],
    [{ window: "5m" }, 'rules[0].window is "5m": savitzky-golay counts rows: use an odd number from 5 to 301.'],
    [{ window: 303 }, "rules[0].window is 303: savitzky-golay counts rows: use an odd number from 5 to 301."],
    [{ window: 3 }, "rules[0].window is 3: savitzky-golay counts rows: use an odd number from 5 to 301."],
    [{ degree: 5 }, "rules[0].degree is 5: use less than the window, which is 5."],
    [{ degree: 0 }, "rules[0].degree is 0: use a whole number from 1 to 5."],
    [{ degree: 2.5 }, "rules[0].degree is 2.5: use a whole number from 1 to 5."],
  ];
  for (const [raw, message] of faults)
    it(`${JSON.stringify(raw)} is refused`, () =>
      assert.throws(() => rule({ property: "x", smooth: "savitzky-golay", ...raw }), { code: "bad-setting", message }));
});

describe("a robust z-score", () => {
  it("marks what scipy's median_abs_deviation marks, and is the Hampel test", () => {
    for (const [window, reference] of [
      [undefined, "median_abs_deviation, k 3, whole column"],
      [25, "median_abs_deviation, k 3, 25 rows before"],
    ] as const) {
      const found = marked(rows, { property: "value", outlier: "zscore", robust: true, window });
      assert.deepEqual(found, expected[reference]);
      assert.deepEqual(found, marked(rows, { property: "value", outlier: "hampel", window }));
      assert.notDeepEqual(found, marked(rows, { property: "value", outlier: "zscore", window }));
    }
  });

  it("is not moved by the outliers themselves", () => {
    const table = [...new Array(17).fill(0).map((_, i) => i % 5), 900, 950, 990].map((x) => ({ x }));
    assert.deepEqual(marked(table, { property: "x", outlier: "zscore", robust: true }), [17, 18, 19]);
    assert.deepEqual(marked(table, { property: "x", outlier: "zscore" }), []);
  });
});

describe("an outlier that becomes missing", () => {
  it("is filled by the same rule, counted, and its value is kept in raw", () => {
    const raw = { property: "x", outlier: "hampel", window: 5, onOutlier: "missing", missing: "ffill" };
    const series = [1, 2, 1, 2, 1, 99, 2];
    assert.deepEqual(stream(raw, series), [1, 2, 1, 2, 1, 1, 2]);
    const cleaner = createCleaner(rule(raw));
    const { samples, report } = cleaner.clean(series.map((x, ts) => ({ id: "a", ts, values: { x } })));
    assert.deepEqual(samples[5], { id: "a", ts: 5, values: { x: 1 }, raw: { x: 99 }, quality: { x: "uncertain" } });
    assert.deepEqual(
      [report.properties.x!.removed, report.properties.x!.filled, report.properties.x!.marked],
      [1, 1, 0],
    );
  });

  it("is bad where nothing fills it", () => {
    const cleaner = createCleaner(rule({ property: "x", outlier: "hampel", window: 5, onOutlier: "missing" }));
    const { samples } = cleaner.clean([1, 2, 1, 2, 1, 99].map((x, ts) => ({ id: "a", ts, values: { x } })));
    assert.deepEqual(samples[5], { id: "a", ts: 5, values: { x: null }, raw: { x: 99 }, quality: { x: "bad" } });
  });
});

describe("stuck values", () => {
  it("are found on a real tablet press as pandas finds runs, by rows and by time, gaps in between", () => {
    assert.ok(expected["equal for more than 6 rows"]!.length > 20);
    assert.deepEqual(marked(press, { property: "x", stuck: 6 }), expected["equal for more than 6 rows"]);
    assert.deepEqual(marked(press, { property: "x", stuck: "2m" }), expected["equal for more than 2 min"]);
  });

  it("are marked, dropped or made missing", () => {
    const series = [1, 5, 5, null, 5, 5, 6];
    assert.deepEqual(stream({ stuck: 2 }, series), series);
    assert.deepEqual(stream({ stuck: 2, onStuck: "drop" }, series), [1, 5, 5, null, "dropped", "dropped", 6]);
    assert.deepEqual(stream({ stuck: 2, onStuck: "missing" }, series), [1, 5, 5, null, null, null, 6]);
    const cleaner = createCleaner(rule({ property: "x", stuck: "3s", onStuck: "drop" }));
    const { dropped } = cleaner.clean([0, 3000, 3001].map((ts) => ({ id: "a", ts, values: { x: 5 } })));
    assert.deepEqual(
      dropped.map(({ error }) => [error.index, error.code, error.message]),
      [[2, "stuck", "x has been 5 for 3.001 s."]],
    );
  });

  it("may be texts too", () =>
    assert.deepEqual(stream({ stuck: 1, onStuck: "drop" }, ["a", "a", "b"]), ["a", "dropped", "b"]));
});

describe("fast changes", () => {
  for (const rate of [0.01, 0.005])
    it(`above ${rate} per second are those of a plain loop in Python`, () => {
      const reference = expected[`changes by more than ${rate} per second`]!;
      assert.ok(reference.length > 5);
      assert.deepEqual(marked(rows, { property: "value", maxRate: rate }), reference);
    });

  it("a spike is found and the value after it is not; a lasting step is accepted in time", () => {
    assert.deepEqual(stream({ maxRate: 1, onRate: "missing" }, [5, 5, 50, 5, 5]), [5, 5, null, 5, 5]);
    assert.deepEqual(stream({ maxRate: 1, onRate: "missing" }, [5, 8, 8, 8, 8]), [5, null, null, 8, 8]);
    assert.deepEqual(stream({ maxRate: 1, onRate: "drop" }, [5, null, 6.5, 9]), [5, null, 6.5, "dropped"]);
  });

  it("a late value and one of the same time are not judged, and nothing is judged by them", () =>
    assert.deepEqual(
      stream({ maxRate: 1, onRate: "drop" }, [5, 90, 91, 6, 20], [10_000, 10_000, 9000, 11_000, 12_000]),
      [5, 90, 91, 6, "dropped"],
    ));

  it("say what changed by how much", () => {
    const { dropped } = cleanTable(
      [
        { time: 0, x: 1 },
        { time: 500, x: 4 },
      ],
      rule({ property: "x", maxRate: 2, onRate: "drop" }),
    );
    assert.deepEqual(
      dropped.map(({ error }) => [error.code, error.message]),
      [["too-fast", "x went from 1 to 4 in 0.5 s, more than 2 per second."]],
    );
  });

  it("need times in a table", () =>
    assert.throws(() => cleanTable([{ x: 1 }], rule({ property: "x", maxRate: 1 })), { code: "bad-time" }));
});

describe("categories", () => {
  const reference = readFixture<{ Type: (string | null)[]; codes: Cells; labels: string[] }>("categories.json");
  const table = reference.Type.map((Type) => ({ Type }));

  it("have the codes of pandas' factorize, in a table and on a stream, and the labels in the report", () => {
    const { rows: out, report } = cleanTable(table, rule({ property: "Type", convert: "category" }));
    assert.deepEqual(column(out, "Type"), reference.codes);
    assert.deepEqual(report.categories, { Type: reference.labels });
    const cleaner = createCleaner(rule({ property: "Type", convert: "category" }));
    reference.Type.forEach((Type, i) => {
      const { samples, report: one } = cleaner.clean([{ id: `twin-${i % 3}`, ts: i, values: { Type } }]);
      assert.equal(samples[0]!.values.Type, reference.codes[i], "the codes are the same for all twins");
      if (Type !== null) assert.equal(one.categories!.Type![samples[0]!.values.Type as number], Type);
    });
  });

  it("given beforehand stand, and another label is a wrong type", () => {
    const raw = { property: "Type", convert: "category", categories: "L, M" };
    const { rows: out, dropped, report } = cleanTable([{ Type: "M" }, { Type: " L " }, { Type: "H" }], rule(raw));
    assert.deepEqual(column(out, "Type"), [1, 0]);
    assert.deepEqual(report.categories, { Type: ["L", "M"] });
    assert.equal(dropped[0]!.error.message, 'Type is "H", which cannot be made a category.');
    const filled = cleanTable([{ Type: "" }], rule({ ...raw, missing: "constant", fill: "M" }));
    assert.deepEqual(filled.rows, [{ Type: 1 }]);
  });

  it("are at most 1,000, and codes given stay what they were", () => {
    const many = Array.from({ length: 1500 }, (_, i) => ({ x: `label ${i}` }));
    const {
      rows: out,
      dropped,
      report,
    } = cleanTable([...many, { x: "label 7" }], rule({ property: "x", convert: "category" }));
    assert.equal(report.categories!.x!.length, 1000);
    assert.deepEqual([out.length, dropped.length, out.at(-1)!.x], [1001, 500, 7]);
  });

  it("names of Object.prototype are labels as others", () => {
    const labels = ["__proto__", "constructor", "__proto__"];
    const { rows: out } = cleanTable(
      labels.map((x) => ({ x })),
      rule({ property: "x", convert: "category" }),
    );
    assert.deepEqual(column(out, "x"), [0, 1, 0]);
  });

  const faults: [Record<string, unknown>, RegExp][] = [
    [{ categories: ["a", "a"] }, /^rules\[0\]\.categories is "a": name each label once/],
    [{ categories: [""] }, /^rules\[0\]\.categories is "": name each label once, and none that is blank/],
    [{ categories: [{}] }, /use a list of labels such as/],
    [{ categories: Array.from({ length: 1001 }, (_, i) => i) }, /use 1000 labels or less/],
    [{ min: 1 }, /^rules\[0\]\.convert is "category": min and max needs numbers/],
    [{ missing: "constant", fill: "x" }, /^rules\[0\]\.fill is "x": use one of the labels in categories/],
  ];
  for (const [raw, message] of faults)
    it(`${JSON.stringify(raw).slice(0, 60)} is refused`, () =>
      assert.throws(() => rule({ property: "x", convert: "category", ...raw }), { code: "bad-setting", message }));
});

describe("bad input", () => {
  const everything: Record<string, unknown>[] = [
    { missing: "mean" },
    { missing: "median" },
    { missing: "linear" },
    { missing: "linear", by: "time" },
    { outlier: "zscore", onOutlier: "drop" },
    { outlier: "zscore", robust: true, onOutlier: "replace" },
    { outlier: "hampel", window: 5, onOutlier: "missing", missing: "ffill" },
    { outlier: "iqr", onOutlier: "drop" },
    { smooth: "mean" },
    { smooth: "ewma" },
    { smooth: "savitzky-golay" },
    { stuck: 3, maxRate: 1 },
    { fromUnit: "degC", toUnit: "K" },
    { convert: "integer", rounding: "truncate", deadband: 1 },
  ];
  const table = (cells: readonly unknown[]): Row[] => cells.map((x, i) => ({ time: i * 1000, x }));

  for (const raw of everything) {
    const rules = readRules([{ property: "x", ...raw }]);
    it(`${JSON.stringify(raw)}: a column of nothing stays as it is`, () => {
      const { rows: out, dropped } = cleanTable(table([null, "", " ", Number.NaN, undefined]), rules);
      assert.deepEqual([column(out, "x"), dropped], [[null, null, null, null, null], []]);
    });

    it(`${JSON.stringify(raw)}: a constant column and one row stay what they are`, () => {
      const is = raw.toUnit ? 278.15 : 5;
      for (const cells of [[5], new Array(20).fill(5)]) {
        const { rows: out, dropped } = cleanTable(table(cells), rules);
        assert.deepEqual([column(out, "x"), dropped], [cells.map(() => is), []]);
      }
    });

    it(`${JSON.stringify(raw)}: text among numbers and infinite values are dropped as wrong-type, and nothing is NaN`, () => {
      const { rows: out, dropped } = cleanTable(table([1, "hot", Number.POSITIVE_INFINITY, 2, "1e999", 3]), rules);
      assert.deepEqual(
        dropped.map(({ error }) => [error.index, error.code]),
        [
          [1, "wrong-type"],
          [2, "wrong-type"],
          [4, "wrong-type"],
        ],
      );
      assert.ok(column(out, "x").every(Number.isFinite));
      const asMissing = cleanTable(
        table([1, "hot", Number.NEGATIVE_INFINITY, 2]),
        readRules([{ property: "x", ...raw, onWrongType: "missing" }]),
      );
      assert.equal(asMissing.dropped.length, 0);
      assert.ok(column(asMissing.rows, "x").every((x) => x === null || Number.isFinite(x)));
    });
  }
});
