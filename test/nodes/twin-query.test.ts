import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Message, NodeRed } from "../../nodes/lib/node-red";
import { readQuestion } from "../../nodes/twin-query/read-question";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

const t0 = 1_772_409_600_000;
let nextDatabase = 0;
type Loadable = Parameters<ReturnType<typeof useRuntime>["load"]>[0][number];

const flowOf = (settings: Record<string, unknown>, more: FlowNode[] = []): FlowNode[] => [
  { id: "history", type: "twin-history", database: `query${nextDatabase++}` },
  { id: "write", type: "twin-write", history: "history", wires: [["written"], []] },
  { id: "query", type: "twin-query", history: "history", wires: [["rows"], ["refused"]], ...settings },
  { id: "written", type: "helper" },
  { id: "rows", type: "helper" },
  { id: "refused", type: "helper" },
  ...more,
];

describe("twin-query", () => {
  const runtime = useRuntime();

  /** With four samples of press-6 and one of press-7 in the history. */
  async function load(settings: Record<string, unknown> = {}, types: Loadable[] = [], more: FlowNode[] = []) {
    const flow = await runtime.load(["twin-write", "twin-query", ...types], flowOf(settings, more));
    const rows = [
      { id: "press-6", ts: t0, values: { force: 1, speed: 10 } },
      { id: "press-6", ts: t0 + 30_000, values: { force: 3 } },
      { id: "press-6", ts: t0 + 60_000, values: { force: 5, mode: "run" } },
      { id: "press-6", ts: Date.now() - 60_000, values: { force: 7 } },
      { id: "press-7", ts: t0, values: { force: 100 } },
    ];
    flow.send("write", { payload: rows, twin: { batch: rows.length } });
    await flow.next("written");
    return flow;
  }
  const ask = async (flow: LoadedFlow, msg: Message = {}): Promise<Message> => {
    flow.send("query", msg);
    return flow.next("rows");
  };

  it("answers what its settings ask, in msg.payload, and leaves the rest of the message alone", async () => {
    const flow = await load({ twin: "press-6", properties: ["force"], start: t0, end: String(t0 + 40_000) });
    const msg = await ask(flow, { topic: "ignored", other: 1, twin: { id: "x" }, query: { limit: "" } });
    assert.deepEqual(msg.payload, [
      { time: t0, id: "press-6", force: 1 },
      { time: t0 + 30_000, id: "press-6", force: 3 },
    ]);
    assert.equal(msg.topic, "ignored");
    assert.equal(msg.other, 1);
    assert.deepEqual(msg.query, { limit: "" });
    assert.ok(!("twin" in msg), "a table has no msg.twin");
  });

  it("with no settings at all answers the last hour of every twin", async () => {
    const flow = await load();
    const { payload } = await ask(flow);
    assert.deepEqual(
      (payload as { id: string; force: number }[]).map(({ id, force }) => [id, force]),
      [["press-6", 7]],
    );
  });

  it("takes the twin from msg.topic where none is named", async () => {
    const flow = await load({ start: t0, end: t0 });
    const idsOf = async (msg: Message): Promise<unknown> =>
      ((await ask(flow, msg)).payload as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(await idsOf({ topic: "press-7" }), ["press-7"]);
    assert.deepEqual(await idsOf({ topic: "press-*" }), ["press-6", "press-7"]);
    assert.deepEqual(await idsOf({ topic: "press-7", query: { twin: "press-6" } }), ["press-6"]);
    assert.deepEqual(await idsOf({ topic: "" }), ["press-6", "press-7"]);
  });

  it("takes every key from msg.query before the setting", async () => {
    const flow = await load({
      twin: "press-7",
      properties: ["speed"],
      start: "-1h",
      end: "now",
      aggregate: "max",
      limit: 1,
    });
    const query = {
      twin: "press-6",
      properties: "force, speed",
      start: new Date(t0).toISOString(),
      end: t0 + 60_000,
      window: "1m",
      aggregate: "mean",
      fill: 0,
      limit: "5",
    };
    assert.deepEqual((await ask(flow, { query })).payload, [
      { time: t0, id: "press-6", force: 2, speed: 10 },
      { time: t0 + 60_000, id: "press-6", force: 5, speed: 0 },
    ]);
  });

  for (const [query, code, text] of [
    [{ start: "yesterday" }, "bad-time", /msg\.query\.start is "yesterday"/],
    [{ end: "2026-13-45" }, "bad-time", /msg\.query\.end/],
    [{ properties: ['a"'] }, "bad-name", /msg\.query\.properties is "a\\""/],
    [{ twin: "a'b" }, "bad-id", /msg\.query\.twin/],
    [{ window: "soon", aggregate: "mean" }, "bad-request", /msg\.query\.window/],
    [{ agregate: "mean" }, "bad-request", /msg\.query\.agregate is not a key/],
    [{ history: "other" }, "bad-request", /msg\.query\.history is not a key/],
    [JSON.parse('{"__proto__": {"twin": "*"}}'), "bad-request", /__proto__ is not a key/],
    ["last hour", "bad-request", /msg\.query is "last hour"/],
    [[1], "bad-request", /msg\.query is an array/],
  ] as [unknown, string, RegExp][])
    it(`refuses ${JSON.stringify(query)} as ${code}, by name and with the fix, and goes on`, async () => {
      const flow = await load();
      flow.send("query", { query, res: {}, payload: "kept" });
      const { error, statusCode, payload } = (await flow.next("refused")) as Message & {
        error: { code: string; message: string; hint: string };
      };
      assert.equal(error.code, code);
      assert.match(error.message, text);
      assert.ok(error.hint);
      assert.equal(statusCode, 400);
      assert.equal(payload, "kept");
      await ask(flow);
      assert.deepEqual(flow.errors(), []);
    });

  it("refuses a topic that is no id, and says where it is from", async () => {
    const flow = await load();
    flow.send("query", { topic: "sensor/data" });
    assert.match(((await flow.next("refused")).error as { message: string }).message, /^msg\.topic is "sensor\/data"/);
  });

  for (const [settings, text] of [
    [{ start: "yesterday" }, /start is "yesterday"/],
    [{ aggregate: "average" }, /aggregate is "average"/],
    [{ aggregate: "mean", window: "x" }, /window is "x"/],
    [{ properties: ["id"] }, /properties is "id"/],
    [{ limit: "-5" }, /limit is "-5"/],
    [{ history: "gone" }, /history refers to the node gone/],
  ] as [Record<string, unknown>, RegExp][])
    it(`says which setting is wrong: ${JSON.stringify(settings)}`, async () => {
      const flow = await runtime.load(["twin-write", "twin-query"], flowOf(settings));
      assert.match(String(flow.errors().find(({ id }) => id === "query")?.error), text);
      assert.equal(flow.statuses("query").at(-1)?.fill, "red");
    });

  it("ignores settings that the aggregate does not use, and environment variables that are not set", async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what Node-RED leaves of a variable that is not set
    const unset = "${NO_SUCH_VARIABLE}";
    const flow = await load({ window: "x", fill: "y", twin: unset, start: unset });
    assert.equal(((await ask(flow)).payload as unknown[]).length, 1);
  });

  it("answers HTTP from http in to http response, and leaves msg.req.query alone", async () => {
    let app: RequestListener | undefined;
    const server = createServer((req, res) => app?.(req, res));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const mount = (red: NodeRed): void => {
      // The helper serves no flow's HTTP endpoints.
      app = red.httpNode as unknown as RequestListener;
    };
    const flow = await load(
      { twin: "press-6", start: t0, end: t0 + 60_000, aggregate: "count" },
      ["core/network/21-httpin", "core/function/15-change", mount],
      [
        { id: "in", type: "http in", url: "/history", method: "get", wires: [["query-http"]] },
        { id: "in-chosen", type: "http in", url: "/chosen", method: "get", wires: [["choose"]] },
        {
          id: "choose",
          type: "change",
          rules: [{ t: "set", p: "query", pt: "msg", to: "req.query", tot: "msg" }],
          wires: [["query-http"]],
        },
        {
          id: "query-http",
          type: "twin-query",
          history: "history",
          twin: "press-6",
          start: t0,
          end: t0 + 60_000,
          properties: ["force"],
          aggregate: "count",
          wires: [["answer"], ["answer"]],
        },
        { id: "answer", type: "http response", wires: [] },
      ],
    );
    const get = async (path: string): Promise<[number, unknown]> => {
      const response = await fetch(url + path);
      return [response.status, await response.json().catch(() => undefined)];
    };
    assert.deepEqual(await get("/history?aggregate=max"), [200, [{ time: t0, id: "press-6", force: 3 }]]);
    assert.deepEqual(await get("/chosen?aggregate=max"), [200, [{ time: t0, id: "press-6", force: 5 }]]);
    assert.deepEqual(await get(`/chosen?aggregate=none&limit=1&end=${t0}`), [
      200,
      [{ time: t0, id: "press-6", force: 1 }],
    ]);
    assert.equal((await get("/chosen?start=yesterday"))[0], 400);
    assert.equal((await get("/chosen?aggregate=mean&aggregate=max"))[0], 400);
    assert.deepEqual(flow.errors(), []);
    server.close();
    server.closeAllConnections();
  });

  it("shows how many rows and how long, and fails by done when the history does", async () => {
    const flow = await load({ start: t0, end: t0 });
    await ask(flow);
    assert.match(flow.statuses("query").at(-1)?.text ?? "", /status\.rows|2 rows/);
    await runtime.unload();
    const gone = await runtime.load(
      ["twin-query", "core/common/25-catch"],
      [
        { id: "history", type: "twin-history", url: "http://127.0.0.1:9", database: "gone" },
        { id: "query", type: "twin-query", history: "history", z: "flow", wires: [["rows"], ["refused"]] },
        { id: "rows", type: "helper", z: "flow" },
        { id: "refused", type: "helper", z: "flow" },
      ],
    );
    gone.send("query", {});
    const deadline = Date.now() + 3000;
    while (gone.errors().length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    const failure = gone.errors().find(({ error }) => error instanceof Error)?.error;
    assert.equal(failure?.code, "history-failed");
    assert.match(String(failure), /InfluxDB cannot be reached/);
    assert.equal(gone.waiting("refused").length, 0);
  });
});

describe("readQuestion", () => {
  it("reads relative times at the time of each message", () => {
    const at = (now: number): number => readQuestion({ start: "-1m" }, {}, now).start;
    assert.equal(at(100_000), 40_000);
    assert.equal(at(200_000), 140_000);
  });

  it("does not let a blank override widen the question", () => {
    for (const blank of ["", "  ", null, undefined])
      assert.equal(readQuestion({ twin: "press-6" }, { query: { twin: blank } }, 0).twin, "press-6");
  });
});
