import assert from "node:assert/strict";
import { cleanTable, type TableOptions } from "../../../engine/cleaning/clean-table";
import { readRowOptions } from "../../../engine/cleaning/read-row-options";
import { readRules } from "../../../engine/cleaning/read-rules";
import type { Refusal } from "../../../engine/contract/errors";
import type { Row } from "../../../engine/contract/messages";
import { assertAgree, readFixture } from "./references";

interface Rows {
  time: number[];
  value: (number | null)[];
  mixed: { time: (number | null)[]; value: (number | null)[] };
  [reference: string]: unknown;
}
const reference = readFixture<Rows>("rows.json");
const table: Row[] = reference.time.map((time, i) => ({ time, value: reference.value[i] ?? null }));
const mixed: Row[] = reference.mixed.time.map((time, i) => ({ time, value: reference.mixed.value[i] ?? null }));

const clean = (rows: Row[], settings: Record<string, unknown>, more: TableOptions = {}, rules: unknown[] = []) =>
  cleanTable(rows, readRules(rules), { ...readRowOptions(settings), ...more });
const column = (rows: Row[], name: string) => rows.map((row) => row[name]);
const codesOf = (dropped: { error: { code: string; index?: number } }[]) =>
  dropped.map(({ error }) => [error.code, error.index]);
const refusal = (act: () => unknown): Refusal => {
  try {
    act();
  } catch (error) {
    return error as Refusal;
  }
  throw new Error("nothing was refused");
};

describe("rows of a table", () => {
  describe("agree with pandas", () => {
    const grids: [string, Record<string, unknown>][] = [
      ["resample(10min).mean()", { resample: "10m" }],
      ["resample(1h).mean()", { resample: "1h", resampleMethod: "mean", resampleGap: "1s" }],
      ["resample(10min).last().ffill()", { resample: "10m", resampleMethod: "last" }],
      ["resample(1h).last().ffill()", { resample: "1h", resampleMethod: "last" }],
      [
        "resample(10min).last().ffill() where at most 20 min old",
        { resample: "10m", resampleMethod: "last", resampleGap: "20m" },
      ],
      ["interpolate(time) on 2 min", { resample: "2m", resampleMethod: "linear" }],
      [
        "interpolate(time) on 2 min, between samples at most 10 min apart",
        { resample: "2m", resampleMethod: "linear", resampleGap: "10m" },
      ],
    ];
    for (const [name, settings] of grids)
      it(name, () => {
        const expected = reference[name] as { time: number[]; value: (number | null)[] };
        const { rows, report } = clean(table, settings);
        assert.deepEqual(column(rows, "time"), expected.time);
        assertAgree(column(rows, "value"), expected.value, name);
        assert.equal(report.rows.out, expected.time.length);
        assert.equal(report.grid!.missing, expected.value.filter((cell) => cell === null).length);
        // The order of the rows does not matter to a grid.
        assertAgree(column(clean(table.toReversed(), settings).rows, "value"), expected.value, name);
      });

    const features: [string, Record<string, unknown>][] = [
      ["shift(1)", { kind: "lag" }],
      ["shift(3)", { kind: "lag", lag: 3 }],
      ["diff(1)", { kind: "difference" }],
      ["diff(4)", { kind: "difference", lag: 4 }],
      ...["mean", "sd", "min", "max", "median"].flatMap((name): [string, Record<string, unknown>][] =>
        [7, "30m"].map((window) => [
          `rolling(${window === 7 ? 7 : "30min"}, min_periods=1).${name === "sd" ? "std" : name}()`,
          { kind: `rolling-${name}`, window },
        ]),
      ),
    ];
    for (const [name, feature] of features)
      it(name, () => {
        const { rows } = clean(table, { features: [{ property: "value", name: "f", ...feature }] });
        assertAgree(column(rows, "f"), reference[name] as unknown[], name);
        assert.deepEqual(Object.keys(rows[0]!), ["time", "value", "f"]);
      });

    it("order and duplicates", () => {
      const places = (settings: Record<string, unknown>) => clean(mixed, settings).from;
      assert.deepEqual(places({ order: "sort" }), reference['sort_values("time", kind="stable").index']);
      assert.deepEqual(places({ order: "drop" }), reference["cummax: rows not older than one before"]);
      const untimed = mixed.flatMap((row, i) => (row.time === null ? [i] : []));
      for (const keep of ["first", "last"]) {
        assert.deepEqual(
          places({ duplicates: "all", keep }),
          reference[`drop_duplicates(keep="${keep}").index`],
          `all, ${keep}`,
        );
        // A row without a time is of the same time as none.
        assert.deepEqual(
          places({ duplicates: "time", keep })!.filter((i) => !untimed.includes(i)),
          reference[`drop_duplicates("time", keep="${keep}").index, rows with a time`],
          `time, ${keep}`,
        );
        assert.ok(untimed.every((i) => places({ duplicates: "time", keep })!.includes(i)));
      }
    });
  });

  it("says what was dropped and moved, and loses nothing in between", () => {
    const rows = [1, 2, 1, 3, 2].map((time, i) => ({ time, i }));
    const dropped = clean(rows, { order: "drop", duplicates: "time", keep: "last" });
    // The later row of time 1 is out of order: the earlier one must not have been given up for it.
    assert.deepEqual(column(dropped.rows, "i"), [0, 1, 3]);
    assert.deepEqual(codesOf(dropped.dropped), [
      ["out-of-order", 2],
      ["out-of-order", 4],
    ]);
    assert.match(dropped.dropped[0]!.error.message, /Row 2 is of 1970-01-01T00:00:00.001Z, older than .*00.002Z/);
    const sorted = clean(rows, { order: "sort", duplicates: "time" });
    assert.deepEqual(column(sorted.rows, "i"), [0, 1, 3]);
    assert.deepEqual(codesOf(sorted.dropped), [
      ["duplicate", 2],
      ["duplicate", 4],
    ]);
    assert.equal(sorted.report.moved, 2);
    assert.deepEqual(sorted.report.reasons, { duplicate: 2 });
    assert.ok(!("moved" in clean(rows, {}).report));
  });

  it("works within each twin", () => {
    const rows = [
      { time: 0, id: "a", x: 1 },
      { time: 5, id: "b", x: 10 },
      { time: 2, id: "a", x: 3 },
      { time: 2, id: "b", x: 30 },
      { time: 11, id: "a", x: 5 },
    ];
    assert.deepEqual(codesOf(clean(rows, { order: "drop" }).dropped), [["out-of-order", 3]]);
    assert.deepEqual(clean(rows, { duplicates: "time" }).dropped, []);
    assert.deepEqual(
      clean(rows, { resample: "10ms", features: [{ property: "x", kind: "difference", name: "dx" }] }).rows,
      [
        { time: 0, id: "a", x: 2, dx: null },
        { time: 10, id: "a", x: 5, dx: 3 },
        { time: 0, id: "b", x: 20, dx: null },
      ],
    );
  });

  it("resamples after the rules: what they convert, drop and fill", () => {
    const rows = [
      { timestamp: "2026-01-01 00:00:01", x: "1,5", state: "on" },
      { timestamp: "2026-01-01 00:00:02", x: 900, state: "off" },
      { timestamp: "2026-01-01 00:00:03", x: 2.5, state: " " },
      { timestamp: "2026-01-01 00:00:15", x: null, state: null },
    ];
    const rules = [{ property: "x", convert: "number", decimal: "comma", max: 100, onRange: "drop" }];
    const { rows: out, dropped, report } = clean(rows, { resample: "10s" }, {}, rules);
    assert.deepEqual(out, [
      { timestamp: "2026-01-01T00:00:00.000Z", x: 2, state: "on" },
      { timestamp: "2026-01-01T00:00:10.000Z", x: null, state: null },
    ]);
    assert.deepEqual(codesOf(dropped), [["out-of-range", 1]]);
    assert.deepEqual(report.rows, { in: 4, out: 2, dropped: 1 });
    assert.deepEqual(report.grid, { points: 2, carried: 0, missing: 2 });
  });

  it("reads the times with the rule that converts them", () => {
    const rows = ["06.09.2019 09:31:43", "06.09.2019 09:31:55"].map((day, i) => ({ day, x: i }));
    const rules = [{ property: "day", convert: "time", timeFormat: "dd.MM.yyyy HH:mm:ss" }];
    assert.deepEqual(clean(rows, { resample: "10s" }, { timeColumn: "day" }, rules).rows, [
      { day: Date.UTC(2019, 8, 6, 9, 31, 40), x: 0 },
      { day: Date.UTC(2019, 8, 6, 9, 31, 50), x: 1 },
    ]);
  });

  describe("has a stated result for", () => {
    const features = [
      { property: "x", kind: "lag" },
      { property: "x", kind: "difference" },
      { property: "x", kind: "rolling-mean" },
      { property: "x", kind: "rolling-sd" },
    ];
    const nothing = { x_lag_1: null, x_difference_1: null, x_rolling_mean_5: null, x_rolling_sd_5: null };

    it("no row, and one", () => {
      for (const resampleMethod of ["mean", "last", "linear"])
        assert.deepEqual(clean([], { order: "sort", resample: "10ms", resampleMethod, features }).rows, []);
      const row = { time: 12, x: 4 };
      assert.deepEqual(clean([row], { order: "sort", duplicates: "time", features }).rows, [
        { ...row, ...nothing, x_rolling_mean_5: 4 },
      ]);
      assert.deepEqual(clean([row], { resample: "10ms" }).rows, [{ time: 10, x: 4 }]);
      // No grid point lies between the first row and the last.
      assert.deepEqual(clean([row], { resample: "10ms", resampleMethod: "linear" }).rows, []);
      assert.deepEqual(clean([{ time: 20, x: 4 }], { resample: "10ms", resampleMethod: "linear" }).rows, [
        { time: 20, x: 4 },
      ]);
    });

    it("columns that are all missing, infinite, or text", () => {
      const rows = [
        { time: 0, x: Number.POSITIVE_INFINITY },
        { time: 5, x: null },
        { time: 12, x: Number.NaN },
      ];
      for (const resampleMethod of ["mean", "last", "linear"])
        assert.ok(clean(rows, { resample: "5ms", resampleMethod }).rows.every(({ x }) => x === null));
      assert.deepEqual(
        clean(rows, { features }).rows.map(({ time, x, ...calculated }) => calculated),
        [nothing, nothing, nothing],
      );
      const texts = [
        { time: 0, x: "a" },
        { time: 10, x: "b" },
      ];
      assert.deepEqual(
        clean(texts, { features }).rows.map(({ time, x, ...calculated }) => calculated),
        [nothing, { ...nothing, x_lag_1: "a" }],
      );
      assert.deepEqual(column(clean(texts, { resample: "5ms", resampleMethod: "linear" }).rows, "x"), ["a", "a", "b"]);
    });

    it("rows of one time: all count for a mean, the last one for last and linear", () => {
      const rows = [1, 3, 8].map((x) => ({ time: 10, x }));
      const at = (resampleMethod: string) => clean(rows, { resample: "10ms", resampleMethod }).rows;
      assert.deepEqual(at("mean"), [{ time: 10, x: 4 }]);
      assert.deepEqual(at("last"), [{ time: 10, x: 8 }]);
      assert.deepEqual(at("linear"), [{ time: 10, x: 8 }]);
    });

    it("a row without a time on a grid (bad-time), and a column that a feature would overwrite (bad-name)", () => {
      const rows = [{ time: "soon", x: 1 }, { time: 1, x: 2 }, 5 as unknown as Row];
      assert.deepEqual(codesOf(clean(rows, { resample: "1s" }).dropped), [
        ["bad-time", 0],
        ["wrong-type", 2],
      ]);
      const taken = [{ x: 1, x_lag_1: 0 }, { x: 2 }];
      const { rows: out, dropped } = clean(taken, { features: [{ property: "x", kind: "lag" }] });
      assert.deepEqual(codesOf(dropped), [["bad-name", 0]]);
      assert.deepEqual(out, [{ x: 2, x_lag_1: null }]);
    });

    it("a grid of too many cells (too-large) and a table without times (bad-time)", () => {
      const rows = [
        { time: 0, x: 1 },
        { time: Date.UTC(2026, 0, 1), x: 2 },
      ];
      const error = refusal(() => clean(rows, { resample: "1s" }));
      assert.equal(error.code, "too-large");
      assert.match(error.info.message, /On a grid of 1000 ms the table would have 1767225601 x 2 cells/);
      for (const settings of [
        { order: "sort" },
        { order: "drop" },
        { duplicates: "time" },
        { resample: "1s" },
        { features: [{ property: "x", kind: "rolling-max", window: "1m" }] },
      ])
        assert.equal(refusal(() => clean([{ x: 1 }], settings)).code, "bad-time");
    });

    it("100,000 columns", () => {
      const wide = (time: number): Row =>
        Object.fromEntries([
          ["time", time],
          ...Array.from({ length: 100_000 }, (_, c) => [`c${c}`, c + time] as const),
        ]);
      const { rows } = clean([wide(0), wide(2)], { resample: "10ms", duplicates: "time" });
      assert.equal(rows.length, 1);
      assert.equal(rows[0]!.c99999, 100_000);
    });
  });

  it("a __proto__ among the columns is not one of the grid", () => {
    const rows = [JSON.parse('{"time": 0, "__proto__": {"polluted": 1}, "x": 1}') as Row];
    const { rows: out } = clean(rows, { resample: "1s" });
    assert.deepEqual(Object.keys(out[0]!), ["time", "x"]);
    assert.equal(({} as Row).polluted, undefined);
  });

  it("changes nothing that came in", () => {
    const before = structuredClone(table);
    clean(table, { order: "sort", features: [{ property: "value", kind: "lag" }] });
    clean(table, { resample: "10m" });
    assert.deepEqual(table, before);
  });
});
