import assert from "node:assert/strict";
import type { Sample } from "../../engine/contract/messages";
import type { Host } from "../../nodes/lib/define-node";
import type { Message } from "../../nodes/lib/node-red";
import type { History, HistoryStatus } from "../../nodes/twin-history/history";
import { createHistoryBadge } from "../../nodes/twin-write/history-badge";
import { readRows } from "../../nodes/twin-write/read-rows";
import { useInfluxd } from "../support/influxd";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

const t0 = 1_772_409_600_000;
let nextDatabase = 0;

/** twin-write and twin-query on a history of their own. */
const flowOf = (history: Record<string, unknown> = {}): FlowNode[] => [
  { id: "history", type: "twin-history", database: `write${nextDatabase++}`, ...history },
  { id: "write", type: "twin-write", history: "history", wires: [["out"], ["refused"]] },
  {
    id: "query",
    type: "twin-query",
    history: "history",
    start: "0",
    end: "2030-01-01",
    wires: [["rows"], ["refused"]],
  },
  { id: "out", type: "helper" },
  { id: "refused", type: "helper" },
  { id: "rows", type: "helper" },
];

async function rowsOf(flow: LoadedFlow): Promise<unknown> {
  flow.send("query", { query: { twin: "*" } });
  return (await flow.next("rows")).payload;
}

describe("twin-write", () => {
  const runtime = useRuntime();
  const load = (history: Record<string, unknown> = {}): Promise<LoadedFlow> =>
    runtime.load(["twin-write", "twin-query"], flowOf(history));

  it("writes a sample and passes the message on unchanged, with what was written", async () => {
    const flow = await load();
    const msg = {
      topic: "press-6",
      payload: { force: 6.8, mode: "run", on: true, none: null },
      twin: { id: "press-6", ts: t0, model: "press", rev: 3 },
      other: { kept: 1 },
    };
    flow.send("write", structuredClone(msg));
    const out = await flow.next("out");
    const { written, _msgid, ...rest } = out;
    assert.deepEqual(rest, msg);
    assert.deepEqual(written, { count: 1, backend: "embedded", database: `write${nextDatabase - 1}` });
    assert.deepEqual(await rowsOf(flow), [{ time: t0, id: "press-6", force: 6.8, mode: "run", on: true }]);
  });

  it("takes an object without msg.twin as a sample of the topic's twin, true now", async () => {
    const flow = await load();
    const before = Date.now();
    flow.send("write", { topic: "sensor", payload: { temperature: 25 } });
    await flow.next("out");
    const [row] = (await rowsOf(flow)) as { time: number; id: string }[];
    assert.equal(row?.id, "sensor");
    assert.ok((row?.time ?? 0) >= before);
  });

  it("writes late samples, too", async () => {
    const flow = await load();
    flow.send("write", { topic: "a", payload: { x: 1 }, twin: { id: "a", ts: t0, historical: true } });
    await flow.next("out");
    assert.deepEqual(await rowsOf(flow), [{ time: t0, id: "a", x: 1 }]);
  });

  it("keeps nothing of what its device calls transient, alone or in a batch, and passes it on", async () => {
    const flow = await load();
    flow.send("write", { topic: "a", payload: { x: 1 }, twin: { id: "a", ts: t0, transient: true } });
    assert.equal(((await flow.next("out")).written as { count: number }).count, 0);
    const batch = [
      { id: "a", ts: t0 + 1, values: { x: 2 } },
      { id: "a", ts: t0 + 2, values: { x: 3 }, transient: true },
    ];
    flow.send("write", { payload: batch, twin: { batch: 2 } });
    const out = await flow.next("out");
    assert.deepEqual(out.payload, batch);
    assert.equal((out.written as { count: number }).count, 1);
    assert.deepEqual(await rowsOf(flow), [{ time: t0 + 1, id: "a", x: 2 }]);
  });

  it("writes a batch, refuses its bad rows one by one, and passes the good part on", async () => {
    const flow = await load();
    const rows = [
      { id: "a", ts: t0, values: { x: 1 } },
      { id: "a b", ts: t0, values: { x: 2 } },
      { id: "a", ts: t0 + 1, values: { time: 3 } },
      "not a row",
      { id: "a", ts: t0 + 2, values: { x: 4 }, raw: { x: 5 } },
      { id: "a", ts: "yesterday", values: { x: 5 } },
      { id: "a", ts: t0 + 3, values: { x: null } },
    ];
    const req = {};
    const res = {};
    flow.send("write", { payload: rows, twin: { batch: rows.length }, req, res });
    const [out, refused] = await Promise.all([flow.next("out"), flow.next("refused")]);
    assert.deepEqual(out.payload, [rows[0], rows[4], rows[6]]);
    assert.deepEqual(out.twin, { batch: 3 });
    assert.deepEqual(
      { ...(out.written as object), database: "" },
      { count: 2, backend: "embedded", database: "", empty: 1 },
    );
    assert.ok(out.req && out.res);
    assert.deepEqual(refused.payload, [rows[1], rows[2], rows[3], rows[5]]);
    assert.deepEqual(
      (refused.errors as { code: string; index: number }[]).map(({ code, index }) => [code, index]),
      [
        ["bad-id", 1],
        ["bad-name", 2],
        ["bad-payload", 3],
        ["bad-time", 5],
      ],
    );
    assert.equal((refused.error as { code: string }).code, "bad-id");
    assert.ok(!("req" in refused) && !("res" in refused));
    assert.deepEqual(await rowsOf(flow), [
      { time: t0, id: "a", x: 1 },
      { time: t0 + 2, id: "a", x: 4 },
    ]);
  });

  it("sends nothing by the first output when every row is bad, and answers HTTP by the second", async () => {
    const flow = await load();
    flow.send("write", { payload: [{ id: "", ts: 1, values: {} }], twin: { batch: 1 }, req: {}, res: {} });
    const refused = await flow.next("refused");
    assert.equal(refused.statusCode, 400);
    assert.ok(refused.req && refused.res);
    flow.send("write", { topic: "a", payload: { x: {} }, req: {}, res: {} });
    assert.equal((await flow.next("refused")).statusCode, 422);
    assert.equal(flow.waiting("out").length, 0);
  });

  for (const [what, msg, code] of [
    ["a table", { payload: [{ a: 1 }] }, "bad-payload"],
    ["a text", { topic: "a", payload: "25" }, "bad-payload"],
    ["no twin", { payload: { a: 1 } }, "bad-id"],
    ["a topic that is no id", { topic: "a/b#", payload: { a: 1 } }, "bad-id"],
    ["a name that is none", { topic: "a", payload: { "a\nb": 1 } }, "bad-name"],
    ["__proto__", { topic: "a", payload: JSON.parse('{"__proto__": 1}') }, "bad-name"],
    ["a nested object", { topic: "a", payload: { a: { b: 1 } } }, "wrong-type"],
    ["a time that is none", { topic: "a", payload: { a: 1 }, twin: { id: "a", ts: "now" } }, "bad-time"],
  ] as [string, Message, string][])
    it(`refuses ${what} as ${code}, and goes on`, async () => {
      const flow = await load();
      flow.send("write", msg);
      const { error } = (await flow.next("refused")) as { error?: { code: string; message: string; hint: string } };
      assert.equal(error?.code, code);
      assert.ok(error?.message && error.hint);
      flow.send("write", { topic: "a", payload: { a: 1 } });
      await flow.next("out");
      assert.deepEqual(flow.errors(), []);
    });

  it("keeps the order of messages, and has many on their way at once", async () => {
    const flow = await load();
    const sizes = [5000, 1, 3000, 1, 1];
    for (const [n, size] of sizes.entries()) {
      const payload = Array.from({ length: size }, (_, i): Sample => ({ id: `t${n}`, ts: t0 + i, values: { x: i } }));
      flow.send("write", { n, payload, twin: { batch: size } });
    }
    for (const n of sizes.keys()) assert.equal((await flow.next("out")).n, n);
  });

  it("writes to the history that is there without one", async () => {
    const flow = await runtime.load(
      ["twin-write", "twin-query"],
      flowOf()
        .filter(({ id }) => id !== "history")
        .map((node) => ({ ...node, history: "" })),
    );
    flow.send("write", { topic: "a", payload: { x: 1 }, twin: { id: "a", ts: t0 } });
    assert.deepEqual((await flow.next("out")).written, { count: 1, backend: "embedded", database: "twin" });
    assert.deepEqual(await rowsOf(flow), [{ time: t0, id: "a", x: 1 }]);
  });

  it("says for each message that its history is misconfigured", async () => {
    const flow = await load({ backend: "influx", url: "" });
    flow.send("write", { topic: "a", payload: { x: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const failure = flow.errors().find(({ error }) => error instanceof Error)?.error;
    assert.equal(failure?.code, "bad-setting");
    assert.match(String(failure), /url is ""/);
    assert.equal(flow.waiting("out").length + flow.waiting("refused").length, 0);
    assert.equal(flow.statuses("write").at(-1)?.shape, "ring");
  });

  describe("to InfluxDB", () => {
    const influxd = useInfluxd();

    it("passes messages on, in their order, when their samples are durable; its badge tells what goes on", async () => {
      const flow = await load({ url: influxd().url });
      flow.send("write", { n: 0, topic: "a", payload: { x: 0 }, twin: { id: "a", ts: t0 } });
      const { database, ...written } = (await flow.next("out")).written as Record<string, unknown>;
      assert.deepEqual(written, { count: 1, backend: "influx" });
      await influxd().kill();
      for (let n = 1; n <= 30; n++)
        flow.send("write", { n, topic: "a", payload: { x: n }, twin: { id: "a", ts: t0 + n } });
      for (let n = 1; n <= 30; n++) {
        const out = await flow.next("out");
        assert.equal(out.n, n);
        assert.deepEqual(out.written, { count: 1, spooled: 1, backend: "influx", database });
      }
      await until(() => /spool/.test(flow.statuses("write").at(-1)?.text ?? ""));
      assert.deepEqual(flow.statuses("write").at(-1)?.fill, "yellow");
      await influxd().start();
      await until(() => flow.statuses("write").at(-1)?.fill === "green");
      assert.equal(((await rowsOf(flow)) as unknown[]).length, 31);
      assert.deepEqual(flow.errors(), []);
    }).timeout(30_000);

    it("tells a core status node in numbers how its history stands, from the start on, and no reason", async () => {
      const nodes = [
        { id: "status", type: "status", scope: ["write"], wires: [["told"]] },
        { id: "told", type: "helper" },
      ];
      const types = ["twin-write", "twin-query", "core/common/25-status"];
      const flow = await runtime.load(types, [...flowOf({ url: influxd().url }), ...nodes]);
      const told = async (wanted: (storage: HistoryStatus & { backend: string }) => boolean): Promise<void> => {
        for (;;) {
          const { status } = (await flow.next("told", 10_000)) as { status: Record<string, unknown> };
          const storage = status.storage as (HistoryStatus & { backend: string }) | undefined;
          assert.equal(typeof status.text, "string");
          if (!storage) continue;
          assert.ok(!("reason" in storage));
          if (wanted(storage)) return;
        }
      };
      await told(({ backend, state, spooled }) => backend === "influx" && state === "ok" && spooled === 0);
      await influxd().kill();
      flow.send("write", { topic: "a", payload: { x: 1 }, twin: { id: "a", ts: t0 } });
      await told(({ state, spooled, oldestMs }) => state === "retrying" && spooled === 1 && oldestMs > 1000);
      await influxd().start();
      await told(({ state, spooled, oldestMs }) => state === "ok" && spooled === 0 && oldestMs === 0);
    }).timeout(30_000);

    it("keeps the order where a later message has nothing to wait for", async () => {
      const flow = await load({ url: influxd().url });
      for (const [n, x] of [1, null, 3, null].entries())
        flow.send("write", { n, topic: "a", payload: { x }, twin: { id: "a", ts: t0 + n } });
      for (let n = 0; n < 4; n++) assert.equal((await flow.next("out")).n, n);
    });

    it("refuses what the server refuses, with its reason, and passes the rest on", async () => {
      const flow = await load({ url: influxd().url });
      flow.send("write", { topic: "a", payload: { x: 1 }, twin: { id: "a", ts: t0 } });
      await flow.next("out");
      const rows = [1, "two", 3].map((x, i) => ({ id: "a", ts: t0 + 1 + i, values: { x } }));
      flow.send("write", { payload: rows, twin: { batch: 3 } });
      const [out, refused] = await Promise.all([flow.next("out"), flow.next("refused")]);
      assert.deepEqual(out.payload, [rows[0], rows[2]]);
      assert.deepEqual(refused.payload, [rows[1]]);
      assert.deepEqual(
        (refused.errors as { code: string; index: number; property: string }[]).map(({ code, index, property }) => ({
          code,
          index,
          property,
        })),
        [{ code: "wrong-type", index: 1, property: "x" }],
      );
    });

    it("holds messages while the spool is full, and refuses as busy, at once, what may not wait any more", async () => {
      const flow = await load({ url: "http://127.0.0.1:9", spoolMb: 1 });
      const batch = (n: number, size: number): Message => ({
        n,
        payload: Array.from({ length: size }, (_, i) => ({ id: "a", ts: t0 + i, values: { x: i } })),
        twin: { batch: size },
        res: {},
      });
      flow.send("write", batch(1, 90_000));
      await until(() => flow.statuses("write").some(({ text }) => /status.away/.test(text ?? "")));
      flow.send("write", batch(2, 90_000));
      const refused = await flow.next("refused");
      assert.equal((refused.error as { code: string }).code, "busy");
      assert.equal(refused.statusCode, 503);
      assert.equal(refused.n, 2);
      // What a durable twin-ingest stands behind is no refusal, but a failure that it repairs by sending again later.
      flow.send("write", { ...batch(3, 90_000), _twinTokens: [1] });
      await until(() => flow.errors().length > 0);
      const { error } = flow.errors()[0] as { error: { code?: string; retryable?: boolean } };
      assert.deepEqual([error.code, error.retryable], ["busy", true]);
      assert.equal(flow.waiting("out").length + flow.waiting("refused").length, 0);
    }).timeout(20_000);
  });
});

/** What the badge says in the words of each language, which the helper's runtime has not. */
describe("twin-write, its badge", () => {
  const status: HistoryStatus = {
    state: "retrying",
    waiting: 0,
    spooled: 12_034,
    spoolBytes: 1e6,
    spoolMaxBytes: 2e6,
    oldestMs: 42_100,
    refusedLater: 0,
    dropped: 0,
  };
  for (const [language, more, text] of [
    ["en-US", {}, "InfluxDB unreachable: 12,034 spooled, oldest 42 s"],
    ["zh-CN", {}, "InfluxDB 不可达：已缓存 12,034，最早 42 秒前"],
    ["en-US", { waiting: 70 }, "InfluxDB unreachable: 12,034 spooled, 70 waiting"],
    ["en-US", { state: "ok" }, "sending 12,034 spooled, oldest 42 s"],
    ["zh-CN", { state: "ok" }, "正在补发缓存 12,034，最早 42 秒前"],
    ["en-US", { state: "ok", spooled: 0, refusedLater: 3, dropped: 1000 }, "0 written, 3 refused later, 1,000 dropped"],
    ["zh-CN", { state: "ok", spooled: 0, refusedLater: 3, dropped: 1000 }, "已写入 0，事后拒绝 3，已丢弃 1,000"],
    ["en-US", { state: "failed", reason: "no" }, "no"],
  ] as [string, Partial<HistoryStatus>, string][])
    it(`${language}: ${text}`, () => {
      const catalogue = require(`../../nodes/twin-write/locales/${language}/twin-write.json`)["twin-write"].status;
      const shown: string[] = [];
      const closers: (() => void)[] = [];
      const host = {
        show: (_state: string, said: string | (() => string)) => shown.push(typeof said === "string" ? said : said()),
        text: (key: string, params: Record<string, string>) =>
          catalogue[key.replace("status.", "")].replace(/__(\w+)__/g, (_all: string, name: string) => params[name]),
        onClose: (close: () => void) => closers.push(close),
      };
      createHistoryBadge(
        host as unknown as Host,
        {
          describe: () => ({ ...status, ...more }),
          watch: () => () => undefined,
        } as unknown as History,
      );
      for (const close of closers) close();
      assert.deepEqual(shown, [text]);
      assert.ok(text.length <= 60, "fits the badge");
    });
});

describe("readRows", () => {
  it("reads a million rows without a copy of each when all are good", () => {
    const payload = [{ id: "a", ts: 1, values: { x: 1 } }];
    const { samples, refused } = readRows({ payload, twin: { batch: 1 } });
    assert.equal(samples[0]?.values, payload[0]?.values);
    assert.deepEqual(refused, []);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not come to pass");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
