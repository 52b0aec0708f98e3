import assert from "node:assert/strict";
import { cleanTable } from "../../engine/cleaning/clean-table";
import { readRowOptions } from "../../engine/cleaning/read-row-options";
import { readRules } from "../../engine/cleaning/read-rules";
import type { RefusalInfo } from "../../engine/contract/errors";
import type { Row, Table } from "../../engine/contract/messages";
import type { Message } from "../../nodes/lib/node-red";
import { cleanInThread } from "../../nodes/twin-clean/clean-in-thread";
import { cellsAtOnce, isLarge, maxColumns, maxWaitingTables } from "../../nodes/twin-clean/large-tables";
import { createDice } from "../support/dice";
import { type FlowNode, useRuntime } from "../support/runtime";

/** A table with everything in it that a cell can be. */
function anything(length: number): Table {
  const dice = createDice(5);
  const roll = () => dice(1000) / 1000;
  const cells = (i: number): unknown[] => [
    i,
    Math.sin(i) * 10,
    `${i % 7},5`,
    `text ${i % 5}`,
    "",
    "  ",
    null,
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    new Date(i * 1000),
    { nested: [i] },
    -999,
  ];
  const rows = Array.from({ length }, (_, i): Row => {
    const row: Row = { time: 1_700_000_000_000 + (i - (roll() < 0.1 ? 5 : 0)) * 1000, x: Math.round(roll() * 20) };
    for (const name of ["a", "b", "c"]) if (roll() < 0.8) row[name] = cells(i)[Math.floor(roll() * 14)];
    return row;
  });
  rows[3] = 5 as unknown as Row;
  rows[4] = [1, 2] as unknown as Row;
  return rows;
}

const settings: [string, unknown[], Record<string, unknown>][] = [
  [
    "named columns",
    [
      { property: "a", convert: "number", decimal: "comma", sentinels: [-999], missing: "ffill" },
      { property: "b", convert: "string", onWrongType: "missing" },
      { property: "x", min: 2, max: 15, onRange: "drop" },
      { property: "none", missing: "constant", fill: 1 },
    ],
    {},
  ],
  ["all numbers", [{ property: "*", outlier: "iqr", onOutlier: "replace", missing: "mean" }], {}],
  ["order and duplicates", [], { order: "sort", duplicates: "all" }],
  ["what is dropped", [{ property: "x", missing: "drop" }], { order: "drop", duplicates: "time", keep: "last" }],
  [
    "features",
    [{ property: "a", convert: "number", onWrongType: "missing" }],
    {
      features: [
        { property: "a", kind: "lag" },
        { property: "x", kind: "rolling-sd", window: "9s" },
      ],
    },
  ],
  [
    "a grid",
    [{ property: "c", convert: "category", onWrongType: "missing" }],
    { resample: "7s", resampleMethod: "last", features: [{ property: "x", kind: "difference" }] },
  ],
];

describe("twin-clean with a large table", () => {
  const forever = new AbortController().signal;
  for (const [name, rules, rows] of settings)
    it(`gives in a thread what it gives without: ${name}`, async () => {
      const table = anything(30_000);
      const before = structuredClone(table);
      const options = readRowOptions(rows);
      const direct = cleanTable(table, readRules(rules), options);
      const threaded = await cleanInThread(table, readRules(rules), options, forever);
      assert.deepEqual(threaded, direct);
      assert.deepEqual(table, before, "what came in is as it was");
    });

  it(`more than ${maxColumns} columns are refused (too-large), wherever they stand`, async () => {
    const wide = (columns: number): Row =>
      Object.fromEntries(Array.from({ length: columns }, (_, c) => [`c${c}`, c % 2 === 0 ? c : null]));
    const rules = readRules([{ property: "*", missing: "constant", fill: 0 }]);
    assert.throws(() => isLarge([wide(100_000)], rules, {}), { code: "too-large" });
    assert.equal(isLarge([{ x: 1 }, wide(100_000)], rules, {}), true);
    await assert.rejects(cleanInThread([{ x: 1 }, wide(100_000)], rules, {}, forever), { code: "too-large" });
    const sparse = Array.from({ length: maxColumns + 1 }, (_, i) => ({ [`c${i}`]: i }));
    await assert.rejects(cleanInThread(sparse, rules, {}, forever), { code: "too-large" });
    const { rows, report } = await cleanInThread([wide(maxColumns)], rules, {}, forever);
    assert.deepEqual([rows[0]!.c19998, rows[0]!.c19999, report.changed], [19_998, 0, maxColumns / 2]);
  });

  it("a refusal of the whole table comes back as one", async () => {
    const table = Array.from({ length: 30_000 }, (_, x) => ({ x }));
    await assert.rejects(cleanInThread(table, [], readRowOptions({ order: "sort" }), forever), { code: "bad-time" });
  });

  it("is one from that many cells on that are looked at", () => {
    const table = (rows: number, columns: number): Table =>
      Array.from({ length: rows }, () => Object.fromEntries(Array.from({ length: columns }, (_, c) => [`c${c}`, 1])));
    const named = readRules([{ property: "c0" }, { property: "c1" }]);
    assert.equal(isLarge(table(cellsAtOnce / 10, 10), named, {}), false);
    assert.equal(isLarge(table(cellsAtOnce / 10 + 1, 10), named, {}), true);
    assert.equal(isLarge(table(cellsAtOnce, 1), named, {}), true, "two rules look at each cell");
    assert.equal(
      isLarge(table(cellsAtOnce / 30 + 1, 10), readRules([1, 2, 3].map(() => ({ property: "*" }))), {}),
      true,
    );
    const wide = { length: 5_000_001, 0: Object.fromEntries("abcdefghij".split("").map((c) => [c, 1])) };
    assert.throws(() => isLarge(wide as unknown as Table, named, {}), { code: "too-large" });
  });

  describe("in a flow", () => {
    const runtime = useRuntime();
    const out: FlowNode[] = [
      { id: "out", type: "helper" },
      { id: "dropped", type: "helper" },
    ];
    const load = (more: Record<string, unknown> = {}) =>
      runtime.load(
        ["twin-clean"],
        [
          {
            id: "clean",
            type: "twin-clean",
            rules: [{ property: "x", missing: "ffill" }],
            wires: [["out"], ["dropped"]],
            ...more,
          },
          ...out,
        ],
      );
    const large = (length = 30_000) => Array.from({ length }, (_, i) => ({ x: i % 3 === 0 ? null : i, y: "text" }));
    const errorOf = (msg: Message) => (msg.error as RefusalInfo).code;
    const sample = (x: number) => ({ topic: "a", payload: { x }, twin: { id: "a", ts: x } });

    it("leaves in its place: what came after it leaves after it", async () => {
      const flow = await load();
      flow.send("clean", sample(1));
      flow.send("clean", { payload: large(), mark: "large" });
      flow.send("clean", sample(2));
      flow.send("clean", { payload: [{ x: 5 }], mark: "small" });
      flow.send("clean", { payload: large(20_001), mark: "large too" });
      flow.send("clean", sample(3));
      const order: unknown[] = [];
      for (let k = 0; k < 6; k++) {
        const msg = await flow.next("out", 20_000);
        order.push(msg.mark ?? (msg.payload as { x: number }).x);
      }
      assert.deepEqual(order, [1, "large", 2, "small", "large too", 3]);
    });

    it("lets the event loop turn while it is cleaned", async () => {
      const flow = await load({ rules: [{ property: "*", missing: "ffill" }] });
      let turns = 0;
      const count = (): void => {
        turns++;
        timer = setImmediate(count);
      };
      let timer = setImmediate(count);
      flow.send("clean", { payload: large(200_000) });
      const msg = await flow.next("out", 20_000);
      clearImmediate(timer);
      assert.equal((msg.payload as Row[])[199_998]!.x, 199_997);
      // About 400,000 cells each way, 50,000 at a time; a held loop turns a few times only.
      assert.ok(turns > 20, `${turns} turns`);
    });

    it("can be cancelled, with those that wait; samples that wait are cleaned", async () => {
      const flow = await load();
      flow.send("clean", { payload: large(300_000), mark: 1 });
      flow.send("clean", { payload: large(), mark: 2 });
      flow.send("clean", sample(7));
      await new Promise((resolve) => setTimeout(resolve, 20));
      flow.send("clean", { clean: { cancel: true } });
      const refused = [await flow.next("dropped", 20_000), await flow.next("dropped", 20_000)];
      assert.deepEqual(
        refused.map((msg) => [msg.mark, errorOf(msg), (msg.payload as unknown[]).length]),
        [
          [1, "cancelled", 300_000],
          [2, "cancelled", 30_000],
        ],
      );
      assert.deepEqual((await flow.next("out")).payload, { x: 7 });
      flow.send("clean", { payload: large() });
      assert.equal(((await flow.next("out", 20_000)).payload as unknown[]).length, 30_000);
    });

    it(`refuses the one after ${maxWaitingTables} that wait (busy)`, async function () {
      this.timeout(60_000);
      const flow = await load();
      for (let k = 0; k < maxWaitingTables + 2; k++) flow.send("clean", { payload: large(20_001), mark: k });
      const msg = await flow.next("dropped", 20_000);
      assert.deepEqual([errorOf(msg), msg.mark], ["busy", maxWaitingTables + 1]);
      for (let k = 0; k <= maxWaitingTables; k++) assert.equal((await flow.next("out", 20_000)).mark, k);
    });

    it("does not hold up a deploy", async () => {
      const flow = await load();
      flow.send("clean", { payload: large(300_000) });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await runtime.unload();
      const again = await load();
      again.send("clean", { payload: [{ x: 1 }] });
      assert.deepEqual((await again.next("out")).payload, [{ x: 1 }]);
    });
  });
});
