import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import path from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { Failure, type RefusalInfo } from "../../engine/contract/errors";
import { defineNode } from "../../nodes/lib/define-node";
import { withSample } from "../../nodes/lib/messages";
import type { Message, NodeRed } from "../../nodes/lib/node-red";
import { disposeShared } from "../../nodes/lib/shared";
import { type Custody, custodyLimits, openCustody } from "../../nodes/twin-ingest/custody";
import type { Parcel } from "../../nodes/twin-ingest/parcel";
import type { Journal, TwinStore } from "../../nodes/twin-store/store";
import { useMosquitto } from "../support/mosquitto";
import { freePort } from "../support/ports";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

const errorOf = (msg: Message): RefusalInfo => msg.error as RefusalInfo;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean, what: string, timeoutMs = 8000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !condition(); ) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await pause(10);
  }
}

/** What a node under test does with each message; set by the test. */
let work: (msg: Message, done: (error?: Error) => void) => void;
/** Samples that the node `work` received, batches taken apart. */
let seen: { n: unknown; ts?: number; redelivered: boolean }[] = [];

function registerWork(red: NodeRed): void {
  red.nodes.registerType("work", function (this, def) {
    red.nodes.createNode(this, def);
    this.on("input", (msg: Message, send: (msg: Message) => void, done: (error?: Error) => void) => {
      const rows = Array.isArray(msg.payload)
        ? (msg.payload as { ts: number; values: { n: number } }[]).map(({ ts, values }) => ({ n: values.n, ts }))
        : [{ n: (msg.payload as { n: number }).n, ts: (msg.twin as { ts: number }).ts }];
      for (const row of rows) seen.push({ ...row, redelivered: msg.redelivered === true });
      work(msg, (error) => {
        if (!error) send(msg);
        done(error);
      });
    });
  });
}

describe("twin-ingest, durable", () => {
  const runtime = useRuntime();
  // The flows' own application, which the helper serves only beside the admin API.
  const express = require(require.resolve("express", { paths: [require.resolve("node-red")] }));
  let root: (request: unknown, response: unknown) => void;
  const mount = (red: NodeRed): void => {
    root = express();
    (root as unknown as NodeRed["httpNode"]).use(red.httpNode);
  };
  let server: Server;
  let url = "";
  before(async () => {
    server = createServer((request, response) => root(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/data`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    seen = [];
    work = (_msg, done) => done();
  });
  afterEach(async () => {
    await disposeShared();
    rmSync(path.join(runtime.home(), "twin/journal"), { recursive: true, force: true });
  });

  let store: TwinStore;
  const load = (settings: Record<string, unknown> = {}, more: FlowNode[] = []): Promise<LoadedFlow> =>
    runtime
      .load(
        ["twin-ingest", registerWork, mount],
        [
          { id: "store", type: "twin-store" },
          {
            id: "in",
            type: "twin-ingest",
            source: "http",
            path: "/data",
            idFrom: "const:press-6",
            store: "store",
            wires: [["work"], ["refused"]],
            ...settings,
          },
          { id: "work", type: "work", wires: [[]] },
          { id: "refused", type: "helper" },
          ...more,
        ],
      )
      .then((flow) => {
        store = (flow.node("store") as { twinApi?: TwinStore }).twinApi as TwinStore;
        return flow;
      });
  const records = (): number => store.journal.size.records;
  /** What the node's status says of them. */
  const recordsTold = (flow: LoadedFlow): number | undefined =>
    (flow.statuses("in").at(-1) as { storage?: { journal: { records: number } } } | undefined)?.storage?.journal
      .records;

  async function post(
    body: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers },
    });
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown>,
      headers: response.headers,
    };
  }

  it("keeps an entry until the flow is done with it, and its status tells of it", async () => {
    let finish: () => void = () => undefined;
    work = (_msg, done) => {
      finish = done;
    };
    const flow = await load();
    assert.equal((await post({ n: 1 })).status, 200);
    assert.equal(records(), 1, "acknowledged and not done");
    await until(() => recordsTold(flow) === 1, "told as not done");
    // Longer than the badge follows a node at rest.
    await pause(3500);
    finish();
    await until(() => records() === 0, "released");
    await until(() => recordsTold(flow) === 0, "told as done, with no message after it");
  });

  for (const deliver of ["each", "batch"])
    it(`sends again, marked, in order and with its time, what a deploy interrupts (${deliver})`, async () => {
      work = () => undefined;
      await load({ deliver, batchMs: 10 });
      for (let n = 0; n < 5; n++) assert.equal((await post({ n })).status, 200);
      await until(() => seen.length === 5, "received");
      const before = seen;
      seen = [];
      work = (_msg, done) => done();
      await load({ deliver, batchMs: 10 });
      await until(() => seen.length === 5, "sent again");
      assert.deepEqual(
        seen,
        before.map((one) => ({ ...one, redelivered: true })),
      );
      await until(() => records() === 0, "released");
      assert.equal((await post({ n: 6 })).status, 200);
      await until(() => seen.length === 6, "and goes on");
      assert.equal(seen[5]?.redelivered, false);
    });

  it("sends again what the process before left, after a new one has opened the journal", async () => {
    work = () => undefined;
    await load();
    await post([{ n: 1 }, { n: 2 }]);
    await runtime.unload();
    await disposeShared();
    seen = [];
    work = (_msg, done) => done();
    await load();
    await until(() => seen.length === 2, "sent again");
  });

  it("loses it when it is not durable (the broken variant)", async () => {
    work = () => undefined;
    await load({ durable: false });
    assert.equal((await post({ n: 1 })).status, 200);
    await until(() => seen.length === 1, "received");
    seen = [];
    await load({ durable: false });
    await pause(300);
    assert.deepEqual(seen, []);
  });

  it("sets aside what the flow fails on, with the reason", async () => {
    work = (_msg, done) => done(new Error("no such mould"));
    const flow = await load();
    await post({ n: 1 });
    const refused = await flow.next("refused");
    assert.deepEqual(
      [errorOf(refused).code, (refused.payload as { values: unknown }).values],
      ["flow-failed", { n: 1 }],
    );
    assert.match(errorOf(refused).message, /no such mould/);
    await until(() => records() === 0, "released");
  });

  it("sets exactly the bad one of a batch aside", async () => {
    work = (msg, done) => {
      const rows = Array.isArray(msg.payload)
        ? (msg.payload as { values: { n: number } }[])
        : [{ values: msg.payload as { n: number } }];
      done(rows.some(({ values }) => values.n === 3) ? new Error("three") : undefined);
    };
    const flow = await load({ deliver: "batch", batchMax: 5, batchMs: 1000 });
    await Promise.all([0, 1, 2, 3, 4].map((n) => post({ n })));
    const refused = await flow.next("refused");
    assert.deepEqual((refused.payload as { values: unknown }).values, { n: 3 });
    await until(() => records() === 0, "all released");
    assert.deepEqual(flow.waiting("refused"), []);
    const alone = seen.slice(5).map(({ n }) => n);
    assert.deepEqual(alone.sort(), [0, 1, 2, 3, 4], "each went on alone");
  });

  it("tries again what may pass, and refuses nothing of it", async () => {
    let failures = 2;
    work = (_msg, done) =>
      done(failures-- > 0 ? new Failure("store-failed", "The disk is full.", "", true) : undefined);
    const flow = await load();
    await post({ n: 1 });
    await until(() => seen.length === 3, "tried three times");
    await until(() => records() === 0, "released");
    assert.deepEqual(flow.waiting("refused"), []);
    assert.deepEqual(
      seen.map(({ redelivered }) => redelivered),
      [false, true, true],
    );
  });

  it("does not acknowledge what the journal does not take, and takes it later without a restart", async () => {
    const flow = await load();
    const journal = store.journal as { append: Journal["append"] };
    const { append } = journal;
    journal.append = () => {
      throw new Failure("store-failed", "The disk is full.", "", true);
    };
    const answer = await post({ n: 1 });
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
    await pause(50);
    assert.deepEqual(seen, []);
    assert.equal(flow.errors().at(-1)?.error.code, "store-failed");
    journal.append = append;
    assert.equal((await post({ n: 1 })).status, 200);
  });

  it("names a node that never completes, goes on, and sends its messages again after a restart", async () => {
    const limits = { ...custodyLimits, overdueMs: 100, checkMs: 50, entries: 3 };
    const parcel = (n: number): Parcel => ({
      topic: "t",
      source: {},
      reading: { kind: "sample", sample: { id: "a", ts: n, values: { n } } },
    });
    const warnings: string[] = [];
    let custody: Custody | undefined;
    const keeper = defineNode({
      type: "keeper",
      readSettings: () => ({}),
      start(host) {
        const { journal } = host.use<TwinStore>("twin-store", "store");
        const mine = openCustody(
          { ...host, warn: (text) => void warnings.push(text) },
          journal,
          ({ reading }, entry) => {
            entry.parts++;
            mine.dispatch([reading.kind === "sample" ? withSample({}, reading.sample) : null, null], [entry]);
          },
          () => undefined,
          limits,
        );
        custody = mine;
        return {};
      },
    });
    work = () => undefined;
    const flow = [
      { id: "store", type: "twin-store" },
      { id: "keeper", type: "keeper", wires: [["work"], []] },
      { id: "work", type: "work", name: "slow", wires: [[]] },
    ];
    await runtime.load(["twin-store", registerWork, keeper], flow);
    await custody?.ready();
    for (let n = 0; n < 3; n++) custody?.take(parcel(n));
    assert.ok(custody?.room(), "full");
    await custody?.room();
    assert.equal(custody?.room(), undefined, "they no longer count");
    assert.match(warnings.join(), /work "slow" \(work\)/);
    seen = [];
    work = (_msg, done) => done();
    await runtime.load(["twin-store", registerWork, keeper], flow);
    await until(() => seen.length === 3, "sent again");
  });

  it("is busy when too much is under way, and serves again when it is done", async function () {
    this.timeout(20_000);
    const held: (() => void)[] = [];
    work = (_msg, done) => void held.push(done);
    await load();
    const text = "x".repeat(16_000);
    const rows = (n: number): object[] => Array.from({ length: 60 }, () => ({ n, text }));
    let posted = 0;
    while ((await post(rows(posted))).status === 200) assert.ok(++posted < 100, "64 MiB bound it");
    const answer = await post({ n: 1 });
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"]);
    assert.ok(posted > 50, `${posted} requests of 0.96 MB`);
    for (const done of held.splice(0)) done();
    await until(() => records() === 0, "released");
    assert.equal((await post({ n: 1 })).status, 200);
  });

  describe("repeats over HTTP", () => {
    const key = { "Idempotency-Key": "b1" };

    it("gives the same answer to a key again, and hands nothing on", async () => {
      await load({ model: "model" }, [
        { id: "model", type: "twin-model", model: "m", properties: [{ name: "n", type: "number", max: 10 }] },
      ]);
      const rows = [{ n: 1 }, { n: 11 }];
      const first = await post(rows, key);
      assert.equal(first.status, 207);
      const second = await post(rows, key);
      assert.deepEqual([second.status, second.body], [207, { ...first.body, repeated: 1 }]);
      await pause(50);
      assert.equal(seen.length, 1);
    });

    it("knows the key after a restart", async () => {
      await load();
      await post({ n: 1 }, key);
      await until(() => records() === 0, "done");
      await runtime.unload();
      await disposeShared();
      await load();
      assert.deepEqual((await post({ n: 1 }, key)).body, { accepted: 1, refused: 0, repeated: 1 });
      assert.equal(seen.length, 1);
    });

    it("refuses a key for another body, and one that is none", async () => {
      await load();
      await post({ n: 1 }, key);
      const other = await post({ n: 2 }, key);
      assert.deepEqual([other.status, (other.body.error as RefusalInfo).code], [422, "duplicate"]);
      const bad = await post({ n: 2 }, { "Idempotency-Key": "a b" });
      assert.deepEqual([bad.status, (bad.body.error as RefusalInfo).code], [400, "bad-request"]);
      assert.equal(seen.length, 1);
    });

    it("knows a sample by its seq and values", async () => {
      await load({ seqFrom: "payload:seq" });
      await post({ n: 1, seq: 7 });
      assert.deepEqual((await post({ n: 1, seq: 7 })).body, { accepted: 1, refused: 0, repeated: 1 });
      assert.deepEqual(
        (
          await post([
            { n: 1, seq: 7 },
            { n: 2, seq: 8 },
          ])
        ).body,
        { accepted: 2, refused: 0, repeated: 1 },
      );
      assert.deepEqual(
        (await post({ n: 3, seq: 7 })).body,
        { accepted: 1, refused: 0 },
        "other values: a producer that began anew",
      );
      await until(() => seen.length === 3, "the rest");
      assert.deepEqual(
        seen.map(({ n }) => n),
        [1, 2, 3],
      );
    });
  });
});

describe("twin-ingest, durable, from mosquitto", () => {
  const runtime = useRuntime();
  const broker = useMosquitto();
  let device: MqttClient;
  before(async () => {
    device = await mqtt.connectAsync(broker.url, { clientId: "device" });
  });
  after(() => device?.endAsync(true));

  it("slows the broker down while the journal is full, and loses nothing", async function () {
    this.timeout(20_000);
    seen = [];
    work = (_msg, done) => done();
    const port = await freePort();
    const flow = await runtime.load(
      ["twin-ingest", registerWork],
      [
        { id: "store", type: "twin-store" },
        { id: "broker", type: "twin-broker", url: broker.url, clientId: `durable-${port}` },
        {
          id: "in",
          type: "twin-ingest",
          source: "mqtt",
          topic: "d/#",
          broker: "broker",
          store: "store",
          wires: [["work"], []],
        },
        { id: "work", type: "work", wires: [[]] },
      ],
    );
    await until(() => flow.statuses("in").some(({ fill }) => fill === "green"), "connected");
    await pause(300);
    const { journal } = (flow.node("store") as { twinApi?: TwinStore }).twinApi as TwinStore;
    const real = journal.append;
    let refusals = 0;
    (journal as { append: Journal["append"] }).append = () => {
      refusals++;
      throw new Failure("busy", "The log is full.", "", true);
    };
    for (let n = 0; n < 50; n++) await device.publishAsync("d/1", JSON.stringify({ n }), { qos: 1 });
    await until(() => refusals > 1, "tried again");
    assert.deepEqual(seen, []);
    (journal as { append: Journal["append"] }).append = real;
    await until(() => seen.length === 50, "all of them");
    assert.deepEqual(
      seen.map(({ n }) => n),
      Array.from({ length: 50 }, (_, n) => n),
    );
  });

  it("acknowledges nothing that is not flushed at level power: the broker sends it again", async function () {
    this.timeout(20_000);
    seen = [];
    work = (_msg, done) => done();
    const flow = await runtime.load(
      ["twin-ingest", registerWork],
      [
        { id: "store", type: "twin-store", path: "power", durability: "power" },
        { id: "broker", type: "twin-broker", url: broker.url, clientId: `power-${await freePort()}` },
        {
          id: "in",
          type: "twin-ingest",
          source: "mqtt",
          topic: "p/#",
          broker: "broker",
          store: "store",
          tsFrom: "payload:ts",
          wires: [["work"], []],
        },
        { id: "work", type: "work", wires: [[]] },
      ],
    );
    await until(() => flow.statuses("in").some(({ fill }) => fill === "green"), "connected");
    await pause(300);
    const { journal } = (flow.node("store") as { twinApi?: TwinStore }).twinApi as TwinStore;
    const flush = journal.durable;
    let failures = 1;
    (journal as { durable: Journal["durable"] }).durable = () =>
      failures-- > 0 ? Promise.reject(new Failure("store-failed", "The disk is gone.", "", true)) : flush();
    for (let n = 0; n < 20; n++)
      await device.publishAsync("p/1", JSON.stringify({ n, ts: 1_700_000_000_000 + n }), { qos: 1 });
    const distinct = (): number => new Set(seen.map(({ n }) => n)).size;
    await until(() => distinct() === 20, "all of them", 15_000);
    await until(() => seen.length > 20, "the one that was not flushed comes again");
    assert.ok(journal.size.records > 0, "released entries stay until files are flushed");
  });
});
