import { strict as assert } from "node:assert";
import { describeTable, type TableStatistics } from "../../engine/statistics/describe-table";
import { rowsOf, tableBuilder } from "../../engine/statistics/table-builder";
import type { WindowStatistics } from "../../engine/statistics/twin-window";
import { describe as describeInThread, toColumns } from "../../nodes/twin-stats/describing";
import { readCsv } from "../engine/learning/references";
import { turnsDuring } from "../support/event-loop";
import { useRuntime } from "../support/runtime";

type Settings = Record<string, unknown>;

const model = {
  id: "model-press",
  type: "twin-model",
  model: "press",
  properties: [
    { name: "main_CompForce mean", type: "number", unit: "kN", label: "compression force", lsl: 4, target: 5, usl: 6 },
  ],
};

describe("twin-stats", () => {
  const runtime = useRuntime();
  const load = (settings: Settings = {}) =>
    runtime.load(
      ["twin-model", "twin-stats"],
      [
        model,
        { id: "node", type: "twin-stats", wires: [["out"], ["refused"]], ...settings },
        { id: "out", type: "helper" },
        { id: "refused", type: "helper" },
      ],
    );
  const table = readCsv("tablet_batches_codes13_23.csv");
  const small = [
    { a: 1, b: 2, kind: "x" },
    { a: 2, b: 4, kind: "y" },
    { a: 4, b: 7, kind: "x" },
  ];

  it("describes a table and correlates its columns, other fields as they came", async () => {
    const flow = await load();
    flow.send("node", { payload: small, topic: "batches", more: "kept" });
    const { payload, topic, more, svg } = await flow.next("out");
    const { rows, columns, correlation, skipped } = payload as TableStatistics;
    assert.deepEqual([topic, more, svg, rows, skipped], ["batches", "kept", undefined, 3, ["kind"]]);
    assert.deepEqual(columns.a, {
      count: 3,
      missing: 0,
      mean: 7 / 3,
      sd: 1.5275252316519465,
      min: 1,
      q1: 1.5,
      median: 2,
      q3: 3,
      max: 4,
      mad: 1,
      skewness: 0.9352195295828246,
      kurtosis: null,
    });
    assert.deepEqual(
      [correlation!.method, correlation!.columns, correlation!.matrix[0]![0]],
      ["pearson", ["a", "b"], 1],
    );
    assert.deepEqual(flow.statuses("node").at(-1), {
      fill: "green",
      shape: "dot",
      text: "twin-stats.status.described",
    });
  });

  it("describes a large table in a thread, by group, as in one piece", async () => {
    const flow = await load({
      columns: ["main_CompForce mean", "tbl_fill_mean", "ejection_mean"],
      by: "code",
      method: "spearman",
    });
    const many = Array.from({ length: 20 }, () => table).flat();
    flow.send("node", { payload: many });
    const { rows, columns, groups } = (await flow.next("out")).payload as TableStatistics;
    assert.deepEqual([rows, Object.keys(columns)], [6360, ["main_CompForce mean", "tbl_fill_mean", "ejection_mean"]]);
    assert.deepEqual(
      groups!.map(({ group, rows: theirs }) => [group, theirs]),
      [
        [13, 2620],
        [23, 3740],
      ],
    );
  });

  it("takes a batch as a table, its twins as groups", async () => {
    const flow = await load({ by: "id" });
    const batch = [
      { id: "p1", ts: 1000, values: { x: 1 } },
      { id: "p2", ts: 2000, values: { x: 5 } },
      { id: "p1", ts: 3000, values: { x: 3 } },
    ];
    flow.send("node", { payload: batch, twin: { batch: 3 } });
    const { payload, twin } = await flow.next("out");
    assert.deepEqual(
      (payload as TableStatistics).groups!.map(({ group, columns }) => [group, columns.x!.mean]),
      [
        ["p1", 2],
        ["p2", 5],
      ],
    );
    assert.equal(twin, undefined);
  });

  it("draws what is asked for into msg.svg, with the model's words and limits, in the language asked for", async () => {
    const flow = await load({
      model: "model-press",
      plot: "histogram",
      columns: ["main_CompForce mean"],
      language: "zh-CN",
    });
    flow.send("node", { payload: table, svg: "old" });
    const { svg, payload } = await flow.next("out");
    assert.match(String(svg), /^<svg.*compression force.*kN.*<\/svg>\s*$/s);
    assert.ok((payload as TableStatistics).columns["main_CompForce mean"]!.mean! > 0);
    for (const plot of ["pair", "correlation", "box", "series"]) {
      flow.send("node", { payload: table, stats: { plot, columns: ["tbl_fill_mean", "ejection_mean"], by: "code" } });
      assert.match(String((await flow.next("out")).svg), /^<svg/, plot);
    }
  });

  it("gives the numbers without a picture where there is nothing to draw, and says why", async () => {
    const flow = await load({ plot: "histogram", columns: ["a"] });
    flow.send("node", { payload: [{ a: null }, { a: "" }], svg: "old" });
    const { svg, payload } = await flow.next("out");
    const { warnings, columns } = payload as TableStatistics;
    assert.deepEqual([svg, columns.a!.count], [undefined, 0]);
    assert.match(warnings!.join(), /There is no picture/);
  });

  it("takes settings of msg.stats over its own, for one message", async () => {
    const flow = await load({ columns: ["a"] });
    flow.send("node", { payload: small, stats: { columns: ["b"], method: "none", by: "kind" } });
    const asked = (await flow.next("out")).payload as TableStatistics;
    assert.deepEqual([Object.keys(asked.columns), asked.correlation, asked.groups!.length], [["b"], null, 2]);
    flow.send("node", { payload: small });
    assert.deepEqual(Object.keys(((await flow.next("out")).payload as TableStatistics).columns), ["a"]);
  });

  it("slides over each twin's samples and names the twin", async () => {
    const flow = await load({ window: "10s" });
    for (const [ts, x] of [
      [1000, 1],
      [5000, 3],
      [12_000, 5],
    ] as const)
      flow.send("node", { topic: "press-6", payload: { x }, twin: { id: "press-6", ts } });
    await flow.next("out");
    await flow.next("out");
    const { topic, payload, twin } = await flow.next("out");
    const { rows, columns, window } = payload as WindowStatistics;
    assert.deepEqual([topic, twin, rows, columns.x!.mean], ["press-6", undefined, 2, 4]);
    assert.deepEqual(window, { type: "sliding", size: 10_000, unit: "ms", from: 5000, to: 12_000, exact: true });
  });

  it("tumbles over batches: a message for each window that ended, what came too late by output 2", async () => {
    const flow = await load({ window: "10s", windowType: "tumbling" });
    const entry = (ts: number, x: number) => ({ id: "p", ts, values: { x } });
    const payload = [entry(1000, 1), entry(11_000, 2), entry(3000, 9), entry(21_000, 4)];
    flow.send("node", { payload, twin: { batch: 4 }, req: "asked" });
    const [first, second, refused] = [await flow.next("out"), await flow.next("out"), await flow.next("refused")];
    assert.deepEqual(
      [first, second].map((msg) => [(msg.payload as WindowStatistics).window.from, msg.req]),
      [
        [0, "asked"],
        [10_000, undefined],
      ],
    );
    assert.deepEqual([refused.payload, refused.req], [[entry(3000, 9)], undefined]);
    const { code, index } = refused.error as Record<string, unknown>;
    assert.deepEqual([code, index], ["out-of-order", 2]);
  });

  const bad: [string, Settings, Record<string, unknown>, string][] = [
    ["an empty table", {}, { payload: [] }, "too-few-rows"],
    ["a text", {}, { payload: "1,2" }, "bad-payload"],
    ["a column of texts that is asked for", { columns: ["kind"] }, { payload: small }, "wrong-type"],
    ["a column that is not there", { columns: ["c"] }, { payload: small }, "schema-mismatch"],
    ["more rows than maxRows", { maxRows: 2 }, { payload: small }, "too-large"],
    ["a key of msg.stats that is none", {}, { payload: small, stats: { colums: ["a"] } }, "bad-request"],
    ["a value of msg.stats that cannot be", {}, { payload: small, stats: { lag: -1 } }, "bad-request"],
    ["msg.stats that is no object", {}, { payload: small, stats: "mean" }, "bad-request"],
  ];
  for (const [what, settings, msg, code] of bad)
    it(`refuses ${what}`, async () => {
      const flow = await load(settings);
      flow.send("node", msg);
      const { error, payload } = await flow.next("refused");
      assert.equal((error as { code: string }).code, code);
      assert.deepEqual(payload, msg.payload);
    });

  const wrong: [Settings, RegExp][] = [
    [{ window: "soon" }, /window is "soon"/],
    [{ method: "kendall" }, /method is "kendall"/],
    [{ columns: ["a"], by: "a" }, /columns is "a"/],
    [{ lag: 1.5 }, /lag is 1.5/],
    [{ maxPoints: 1 }, /maxPoints is 1/],
    [{ plot: "pie" }, /plot is "pie"/],
  ];
  for (const [settings, message] of wrong)
    it(`says which setting is wrong and stays loaded: ${message.source}`, async () => {
      const flow = await load(settings);
      assert.match(String(flow.errors()[0]?.error), message);
    });

  it("works on one table at a time, ends them when told to, and refuses what there is no room for", async () => {
    const flow = await load();
    const rows = Array.from({ length: 200_000 }, (_, i) => ({ a: i, b: -i }));
    for (let i = 0; i < 12; i++) flow.send("node", { payload: rows, i });
    flow.send("node", { stats: { cancel: true } });
    const codes: string[] = [];
    for (let i = 0; i < 12; i++) codes.push(((await flow.next("refused")).error as { code: string }).code);
    assert.deepEqual(
      [codes.filter((code) => code === "busy").length, codes.filter((code) => code === "cancelled").length],
      [3, 9],
    );
    flow.send("node", { payload: small });
    assert.equal(((await flow.next("out")).payload as TableStatistics).rows, 3);
  });

  it("gives up a table that takes longer than allowed", async () => {
    const flow = await load({ timeout: 0.001 });
    flow.send("node", { payload: Array.from({ length: 300_000 }, (_, i) => ({ a: i, b: -i, c: i % 3 })) });
    assert.equal(((await flow.next("refused")).error as { code: string }).code, "timed-out");
  });

  it("lets others have their turns while rows become columns, and hands these to the thread without a copy", async () => {
    const rows = Array.from({ length: 120_000 }, (_, i) => ({ a: String(i % 97), b: `${i}.5`, c: i }));
    const never = new AbortController().signal;
    const [atOnce] = await turnsDuring(() => tableBuilder(rowsOf(rows)).finish());
    assert.equal(atOnce, 0, "at once nothing else gets a turn");
    const shares: number[] = [];
    const [inSlices, table] = await turnsDuring(() =>
      toColumns(rowsOf(rows), {}, never, (share) => shares.push(share)),
    );
    assert.ok(inSlices > 0 && shares.length > 0, "between slices others get theirs");
    const described = describeTable(tableBuilder(rowsOf(rows)).finish());
    const { statistics } = await describeInThread({ table, options: {} }, never, () => {});
    assert.deepEqual(statistics, described);
    assert.deepEqual(
      table.columns.map(({ values }) => values.length),
      [0, 0, 0],
      "handed over",
    );
  });
});
