import assert from "node:assert/strict";
import { type PreviewSettings, previewCleaning, type RecentData } from "../../../engine/cleaning/preview-cleaning";
import { readRowOptions } from "../../../engine/cleaning/read-row-options";
import { readRules } from "../../../engine/cleaning/read-rules";

const settings = (rules: unknown[], rows: Record<string, unknown> = {}): PreviewSettings => ({
  ...{ rules: readRules(rules), rows: readRowOptions(rows), timeColumn: "", groupBy: "" },
});
const stream = (values: (number | string | null)[], id = "press-6"): RecentData => ({
  kind: "samples",
  messages: values.map((t, i) => [{ id, ts: 1000 * i, values: { t } }]),
});
const changesOf = (recent: RecentData, rule: Record<string, unknown>) =>
  previewCleaning(recent, settings([{ property: "t", ...rule }])).rows.map(({ cells }) => cells.t);

describe("the preview of a cleaning", () => {
  const steady = [20, 21, 22, 20, 21, 22];

  it("tells of every cell what it was, what it became and by which step", () => {
    const rule = { outlier: "hampel", window: 10, onOutlier: "replace", missing: "ffill" };
    assert.deepEqual(changesOf(stream([...steady, 95, null, "22"]), rule).slice(5), [
      { before: 22, after: 22, changes: [] },
      { before: 95, after: 21, changes: ["replaced"] },
      { before: null, after: 21, changes: ["filled"] },
      { before: "22", after: 22, changes: ["converted"] },
    ]);
  });

  it("is of all rules together: what a later one fills is not missing", () => {
    const rules = [
      { property: "*", convert: "number" },
      { property: "t", missing: "ffill" },
    ];
    const preview = previewCleaning(stream([20, null]), settings(rules));
    assert.deepEqual(preview.rows[1]?.cells.t, { before: null, after: 20, changes: ["filled"] });
    assert.deepEqual(preview.counts, { filled: 1 });
  });

  it("tells of a row that is dropped why, and what came", () => {
    const preview = previewCleaning(stream([20, 99]), settings([{ property: "t", max: 60, onRange: "drop" }]));
    assert.equal(preview.rows[0]?.dropped, undefined);
    assert.equal(preview.rows[1]?.dropped?.code, "out-of-range");
    assert.equal(preview.rows[1]?.cells.t?.before, 99);
    assert.equal(preview.dropped, 1);
  });

  it("counts what was done to the rows that go on", () => {
    const rules = [{ property: "t", max: 60, onRange: "clamp", missing: "ffill", sentinels: [-999] }];
    const { counts } = previewCleaning(stream([20, 99, 98, -999, null]), settings(rules));
    assert.deepEqual(counts, { clamped: 2, sentinel: 1, filled: 2 });
  });

  it("is of one twin: the one that was asked for, else the one with the most samples", () => {
    const recent = stream([20, 21]);
    if (recent.kind === "samples") recent.messages.push([{ id: "press-7", ts: 1, values: { t: 5 } }]);
    const preview = (wanted: string) => previewCleaning(recent, settings([]), wanted);
    assert.deepEqual(preview("").twins, ["press-6", "press-7"]);
    assert.deepEqual([preview("").twin, preview("").rows.length], ["press-6", 2]);
    assert.deepEqual([preview("press-7").twin, preview("press-7").rows.length], ["press-7", 1]);
    assert.equal(preview("gone").twin, "press-6");
  });

  it("cleans a batch as a batch: what single samples cannot fill, it fills", () => {
    const single = changesOf(stream([20, null, 22]), { missing: "linear" });
    assert.equal(single[1]?.after, null);
    assert.deepEqual(single[1]?.changes, ["stillMissing"]);
    const { messages } = stream([20, null, 22]) as Extract<RecentData, { kind: "samples" }>;
    const batch = changesOf({ kind: "samples", messages: [messages.flat()] }, { missing: "linear" });
    assert.equal(batch[1]?.after, 21);
  });

  it("cleans a table with its whole column, and tells times where it has them", () => {
    const rows = [20, null, 24].map((t, i) => ({ time: `2026-11-24 08:0${i}`, t, note: "x" }));
    const preview = previewCleaning({ kind: "table", rows, of: 30 }, settings([{ property: "t", missing: "mean" }]));
    assert.deepEqual([preview.kind, preview.of, preview.rows[1]?.cells.t?.after], ["table", 30, 22]);
    assert.equal(preview.rows[1]?.ts, Date.UTC(2026, 10, 24, 8, 1));
    assert.deepEqual(preview.columns, ["t"], "what no rule speaks of is not shown");
    assert.deepEqual(preview.seen, ["time", "t", "note"]);
  });

  it("shows new columns beside what they are made of", () => {
    const features = [{ property: "t", kind: "difference" }];
    const preview = previewCleaning(stream([20, 22]), settings([{ property: "t", missing: "ffill" }], { features }));
    assert.deepEqual(preview.columns, ["t", "t_difference_1"]);
    assert.deepEqual(preview.rows[1]?.cells.t_difference_1, { before: null, after: 2, changes: [] });
  });

  it("shows the points of a grid, which are new", () => {
    const preview = previewCleaning(stream([20, 22, 24, 26, 28]), settings([], { resample: "2s" }));
    assert.equal(preview.rows.length, 5);
    assert.deepEqual(preview.grid, [
      { ts: 0, values: { t: 21 } },
      { ts: 2000, values: { t: 25 } },
    ]);
  });

  it("refuses a grid that is far too fine, before it is made", () => {
    const day = [0, 86_400_000];
    const table: RecentData = { kind: "table", rows: day.map((time) => ({ time, t: 1 })), of: 2 };
    const samples: RecentData = {
      kind: "samples",
      messages: day.map((ts) => [{ id: "a", ts, values: { t: 1 } }]),
    };
    for (const recent of [table, samples]) {
      assert.throws(() => previewCleaning(recent, settings([], { resample: "1ms" })), /86400000 points/);
      assert.equal(previewCleaning(recent, settings([], { resample: "1m", resampleMethod: "last" })).rows.length, 2);
    }
  });

  it("shows rows in the order in which they leave, and why one was refused for its order", () => {
    const rows = [2, 1, 3].map((s) => ({ time: 1000 * s, t: s }));
    const table: RecentData = { kind: "table", rows, of: 3 };
    const sorted = previewCleaning(table, settings([{ property: "t", missing: "ffill" }], { order: "sort" }));
    assert.deepEqual(
      sorted.rows.map(({ cells }) => cells.t?.after),
      [1, 2, 3],
    );
    const kept = previewCleaning(table, settings([{ property: "t", missing: "ffill" }], { order: "drop" }));
    assert.deepEqual(
      kept.rows.map(({ dropped }) => dropped?.code),
      [undefined, "out-of-order", undefined],
    );
  });

  it("shows what came where there is no rule, and nothing where nothing came", () => {
    assert.deepEqual(previewCleaning(stream([20]), settings([])).columns, ["t"]);
    const nothing = previewCleaning({ kind: "samples", messages: [] }, settings([{ property: "t", missing: "ffill" }]));
    assert.deepEqual([nothing.rows, nothing.twins, nothing.columns], [[], [], []]);
  });

  it("shows at most 12 properties, and offers at most 500", () => {
    const values = Object.fromEntries(Array.from({ length: 1200 }, (_, i) => [`p${i}`, 1]));
    const recent: RecentData = { kind: "samples", messages: [[{ id: "a", ts: 0, values }]] };
    const preview = previewCleaning(recent, settings([{ property: "*", missing: "ffill" }]));
    assert.equal(preview.columns.length, 12);
    assert.equal(Object.keys(preview.rows[0]?.cells ?? {}).length, 12);
    assert.equal(preview.seen.length, 500);
  });

  it("leaves what it was given as it was", () => {
    const recent = stream([20, null, 999]);
    const before = structuredClone(recent);
    previewCleaning(recent, settings([{ property: "t", missing: "ffill", max: 60, onRange: "clamp" }]));
    assert.deepEqual(recent, before);
  });
});
