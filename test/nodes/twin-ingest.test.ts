import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import mqtt, { type MqttClient } from "mqtt";
import type { RefusalInfo } from "../../engine/contract/errors";
import { quietMs } from "../../nodes/lib/delivery";
import type { Message, NodeRed } from "../../nodes/lib/node-red";
import { disposeShared } from "../../nodes/lib/shared";
import { embeddedBrokerAddress } from "../../nodes/twin-broker/twin-broker";
import { createPace } from "../../nodes/twin-ingest/pace";
import { unpack } from "../../nodes/twin-ingest/unpack";
import { useMosquitto } from "../support/mosquitto";
import { freePort } from "../support/ports";
import { type FlowNode, type LoadedFlow, type Runtime, useRuntime } from "../support/runtime";

async function until(condition: () => boolean, what: string, timeoutMs = 8000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !condition(); ) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a test leaves in the journal is not sent on in the next. */
function useCleanRuntime(): Runtime {
  const runtime = useRuntime();
  afterEach(async () => {
    await disposeShared();
    rmSync(path.join(runtime.home(), "twin/journal"), { recursive: true, force: true });
  });
  return runtime;
}

const bomb = gzipSync(Buffer.alloc(50_000_000));

/** A twin-ingest with its two outputs. */
const flowOf = (settings: Record<string, unknown>, ...more: FlowNode[]): FlowNode[] => [
  { id: "in", type: "twin-ingest", wires: [["out"], ["refused"]], ...settings },
  { id: "out", type: "helper" },
  { id: "refused", type: "helper" },
  ...more,
];

// Not "press": Node-RED takes any property that equals a node's id for a reference, and this one for a circular one.
const press: FlowNode = {
  id: "press-model",
  type: "twin-model",
  model: "press",
  properties: [
    { name: "temperature", type: "number", min: -20, max: 80, unit: "°C" },
    { name: "humidity", type: "integer", min: 0, max: 100 },
  ],
};

const errorOf = (msg: Message): RefusalInfo => msg.error as RefusalInfo;

describe("twin-ingest, wired", () => {
  const runtime = useCleanRuntime();

  it("makes a sample of a message with a topic and an object, and leaves other fields alone", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({}));
    const req = { path: "/x" };
    const before = Date.now();
    flow.send("in", {
      topic: "sensor/data",
      payload: { temperature: 25, humidity: 45 },
      keep: 1,
      req,
      parts: { id: "p" },
    });
    const { topic, payload, twin, keep, req: passed, parts } = await flow.next("out");
    assert.deepEqual([topic, payload, keep, parts], ["sensor", { temperature: 25, humidity: 45 }, 1, { id: "p" }]);
    assert.equal(passed, req);
    const { id, ts } = twin as { id: string; ts: number };
    assert.equal(id, "sensor");
    assert.ok(ts >= before && ts <= Date.now());
  });

  it("makes a batch of an array, refuses single rows by output 2, and answers only once", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({ model: "press-model" }, press));
    const rows = [
      { id: "a", ts: 5, values: { temperature: 20 } },
      { id: "a", ts: 6, values: { temperature: 200 } },
      { temperature: 21 },
    ];
    const res = { end: () => undefined };
    flow.send("in", { topic: "b", payload: rows, req: {}, res });
    const good = await flow.next("out");
    assert.deepEqual(good.twin, { batch: 2 });
    const [first, second] = good.payload as { id: string; model: string }[];
    assert.deepEqual(first, { id: "a", ts: 5, values: { temperature: 20 }, model: "press" });
    assert.deepEqual([second?.id, second?.model], ["b", "press"]);
    assert.equal(good.res, res);
    const refused = await flow.next("refused");
    assert.deepEqual(refused.payload, [rows[1]]);
    assert.equal(errorOf(refused).code, "out-of-range");
    assert.deepEqual(
      (refused.errors as RefusalInfo[]).map(({ index }) => index),
      [1],
    );
    assert.equal("res" in refused, false);
  });

  it("gives a request that is refused as a whole its status code and response", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({}));
    for (const payload of [{ a: [1] }, [{ a: [1] }, { a: {} }]]) {
      const res = {};
      flow.send("in", { topic: "a", payload, req: {}, res });
      const refused = await flow.next("refused");
      assert.equal(refused.statusCode, 422);
      assert.equal(refused.res, res);
    }
    assert.deepEqual(flow.waiting("out"), []);
  });

  it("takes the path of an http in for the topic", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({}));
    flow.send("in", { payload: { temperature: 25 }, req: { path: "/sensor_data" }, res: {} });
    assert.equal((await flow.next("out")).topic, "sensor_data");
  });

  it("keeps what a message that is a sample or batch already says", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({ idFrom: "const:other", tsFrom: "payload:t" }));
    const twin = { id: "a", ts: 7, seq: 3, quality: { x: "bad" }, historical: true, rev: 9 };
    flow.send("in", { topic: "zzz", payload: { x: 1, m: { y: 2 } }, twin });
    const sample = await flow.next("out");
    assert.deepEqual([sample.topic, sample.payload], ["a", { x: 1, "m.y": 2 }]);
    assert.deepEqual(sample.twin, twin);
    const entry = { id: "b", ts: 8, values: { x: 1 }, historical: true };
    flow.send("in", { payload: [entry], twin: { batch: 1 } });
    assert.deepEqual((await flow.next("out")).payload, [entry]);
  });

  it("refuses what is broken with a reason and goes on", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({}));
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level++) deep = { deep };
    const cases: [unknown, string][] = [
      ['{"a":', "bad-json"],
      ['{"a":NaN}', "bad-json"],
      ['{"__proto__":{"x":1}}', "bad-name"],
      [`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, "too-deep"],
      [deep, "too-deep"],
      [[deep, [deep]], "too-deep"],
      [{ a: [deep] }, "wrong-type"],
      [Buffer.alloc(5_000_000, "x"), "too-large"],
      [{ a: Number.NaN }, "wrong-type"],
      ["hello", "bad-payload"],
      [undefined, "bad-payload"],
    ];
    for (const [payload, code] of cases) {
      flow.send("in", { topic: "a", payload });
      const refused = await flow.next("refused");
      assert.equal(errorOf(refused).code, code, String(code));
      assert.ok(errorOf(refused).hint);
      // As Node-RED does for a second wire.
      structuredClone(refused.payload);
      JSON.stringify(refused.payload);
    }
    for (const topic of ["a+/b", "a\nb/c", "#", "__proto__", ""]) {
      flow.send("in", { topic, payload: { a: 1 } });
      assert.equal(errorOf(await flow.next("refused")).code, "bad-id");
    }
    flow.send("in", { topic: "a", payload: { a: 1 } });
    await flow.next("out");
    assert.deepEqual(flow.errors(), []);
  });

  it("reads CSV, blanks as no reading and never 0", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({ idFrom: "payload:id", tsFrom: "payload:time" }));
    flow.send("in", { payload: "id;time;temperature;note\np1;2026-03-31 08:00;6,8;\np2;2026-03-31;;ok\np3;;1;x\n" });
    const ts = Date.UTC(2026, 2, 31, 8);
    assert.deepEqual((await flow.next("out")).payload, [
      { id: "p1", ts, values: { temperature: 6.8, note: null } },
      { id: "p2", ts: ts - 8 * 3_600_000, values: { temperature: null, note: "ok" } },
    ]);
    assert.equal(errorOf(await flow.next("refused")).code, "bad-time");
  });

  it("gathers samples into batches by number and by time, and sends the rest when it closes", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({ deliver: "batch", batchMax: 3, batchMs: 60_000 }));
    for (let n = 0; n < 7; n++) flow.send("in", { topic: `t${n}`, payload: { n } });
    const ids = (msg: Message): string[] => (msg.payload as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(ids(await flow.next("out")), ["t0", "t1", "t2"]);
    const second = await flow.next("out");
    assert.deepEqual([ids(second), second.twin], [["t3", "t4", "t5"], { batch: 3 }]);
    assert.deepEqual(flow.waiting("out"), []);
    const sent = new Promise<Message[]>((resolve) => flow.node("in").on("call:send", (call) => resolve(call.args[0])));
    await runtime.unload();
    assert.deepEqual(ids((await sent)[0] as Message), ["t6"]);

    const timed = await runtime.load(["twin-ingest"], flowOf({ deliver: "batch", batchMs: 20 }));
    timed.send("in", { topic: "a", payload: { n: 1 } });
    timed.send("in", { topic: "b", payload: [{ n: 1 }, { n: 2 }] });
    assert.deepEqual(ids(await timed.next("out")), ["a", "b", "b"]);
    const res = {};
    timed.send("in", { topic: "c", payload: { n: 1 }, res });
    const request = await timed.next("out");
    assert.deepEqual([request.topic, request.res], ["c", res], "a request is not gathered");
  });

  it("shows counts and refusals without a badge per message", async () => {
    const flow = await runtime.load(["twin-ingest"], flowOf({}));
    for (let n = 0; n < 500; n++) flow.send("in", { topic: "a", payload: { n } });
    flow.send("in", { topic: "a", payload: "x" });
    await until(() => flow.waiting("out").length === 500, "500 samples");
    assert.ok(flow.statuses("in").length <= 3, `${flow.statuses("in").length} badges`);
    await until(() => flow.statuses("in").some(({ fill }) => fill === "yellow"), "the refusal");
    await until(() => flow.statuses("in").at(-1)?.fill === "green", "green again");
  });

  for (const [settings, text] of [
    [{ format: "sparkplug", source: "http", path: "/x" }, /Sparkplug B comes by MQTT/],
    [{ columns: ["a", "a"] }, /name of its own/],
    [{ encoding: "koi8-r" }, /windows-1252/],
    [{ source: "mqtt" }, /topic is "".*sensor\/data/],
    [{ source: "mqtt", topic: "a#" }, /topic is "a#"/],
    [{ source: "http" }, /path is "".*\/sensor_data/],
    [{ idFrom: "topics:0" }, /idFrom is "topics:0"/],
    [{ tsFrom: "now" }, /tsFrom is "now"/],
    [{ deliver: "all" }, /each, batch/],
    [{ deliver: "batch", batchMax: 0 }, /1 or more/],
    [{ source: "opc" }, /input, mqtt, http/],
  ] as [Record<string, unknown>, RegExp][])
    it(`says what is wrong with ${JSON.stringify(settings)}`, async () => {
      const flow = await runtime.load(["twin-ingest"], flowOf(settings));
      assert.match(String(flow.errors()[0]?.error), text);
      assert.equal(flow.statuses("in").at(-1)?.fill, "red");
    });
});

/** What must hold with any broker. `settings` name it. */
function takesMqtt(
  runtime: ReturnType<typeof useRuntime>,
  urlOf: () => string | undefined,
  nodesOf: () => { settings: Record<string, unknown>; nodes: FlowNode[] },
): void {
  let stranger: MqttClient;
  afterEach(() => stranger?.endAsync(true));

  async function load(more: Record<string, unknown> = {}): Promise<LoadedFlow> {
    const { settings, nodes } = nodesOf();
    const flow = await runtime.load(["twin-ingest"], flowOf({ source: "mqtt", ...settings, ...more }, ...nodes));
    await until(() => flow.statuses("in").some(({ fill }) => fill === "green"), "connected");
    await stranger?.endAsync(true);
    stranger = await mqtt.connectAsync(urlOf() as string);
    return flow;
  }

  /** Publishes until it has come through once: SUBACK is not seen from here. */
  async function ready(flow: LoadedFlow, topic: string): Promise<void> {
    await until(() => {
      stranger.publish(topic, '{"ready":1}');
      return flow.waiting("out").length > 0;
    }, "subscribed");
    await pause(50);
    flow.waiting("out").length = 0;
  }

  it("takes the textbook's message with the defaults", async () => {
    const flow = await load({ topic: "sensor/#" });
    await ready(flow, "sensor/data");
    await stranger.publishAsync("sensor/data", '{"temperature": 25, "humidity": 45}', { qos: 1 });
    const { topic, payload, source } = await flow.next("out");
    assert.deepEqual([topic, payload], ["sensor", { temperature: 25, humidity: 45 }]);
    assert.deepEqual(source, { topic: "sensor/data", qos: 1 });
  });

  it("marks what the broker had kept", async () => {
    const early = await mqtt.connectAsync((await brokerUrl()) as string);
    await early.publishAsync("kept/x", '{"old":1}', { qos: 1, retain: true });
    await early.endAsync();
    const flow = await load({ topic: "kept/#" });
    assert.deepEqual((await flow.next("out")).source, { topic: "kept/x", qos: 1, retain: true });
    await stranger.publishAsync("kept/x", "", { retain: true });

    /** The embedded one listens as long as a node uses it, and a moment longer. */
    async function brokerUrl(): Promise<string | undefined> {
      if (!urlOf()) await load({ topic: "any" });
      return urlOf();
    }
  });

  it("refuses hostile messages, acknowledges them and goes on", async () => {
    const flow = await load({ topic: "hostile/#" });
    await ready(flow, "hostile/x");
    const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    for (const text of ['{"a":', '{"__proto__":1}', deep, "", Buffer.from([0xff, 0xfe])])
      await stranger.publishAsync("hostile/x", text, { qos: 1 });
    await stranger.publishAsync("hostile/x", '{"after":1}', { qos: 1 });
    assert.deepEqual((await flow.next("out")).payload, { after: 1 });
    const codes = flow.waiting("refused").map((msg) => errorOf(msg).code);
    assert.deepEqual(codes, ["bad-json", "bad-name", "too-deep", "bad-payload", "bad-payload"]);
    assert.equal(flow.waiting("refused")[0]?.payload, '{"a":', "whole, as text");
    assert.deepEqual(flow.errors(), []);
  });

  it("hands thousands on in order", async () => {
    // Past 1,000 queued, mosquitto drops by default: its configuration here says not to.
    const flow = await load({ topic: "many/#" });
    await ready(flow, "many/x");
    for (let n = 0; n < 5000; n++) stranger.publish("many/x", `{"n":${n}}`, { qos: 1 });
    await until(() => flow.waiting("out").length === 5000, "5000 samples", 15_000);
    assert.deepEqual(
      flow.waiting("out").map(({ payload }) => (payload as { n: number }).n),
      Array.from({ length: 5000 }, (_, n) => n),
    );
  });
}

describe("twin-ingest from the embedded broker", () => {
  const runtime = useCleanRuntime();
  let port = 0;
  before(async () => {
    port = await freePort();
  });
  takesMqtt(
    runtime,
    () => embeddedBrokerAddress(port),
    () => ({ settings: { broker: "b" }, nodes: [{ id: "b", type: "twin-broker", port: String(port) }] }),
  );

  it("uses the built-in broker on TWIN_MQTT_PORT without any configuration node", async () => {
    const before = process.env.TWIN_MQTT_PORT;
    process.env.TWIN_MQTT_PORT = String(port);
    try {
      const flow = await runtime.load(["twin-ingest"], flowOf({ source: "mqtt", topic: "plain/#" }));
      await until(() => flow.statuses("in").some(({ fill }) => fill === "green"), "connected");
      assert.equal(embeddedBrokerAddress(port), `mqtt://127.0.0.1:${port}`);
    } finally {
      if (before === undefined) delete process.env.TWIN_MQTT_PORT;
      else process.env.TWIN_MQTT_PORT = before;
    }
  });
});

describe("twin-ingest from mosquitto", () => {
  const server = useMosquitto(["max_queued_messages 0"]);
  const runtime = useCleanRuntime();
  takesMqtt(
    runtime,
    () => server.url,
    () => ({ settings: { broker: "b" }, nodes: [{ id: "b", type: "twin-broker", url: server.url }] }),
  );

  it("gets after a full deploy what came during it", async () => {
    const flow = flowOf(
      { source: "mqtt", topic: "away/#", broker: "b" },
      { id: "b", type: "twin-broker", url: server.url },
    );
    const first = await runtime.load(["twin-ingest"], flow);
    const stranger = await mqtt.connectAsync(server.url);
    await until(() => {
      stranger.publish("away/x", '{"ready":1}');
      return first.waiting("out").length > 0;
    }, "subscribed");
    await runtime.unload();
    for (let n = 0; n < 20; n++) await stranger.publishAsync("away/x", `{"n":${n}}`, { qos: 1 });
    const second = await runtime.load(["twin-ingest"], flow);
    const numbers = (): unknown[] =>
      second.waiting("out").flatMap(({ payload }) => (payload as { n?: number }).n ?? []);
    await until(() => numbers().length === 20, "all 20");
    assert.deepEqual(
      numbers(),
      Array.from({ length: 20 }, (_, n) => n),
    );
    await stranger.endAsync(true);
  });

  it("says that the broker cannot be reached", async () => {
    const port = await freePort();
    const flow = await runtime.load(
      ["twin-ingest"],
      flowOf(
        { source: "mqtt", topic: "a", broker: "b" },
        { id: "b", type: "twin-broker", url: `mqtt://127.0.0.1:${port}` },
      ),
    );
    await until(() => flow.statuses("in").some(({ fill }) => fill === "red"), "red");
    assert.match(JSON.stringify(flow.statuses("in")), /unreachable/);
  });
});

describe("twin-ingest from mosquitto with users and TLS", () => {
  const openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"].find((one) => existsSync(one));
  const tool = ["/usr/bin/mosquitto_passwd", "/usr/local/bin/mosquitto_passwd"].find((one) => existsSync(one));
  const folder = mkdtempSync(path.join(tmpdir(), "mosquitto-tls-"));
  const at = (name: string): string => path.join(folder, name);
  before(function () {
    if (!openssl || !tool) {
      if (process.env.MEDITWIN_REQUIRE_SERVERS === "1")
        throw new Error("openssl and mosquitto_passwd are required here");
      console.warn("      SKIPPED: openssl or mosquitto_passwd is not installed");
      this.skip();
    }
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...subject];
    execFileSync(openssl, [...request, "-keyout", at("key.pem"), "-out", at("cert.pem")], { stdio: "ignore" });
    execFileSync(tool, ["-b", "-c", at("users"), "press", "s3cret"], { stdio: "ignore" });
    chmodSync(at("users"), 0o644);
    chmodSync(at("key.pem"), 0o644);
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const server = useMosquitto([
    `cafile ${at("cert.pem")}`,
    `certfile ${at("cert.pem")}`,
    `keyfile ${at("key.pem")}`,
    `password_file ${at("users")}`,
    "allow_anonymous false",
  ]);
  const runtime = useCleanRuntime();

  /** A core tls-config, which the test runtime would start too late: what it offers to other nodes. */
  const withTls = (red: NodeRed): void => {
    const { getNode } = red.nodes;
    const tls = { addTLSOptions: (options: object) => Object.assign(options, { ca: readFileSync(at("cert.pem")) }) };
    red.nodes.getNode = (id) => (id === "tls" ? (tls as unknown as ReturnType<typeof getNode>) : getNode(id));
  };
  const load = (password: string, tls = "tls"): Promise<LoadedFlow> =>
    runtime.load(
      [withTls, "twin-ingest"],
      flowOf({ source: "mqtt", topic: "safe/#", broker: "b" }, { id: "b", type: "twin-broker", url: server.url, tls }),
      { b: { username: "press", password } },
    );

  it("connects with a certificate and a password", async () => {
    const flow = await load("s3cret");
    await until(() => flow.statuses("in").some(({ fill }) => fill === "green"), "connected");
    const other = await mqtt.connectAsync(server.url.replace("mqtt:", "mqtts:"), {
      username: "press",
      password: "s3cret",
      ca: readFileSync(at("cert.pem")),
    });
    await until(() => {
      other.publish("safe/x", '{"a":1}');
      return flow.waiting("out").length > 0;
    }, "a sample");
    await other.endAsync(true);
  });

  it("says that the password is wrong, and does not tell it", async () => {
    const flow = await load("wr0ng");
    await until(() => flow.statuses("in").some(({ fill }) => fill === "red"), "red");
    assert.match(JSON.stringify(flow.statuses("in")), /problem.refused/);
    assert.doesNotMatch(JSON.stringify(flow.statuses("in")), /wr0ng/);
  });

  it("says that tls refers to nothing", async () => {
    const flow = await load("s3cret", "nowhere");
    assert.match(JSON.stringify(flow.errors().map(({ error }) => String(error))), /tls refers to nowhere/);
  });
});

describe("the pace of a source", () => {
  it("waits for the flow after every 200 samples, and not before", async () => {
    const pace = createPace();
    for (let n = 0; n < 199; n++) assert.equal(pace(1), undefined);
    const order: string[] = [];
    setImmediate(() => order.push("the flow"));
    await pace(1);
    order.push("the source");
    assert.deepEqual(order, ["the flow", "the source"]);
    assert.ok(pace(5000) instanceof Promise);
  });
});

describe("twin-ingest over HTTP", () => {
  const runtime = useCleanRuntime();
  // As in red.js: before the flows' application stands the admin API, whose parser swallows JSON.
  const express = require(require.resolve("express", { paths: [require.resolve("node-red")] }));
  let root: ((request: unknown, response: unknown) => void) & { _router: { stack: unknown[] } };
  let nodeRoot = "/";
  let server: Server;
  const mount = (red: NodeRed): void => {
    root = express();
    const admin = express();
    admin.use(express.json({ limit: "5mb" }));
    (root as unknown as NodeRed["httpNode"]).use(admin);
    (root as unknown as NodeRed["httpNode"]).use(nodeRoot, red.httpNode);
  };
  let base = "";
  before(async () => {
    server = createServer((request, response) => root(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const load = (settings: Record<string, unknown> = {}, token?: string, ...nodes: FlowNode[]): Promise<LoadedFlow> =>
    runtime.load(
      ["twin-ingest", mount],
      flowOf({ source: "http", path: "/sensor_data", ...settings }, ...nodes),
      token === undefined ? {} : { in: { token } },
    );

  interface Answer {
    status: number;
    headers: Headers;
    body: { accepted?: number; refused?: number; error?: RefusalInfo; errors?: RefusalInfo[] };
  }
  async function post(
    body: string | object,
    headers: Record<string, string> = {},
    at = "/sensor_data",
  ): Promise<Answer> {
    const plain = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(base + at, {
      method: "POST",
      body: plain ? (body as string) : JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text.startsWith("{") ? JSON.parse(text) : {} };
  }

  it("takes the textbook's POST with the defaults", async () => {
    const flow = await load();
    const { status, body } = await post({ temperature: 25, humidity: 45 });
    assert.deepEqual([status, body], [200, { accepted: 1, refused: 0 }]);
    const { topic, payload, source, res } = await flow.next("out");
    assert.deepEqual(
      [topic, payload, source],
      ["sensor_data", { temperature: 25, humidity: 45 }, { path: "/sensor_data" }],
    );
    assert.equal(res, undefined, "it has been answered");
  });

  it("answers after the next node has the sample", async () => {
    const flow = await load();
    await post({ temperature: 25 });
    assert.equal(flow.waiting("out").length, 1);
  });

  it("gives verdicts per row", async () => {
    const flow = await load({ model: "press-model" }, undefined, press);
    const some = await post([{ temperature: 25 }, { temperature: 250 }, { temperature: 26 }]);
    assert.deepEqual([some.status, some.body.accepted, some.body.refused], [207, 2, 1]);
    assert.deepEqual([some.body.errors?.[0]?.index, some.body.errors?.[0]?.code], [1, "out-of-range"]);
    assert.equal((await flow.next("out")).topic, "sensor_data");
    await flow.next("refused");
    const none = await post([{ temperature: 250 }, { humidity: 1.5 }]);
    assert.deepEqual(
      [none.status, none.body.accepted, none.body.refused, none.body.error?.code],
      [422, 0, 2, "out-of-range"],
    );
    const one = await post({ temprature: 25 });
    assert.deepEqual([one.status, one.body.error?.code], [422, "unknown-property"]);
    assert.ok(one.body.error?.message && one.body.error.hint);
    assert.equal(errorOf(await flow.next("refused")).code, "out-of-range");
  });

  it("takes CSV, by content type or by looking", async () => {
    const flow = await load();
    const csv = "temperature,humidity\n25,45\n26,46\n";
    for (const type of ["text/csv", "text/csv; charset=UTF-8", "application/x-www-form-urlencoded"]) {
      assert.equal((await post(csv, { "Content-Type": type })).body.accepted, 2);
      assert.deepEqual((await flow.next("out")).twin, { batch: 2 });
    }
  });

  it("unpacks no more of gzip than it takes", async () => {
    assert.equal(((await unpack(bomb, 1_048_576)) as RefusalInfo).code, "too-large");
    const text = Buffer.from("x".repeat(1000));
    assert.deepEqual(await unpack(gzipSync(text), 1000), text);
  });

  it("takes gzip, and CSV as machines write it", async () => {
    const flow = await load({ columns: "temperature,humidity" });
    const headers = { "Content-Encoding": "gzip", "Content-Type": "text/csv; charset=windows-1252" };
    assert.equal((await post(gzipSync("25,5;45\n26;46\n"), headers)).body.accepted, 2);
    const { payload } = await flow.next("out");
    assert.deepEqual((payload as { values: unknown }[])[0]?.values, { temperature: 25.5, humidity: 45 });
  });

  it("finds the id in headers and query as http in names them", async () => {
    const flow = await load({ idFrom: "msg:req.query.id" });
    await post({ a: 1 }, {}, "/sensor_data/?id=press-6");
    assert.equal((await flow.next("out")).topic, "press-6");
  });

  for (const [why, body, headers, status, code] of [
    ["broken JSON", '{"a":', {}, 400, "bad-json"],
    ["an empty body", "", {}, 400, "bad-json"],
    ["5 MB", Buffer.alloc(5_000_000, "x"), {}, 413, "too-large"],
    ["20,000 levels", "[".repeat(20_000), {}, 400, "too-deep"],
    ["what is no gzip", "x", { "Content-Encoding": "gzip" }, 400, "bad-payload"],
    ["gzip that is cut off", gzipSync('{"a":1}').subarray(0, 12), { "Content-Encoding": "gzip" }, 400, "bad-payload"],
    ["50 MB in 50 KB of gzip", bomb, { "Content-Encoding": "gzip" }, 413, "too-large"],
    ["another encoding", "x", { "Content-Encoding": "br" }, 415, "bad-payload"],
    ["another charset", "{}", { "Content-Type": "application/json; charset=koi8-r" }, 415, "bad-payload"],
    ["another content type", "x", { "Content-Type": "image/png" }, 415, "bad-payload"],
    ["__proto__", '{"__proto__":{"x":1}}', {}, 400, "bad-name"],
    ["a request that came through a proxy", "{}", { "X-Forwarded-For": "10.0.0.1" }, 403, "unauthorised"],
    ["a request from a foreign page", "{}", { Origin: "https://evil.example" }, 403, "unauthorised"],
  ] as const)
    it(`refuses ${why}`, async () => {
      const flow = await load();
      const answer = await post(body, headers);
      assert.deepEqual([answer.status, answer.body.error?.code], [status, code]);
      assert.ok(answer.body.error?.hint);
      assert.equal((await post({ a: 1 })).status, 200);
      assert.deepEqual(flow.errors(), []);
    });

  it("stops reading a body of unknown length at the limit", async () => {
    await load();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(`${base}/sensor_data`, { method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sending.on("error", reject);
      for (let n = 0; n < 40; n++) sending.write(Buffer.alloc(50_000, "x"));
      sending.end();
    });
    assert.equal(status, 413);
  });

  it("wants the token, whole and exact", async () => {
    const flow = await load({}, "s3cret");
    for (const authorization of [undefined, "Bearer", "Bearer s3cre", "Bearer s3crets", "Basic s3cret", "s3cret"]) {
      const answer = await post({ a: 1 }, authorization ? { Authorization: authorization } : {});
      assert.deepEqual([answer.status, answer.body.error?.code], [401, "unauthorised"], String(authorization));
      assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    }
    assert.deepEqual(flow.waiting("out"), []);
    assert.equal((await post({ a: 1 }, { Authorization: "Bearer s3cret", "X-Forwarded-For": "10.0.0.1" })).status, 200);
  });

  it("is busy beyond 64 bodies at once, and says when to come back", async () => {
    await load();
    const { port } = server.address() as { port: number };
    const slow = Array.from({ length: 64 }, () => {
      const one = request({ port, host: "127.0.0.1", path: "/sensor_data", method: "POST" });
      one.on("error", () => undefined);
      one.write("{");
      return one;
    });
    await pause(200);
    const answer = await post({ a: 1 });
    assert.deepEqual([answer.status, answer.body.error?.code, answer.headers.get("retry-after")], [503, "busy", "1"]);
    for (const one of slow) one.destroy();
    await pause(100);
    assert.equal((await post({ a: 1 })).status, 200);
  });

  it("serves below another root of the flows' endpoints", async () => {
    nodeRoot = "/flows";
    try {
      const flow = await load();
      assert.equal((await post({ a: 1 }, {}, "/flows/sensor_data")).status, 200);
      assert.equal((await flow.next("out")).topic, "sensor_data");
      assert.equal((await post('{"a":', {}, "/flows/sensor_data")).body.error?.code, "bad-json");
      assert.equal((await post({ a: 1 })).status, 404);
    } finally {
      nodeRoot = "/";
    }
  });

  it("leaves other methods and paths to others", async () => {
    await load();
    assert.equal((await fetch(`${base}/sensor_data`)).status, 404);
    assert.equal((await post({ a: 1 }, {}, "/other")).status, 404);
  });

  it("serves one path by one node, and says so in the other", async () => {
    const flow = await load({}, undefined, {
      id: "in2",
      type: "twin-ingest",
      source: "http",
      path: "sensor_data/",
      wires: [[], []],
    });
    assert.match(String(flow.errors()[0]?.error), /another twin-ingest serves this path/);
    assert.equal(flow.statuses("in2").at(-1)?.fill, "red");
    assert.equal((await post({ a: 1 })).status, 200);
  });

  it("leaves nothing behind at a deploy, and serves the new node", async () => {
    const first = await load();
    const layers = (): number => root._router.stack.length;
    const before = layers();
    assert.equal((await post({ a: 1 })).status, 200);
    // What is not done when a deploy comes is sent again after it.
    await pause(quietMs + 100);
    await runtime.unload();
    assert.equal((await post({ a: 1 })).status, 404);
    assert.equal(layers(), before);
    assert.equal(first.waiting("out").length, 1);
    const second = await load();
    assert.equal((await post({ a: 1 })).status, 200);
    assert.equal(second.waiting("out").length, 1);
  });
});
