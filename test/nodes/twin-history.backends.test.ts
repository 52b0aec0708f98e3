import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Row, Sample } from "../../engine/contract/messages";
import { type RawQuery, readHistoryQuery } from "../../engine/history/history-query";
import { disposeShared } from "../../nodes/lib/shared";
import { openEmbeddedFile } from "../../nodes/twin-history/embedded";
import type { History } from "../../nodes/twin-history/history";
import { openInfluxHistory } from "../../nodes/twin-history/influx";
import { useInfluxd } from "../support/influxd";

/** A Monday, 2026-03-02T00:00:00Z. */
const t0 = 1_772_409_600_000;
const minute = 60_000;

const sample = (id: string, ts: number, values: Sample["values"], model?: string): Sample => ({
  id,
  ts,
  values,
  model,
});

/** Three twins with gaps, texts, booleans, a negative time and one instant written in two parts. */
const samples: Sample[] = [
  sample("press-1", t0, { force: 1, speed: 10, mode: "run", guard: true }, "press"),
  sample("press-1", t0 + 10_000, { force: 3, speed: null, mode: "run" }, "press"),
  sample("press-1", t0 + 20_000, { force: 8, mode: "stop", guard: false }, "press"),
  sample("press-1", t0 + 3 * minute, { force: 2, speed: 40 }, "press"),
  sample("press-1", t0 + 5 * minute, { force: -4.5, speed: 60 }, "press"),
  sample("press-1", t0 + 5 * minute, { speed: 65, "motor.temp (°C)": 41.25 }, "press"),
  sample("press-2", t0 + 30_000, { force: 100, mode: "run" }),
  sample("press-2", t0 + 2 * minute, { force: 100.5 }),
  sample("mill-a.1", t0 + 90_000, { "motor.temp (°C)": 21.5, guard: true }),
  sample("mill-a.1", t0 + 91_000, { "motor.temp (°C)": 1e-9 }),
  sample("old", -1, { force: 1 }),
  sample("old", -90_000, { force: 2 }),
];

interface Case {
  title: string;
  query: RawQuery;
  rows: Row[];
}

const range = { start: t0, end: t0 + 6 * minute };
const temp = "motor.temp (°C)";

const cases: Case[] = [
  {
    title: "one property of one twin; the last instant of the range is included",
    query: { twin: "press-1", properties: ["force"], start: t0, end: t0 + 3 * minute },
    rows: [
      { time: t0, id: "press-1", force: 1 },
      { time: t0 + 10_000, id: "press-1", force: 3 },
      { time: t0 + 20_000, id: "press-1", force: 8 },
      { time: t0 + 180_000, id: "press-1", force: 2 },
    ],
  },
  {
    title:
      "all properties: those with a value in the answer, by name, null where there is none; one instant in two parts is one row",
    query: { twin: "press-1", start: t0 + minute, end: t0 + 5 * minute },
    rows: [
      { time: t0 + 180_000, id: "press-1", force: 2, [temp]: null, speed: 40 },
      { time: t0 + 300_000, id: "press-1", force: -4.5, [temp]: 41.25, speed: 65 },
    ],
  },
  {
    title: "rows of several twins in order of time, then id; properties in the order asked for",
    query: { twin: "*", properties: [temp, "force"], start: t0 + 20_000, end: t0 + 2 * minute },
    rows: [
      { time: t0 + 20_000, id: "press-1", [temp]: null, force: 8 },
      { time: t0 + 30_000, id: "press-2", [temp]: null, force: 100 },
      { time: t0 + 90_000, id: "mill-a.1", [temp]: 21.5, force: null },
      { time: t0 + 91_000, id: "mill-a.1", [temp]: 1e-9, force: null },
      { time: t0 + 120_000, id: "press-2", [temp]: null, force: 100.5 },
    ],
  },
  {
    title: "texts and booleans as they are; the dot of a pattern is a dot",
    query: { twin: "*.1", properties: "guard, mode", ...range },
    rows: [{ time: t0 + 90_000, id: "mill-a.1", guard: true, mode: null }],
  },
  {
    title: "a pattern with two stars",
    query: { twin: "*ss-*", properties: ["mode"], ...range },
    rows: [
      { time: t0, id: "press-1", mode: "run" },
      { time: t0 + 10_000, id: "press-1", mode: "run" },
      { time: t0 + 20_000, id: "press-1", mode: "stop" },
      { time: t0 + 30_000, id: "press-2", mode: "run" },
    ],
  },
  {
    title: "limit gives the first rows, over all twins",
    query: { twin: "press-*", properties: ["force"], limit: 4, ...range },
    rows: [
      { time: t0, id: "press-1", force: 1 },
      { time: t0 + 10_000, id: "press-1", force: 3 },
      { time: t0 + 20_000, id: "press-1", force: 8 },
      { time: t0 + 30_000, id: "press-2", force: 100 },
    ],
  },
  { title: "a twin that is not there", query: { twin: "press-9", ...range }, rows: [] },
  { title: "a property that is not there", query: { twin: "*", properties: ["nothing"], ...range }, rows: [] },
  {
    title: "mean of a window; texts and booleans are ignored; empty windows have no row",
    query: { twin: "press-1", window: "1m", aggregate: "mean", ...range },
    rows: [
      { time: t0, id: "press-1", force: 4, [temp]: null, speed: 10 },
      { time: t0 + 180_000, id: "press-1", force: 2, [temp]: null, speed: 40 },
      { time: t0 + 300_000, id: "press-1", force: -4.5, [temp]: 41.25, speed: 65 },
    ],
  },
  {
    title: "windows begin at multiples of their length since 1970, not at the start of the range",
    query: { twin: "press-1", properties: ["force"], window: "7m", aggregate: "max", ...range },
    rows: [
      { time: Math.floor(t0 / 420_000) * 420_000, id: "press-1", force: 8 },
      { time: Math.floor(t0 / 420_000) * 420_000 + 420_000, id: "press-1", force: 2 },
    ],
  },
  {
    title: "windows before 1970",
    query: { twin: "old", window: "1m", aggregate: "count", start: -120_000, end: 0 },
    rows: [
      { time: -120_000, id: "old", force: 1 },
      { time: -60_000, id: "old", force: 1 },
    ],
  },
  {
    title: "without a window: one row per twin, at the start of the range",
    query: { twin: "*", properties: ["force"], aggregate: "min", start: t0 + 1, end: t0 + 6 * minute },
    rows: [
      { time: t0 + 1, id: "press-1", force: -4.5 },
      { time: t0 + 1, id: "press-2", force: 100 },
    ],
  },
  {
    title: "median: half-way between the middle two",
    query: { twin: "press-1", properties: ["force", "mode"], aggregate: "median", ...range },
    rows: [{ time: t0, id: "press-1", force: 2, mode: null }],
  },
  {
    title: "median of an even number of values",
    query: { twin: "press-2", properties: ["force"], aggregate: "median", ...range },
    rows: [{ time: t0, id: "press-2", force: 100.25 }],
  },
  {
    title: "stddev divides by n - 1, and of one value there is none",
    query: { twin: "*", properties: ["force", temp], window: "1m", aggregate: "stddev", start: t0, end: t0 + 100_000 },
    rows: [
      { time: t0, id: "press-1", force: Math.sqrt(13), [temp]: null },
      { time: t0, id: "press-2", force: null, [temp]: null },
      { time: t0 + 60_000, id: "mill-a.1", force: null, [temp]: (21.5 - 1e-9) / Math.SQRT2 },
    ],
  },
  {
    title: "count counts values of any type; of a property that the twin has, no values are 0",
    query: { twin: "press-1", window: "1m", aggregate: "count", ...range },
    rows: [
      { time: t0, id: "press-1", force: 3, guard: 2, mode: 3, [temp]: 0, speed: 1 },
      { time: t0 + 180_000, id: "press-1", force: 1, guard: 0, mode: 0, [temp]: 0, speed: 1 },
      { time: t0 + 300_000, id: "press-1", force: 1, guard: 0, mode: 0, [temp]: 1, speed: 1 },
    ],
  },
  {
    title: "count of a property that another twin has is null",
    query: { twin: "press-*", properties: ["force", "speed"], aggregate: "count", ...range },
    rows: [
      { time: t0, id: "press-1", force: 5, speed: 3 },
      { time: t0, id: "press-2", force: 2, speed: null },
    ],
  },
  {
    title: "first and last, of any type",
    query: { twin: "press-1", properties: ["mode", "guard", "force"], window: "1m", aggregate: "first", ...range },
    rows: [
      { time: t0, id: "press-1", mode: "run", guard: true, force: 1 },
      { time: t0 + 180_000, id: "press-1", mode: null, guard: null, force: 2 },
      { time: t0 + 300_000, id: "press-1", mode: null, guard: null, force: -4.5 },
    ],
  },
  {
    title: "last over the whole range",
    query: { twin: "press-1", aggregate: "last", ...range },
    rows: [{ time: t0, id: "press-1", force: -4.5, guard: false, mode: "stop", [temp]: 41.25, speed: 65 }],
  },
  {
    title: "fill null: every window of the range",
    query: {
      twin: "press-2",
      properties: ["force"],
      window: "1m",
      aggregate: "mean",
      fill: "null",
      start: t0,
      end: t0 + 3 * minute,
    },
    rows: [
      { time: t0, id: "press-2", force: 100 },
      { time: t0 + 60_000, id: "press-2", force: null },
      { time: t0 + 120_000, id: "press-2", force: 100.5 },
      { time: t0 + 180_000, id: "press-2", force: null },
    ],
  },
  {
    title: "fill previous: nothing before the first value",
    query: {
      twin: "press-1",
      properties: ["speed", "mode"],
      window: "1m",
      aggregate: "last",
      fill: "previous",
      start: t0 + 5000,
      end: t0 + 4 * minute,
    },
    rows: [
      { time: t0, id: "press-1", speed: null, mode: "stop" },
      { time: t0 + 60_000, id: "press-1", speed: null, mode: "stop" },
      { time: t0 + 120_000, id: "press-1", speed: null, mode: "stop" },
      { time: t0 + 180_000, id: "press-1", speed: 40, mode: "stop" },
      { time: t0 + 240_000, id: "press-1", speed: 40, mode: "stop" },
    ],
  },
  {
    title: "fill linear: between values only, and not between texts",
    query: {
      twin: "press-1",
      properties: ["speed", "mode"],
      window: "1m",
      aggregate: "first",
      fill: "linear",
      ...range,
    },
    rows: [
      { time: t0, id: "press-1", speed: 10, mode: "run" },
      { time: t0 + 60_000, id: "press-1", speed: 20, mode: null },
      { time: t0 + 120_000, id: "press-1", speed: 30, mode: null },
      { time: t0 + 180_000, id: "press-1", speed: 40, mode: null },
      { time: t0 + 240_000, id: "press-1", speed: 52.5, mode: null },
      { time: t0 + 300_000, id: "press-1", speed: 65, mode: null },
      { time: t0 + 360_000, id: "press-1", speed: null, mode: null },
    ],
  },
  {
    title: "fill with a number, but no property that the twin does not have; limit counts filled rows",
    query: {
      twin: "press-2",
      properties: ["force", "speed"],
      window: "1m",
      aggregate: "max",
      fill: "-1.5",
      limit: 2,
      ...range,
    },
    rows: [
      { time: t0, id: "press-2", force: 100, speed: null },
      { time: t0 + 60_000, id: "press-2", force: -1.5, speed: null },
    ],
  },
  {
    title: "counts are filled with 0 where fill is null, as InfluxDB does",
    query: {
      twin: "press-2",
      properties: ["force"],
      window: "1m",
      aggregate: "count",
      fill: "null",
      start: t0,
      end: t0 + 2 * minute,
    },
    rows: [
      { time: t0, id: "press-2", force: 1 },
      { time: t0 + 60_000, id: "press-2", force: 0 },
      { time: t0 + 120_000, id: "press-2", force: 1 },
    ],
  },
  {
    title: "no values at all: no rows to fill",
    query: { twin: "press-2", properties: ["speed"], window: "1m", aggregate: "mean", fill: 0, ...range },
    rows: [],
  },
];

/** Equal, but for the last bits of an aggregate: servers add in another order. */
function assertRows(actual: Row[], expected: Row[]): void {
  assert.deepEqual(
    actual.map((row) => Object.keys(row)),
    expected.map((row) => Object.keys(row)),
  );
  const rounded = (rows: Row[]): Row[] =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, cell]) => [
          name,
          typeof cell === "number" && !Number.isInteger(cell) ? Number(cell.toPrecision(13)) : cell,
        ]),
      ),
    );
  assert.deepEqual(rounded(actual), rounded(expected));
}

function behavesAsAHistory(open: () => Promise<{ history: History; close(): Promise<void> }>): void {
  let history: History;
  let close: () => Promise<void>;
  before(async function () {
    this.timeout(20_000);
    ({ history, close } = await open());
    assert.deepEqual(await history.write(samples), { written: samples.length, empty: 0, refused: [] });
  });
  after(() => close?.());

  for (const { title, query, rows } of cases)
    it(title, async () => assertRows(await history.query(readHistoryQuery(query, t0)), rows));

  it("answers alike in pages of every size", async () => {
    // More rows than one request or piece holds, so that every page boundary is crossed.
    const many = Array.from({ length: 30_000 }, (_, i) =>
      sample(`page-${i % 7}`, t0 + Math.floor(i / 7) * 10, { n: i, [`only-${i % 3}`]: i }),
    );
    for (let i = 0; i < many.length; i += 5000) await history.write(many.slice(i, i + 5000));
    const rows = await history.query(readHistoryQuery({ twin: "page-*", ...range }, t0));
    assert.equal(rows.length, many.length);
    for (const [i, row] of rows.entries()) {
      assert.equal(row.n, i);
      assert.equal(row[`only-${i % 3}`], i);
      assert.equal(row[`only-${(i + 1) % 3}`], null);
    }
    const windows = await history.query(
      readHistoryQuery({ twin: "page-*", window: "10ms", aggregate: "mean", properties: ["n"], ...range }, t0),
    );
    assert.deepEqual(
      windows.map(({ n }) => n),
      many.map(({ values }) => values.n),
    );
    const limited = await history.query(readHistoryQuery({ twin: "page-*", limit: 1234, ...range }, t0));
    assert.deepEqual(
      limited,
      rows.slice(0, 1234).map((row) => row),
    );
  }).timeout(20_000);

  it("answers alike where one twin has thousands of windows and another a few", async () => {
    const dense = Array.from({ length: 3000 }, (_, i) =>
      sample("uneven-dense", t0 + i * 10, { n: i, b: i, c: i, d: i, e: i }),
    );
    const sparse = Array.from({ length: 30 }, (_, i) => sample("uneven-sparse", t0 + i * 1000, { n: i }));
    await history.write([...dense, ...sparse]);
    const query = { twin: "uneven-*", window: "10ms", aggregate: "count", ...range };
    const counts = (await history.query(readHistoryQuery(query, t0))).map(({ id, n }) => `${id} ${n}`);
    assert.equal(counts.length, 3030);
    assert.deepEqual([...new Set(counts)].sort(), ["uneven-dense 1", "uneven-sparse 1"]);
  });

  it("answers alike where one instant has more twins than a request has rows", async () => {
    const many = Array.from({ length: 30_000 }, (_, i) => sample(`crowd-${String(i).padStart(5, "0")}`, t0, { n: i }));
    await history.write(many);
    const rows = await history.query(readHistoryQuery({ twin: "crowd-*", start: t0, end: t0 + 1 }, t0));
    assert.deepEqual(
      rows.map(({ id }) => id),
      many.map(({ id }) => id),
    );
  }).timeout(20_000);

  it("refuses an answer that is too large, and says how to ask for less", async () => {
    const query = readHistoryQuery({ twin: "press-1", properties: ["force"], ...range }, t0);
    await assert.rejects(history.query(query, { maxCells: 4 }), { code: "too-large", message: /more than 4 cells/ });
    assert.equal((await history.query(query, { maxCells: 5 })).length, 5);
    const filled = readHistoryQuery(
      { twin: "press-1", properties: ["force"], window: "1ms", aggregate: "mean", fill: "null", ...range },
      t0,
    );
    await assert.rejects(history.query(filled, { maxCells: 1000 }), { code: "too-large" });
  });

  it("refuses single samples with the reason, and writes the others", async () => {
    const bad: unknown[] = [
      sample("row ok", t0, { a: 1 }),
      sample("good", t0, { a: 1 }),
      sample("good", 1.5, { a: 1 }),
      sample("good", 9e15, { a: 1 }),
      sample("good", t0, { time: 1 }),
      sample("good", t0, { id: "x" }),
      sample("good", t0, { "a,b=1 c": 1 }),
      sample("good", t0, { a: { b: 1 } as unknown as number }),
      sample("good", t0, { a: "x".repeat(70_000) }),
      sample("good", t0, { a: 1 }, "m\nother,id=x y=1"),
      sample("good", t0 + 1, { a: null, b: Number.NaN, c: Number.POSITIVE_INFINITY }),
      { id: "good", ts: t0 },
    ];
    const { written, empty, refused } = await history.write(bad as Sample[]);
    assert.equal(written, 1);
    assert.equal(empty, 1);
    assert.deepEqual(
      refused.map(({ index, error }) => [index, error.index, error.code]),
      [
        [0, 0, "bad-id"],
        [2, 2, "bad-time"],
        [3, 3, "bad-time"],
        [4, 4, "bad-name"],
        [5, 5, "bad-name"],
        [6, 6, "bad-name"],
        [7, 7, "wrong-type"],
        [8, 8, "too-large"],
        [9, 9, "bad-name"],
        [11, 11, "bad-payload"],
      ],
    );
  });

  it("gives back every name and text as it was written", async () => {
    const names = [
      "hasOwnProperty",
      "toString",
      "valueOf",
      "a b",
      "Druck [bar]",
      "力.主 (kN)",
      "x/y%",
      "#1",
      "_",
      "-5",
      "123",
      "µ²³°",
      "name",
      "model",
      "value",
      "select",
      "from",
    ];
    const texts = [
      "",
      " ",
      "'",
      "\\'",
      "\\",
      "\\\\",
      '"',
      '\\"',
      "a\nb",
      "a\r\n",
      "\t",
      "x=1,y=2 3",
      "NaN",
      "true",
      "12",
      "压片机",
      "🏭",
      "\u0000",
      "'; DROP MEASUREMENT twin --",
      "a\\nb",
      "\\\\'",
      "#",
    ];
    const values = {
      ...Object.fromEntries(names.map((name, i) => [name, i + 0.5])),
      ...Object.fromEntries(texts.map((text, i) => [`text ${i}`, text])),
      big: 1.7976931348623157e308,
      small: 5e-324,
      exact: 0.1 + 0.2,
      integer: 9007199254740991,
      zero: 0,
      yes: true,
      no: false,
    };
    const { refused } = await history.write([sample("names", t0 + 7, values)]);
    assert.deepEqual(refused, []);
    const [row] = await history.query(readHistoryQuery({ twin: "names", ...range }, t0));
    const { time, id, ...found } = row as Row;
    assert.deepEqual({ ...found }, values);
    const asked = await history.query(
      readHistoryQuery({ twin: "names", properties: [...names, "text 3"], aggregate: "last", ...range }, t0),
    );
    assert.deepEqual(asked, [
      { time: t0, id: "names", ...Object.fromEntries(names.map((name, i) => [name, i + 0.5])), "text 3": "\\'" },
    ]);
  });
}

describe("twin-history, embedded", () => {
  behavesAsAHistory(async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "meditwin-history-"));
    const file = openEmbeddedFile(path.join(folder, "history.db"), (text) => assert.fail(text));
    const { history } = file.open({ database: "twin", measurement: "twin", keepMs: Number.POSITIVE_INFINITY });
    return {
      history,
      async close() {
        await file.close();
        rmSync(folder, { recursive: true });
      },
    };
  });
});

describe("twin-history, InfluxDB", () => {
  const influxd = useInfluxd();
  behavesAsAHistory(async () => {
    const spools = mkdtempSync(path.join(tmpdir(), "meditwin-spools-"));
    const history = openInfluxHistory(
      {
        spools,
        spoolBytes: 1024 * 1024,
        overflow: "block",
        url: influxd().url,
        database: "same rows",
        measurement: "twin, measured".replace(",", ""),
        retentionPolicy: "",
        username: "",
        password: "",
        token: "",
        batchSize: 700,
        flushMs: 5,
      },
      (text) => assert.fail(text),
    );
    return {
      history,
      async close() {
        await history.close();
        await disposeShared();
        rmSync(spools, { recursive: true });
      },
    };
  });
});
