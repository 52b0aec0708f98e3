import { strict as assert } from "node:assert";
import mqtt, { type MqttClient } from "mqtt";
import type { TwinDocument } from "../../engine/contract/document";
import type { Message } from "../../nodes/lib/node-red";
import { disposeShared } from "../../nodes/lib/shared";
import { embeddedBrokerAddress } from "../../nodes/twin-broker/twin-broker";
import { useMosquitto } from "../support/mosquitto";
import { freePort } from "../support/ports";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

const documentOf = (msg: Message): TwinDocument => msg.payload as TwinDocument;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A press as an engineer wires it: readings on one topic, presence on another, both to one twin-state. */
const flowOf = (broker: Record<string, unknown>): FlowNode[] => [
  { id: "broker", type: "twin-broker", ...broker },
  {
    id: "readings",
    type: "twin-ingest",
    source: "mqtt",
    broker: "broker",
    topic: "+/readings",
    wires: [["state"], ["refused"]],
  },
  {
    id: "presence",
    type: "twin-ingest",
    source: "mqtt",
    broker: "broker",
    topic: "+/status",
    format: "presence",
    wires: [["state"], ["refused"]],
  },
  { id: "state", type: "twin-state", wires: [["out"], ["refused"]] },
  { id: "watch", type: "twin-watch", twin: "*", events: ["status"], wires: [["status"]] },
  { id: "status", type: "helper" },
  { id: "out", type: "helper" },
  { id: "refused", type: "helper" },
];
const types = ["twin-ingest", "twin-state", "twin-watch"];

for (const kind of ["the embedded broker", "mosquitto"] as const)
  describe(`a last will over ${kind}`, function () {
    this.timeout(20_000);
    const server = kind === "mosquitto" ? useMosquitto() : undefined;
    const runtime = useRuntime();
    const clients: MqttClient[] = [];
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.endAsync(true);
    });

    /** A device that says when it is there, and whose last will says that it is gone. */
    async function device(url: string, id: string): Promise<MqttClient> {
      const topic = `${id}/status`;
      const will = { topic, payload: Buffer.from("offline"), qos: 1 as const, retain: true };
      const client = await mqtt.connectAsync(url, { will, reconnectPeriod: 0, keepalive: 60 });
      clients.push(client);
      await client.publishAsync(topic, "online", { qos: 1, retain: true });
      return client;
    }

    async function load(): Promise<{ flow: LoadedFlow; url: string }> {
      const port = await freePort();
      const flow = await runtime.load(types, flowOf(server ? { url: server.url } : { url: "", port }));
      while (!flow.statuses("presence").some(({ fill }) => fill === "green")) await pause(10);
      return { flow, url: server?.url ?? embeddedBrokerAddress(port) ?? "" };
    }

    it("makes the twin offline when the connection breaks, and the next report brings it back", async () => {
      const { flow, url } = await load();
      const first = await device(url, "press-6");
      await first.publishAsync("press-6/readings", '{"force": 1}', { qos: 1 });
      assert.equal(documentOf(await flow.next("status")).status, "live");
      // As a cut cable ends it: no DISCONNECT.
      first.stream.destroy();
      const gone = documentOf(await flow.next("status"));
      assert.deepEqual([gone.status, gone.reported], ["offline", { force: 1 }]);
      const second = await device(url, "press-6");
      assert.equal(documentOf(await flow.next("status")).status, "live", "it says that it is there");
      await second.endAsync();
      await pause(200);
      assert.deepEqual(flow.waiting("status"), [], "a device that says good-bye leaves no will");
      assert.deepEqual(flow.waiting("refused"), []);
    });

    it("does not come back to life by what the broker kept", async () => {
      const { flow, url } = await load();
      const client = await device(url, "press-7");
      await client.publishAsync("press-7/readings", '{"force": 1}', { qos: 1, retain: true });
      assert.equal(documentOf(await flow.next("status")).status, "live");
      client.stream.destroy();
      assert.equal(documentOf(await flow.next("status")).status, "offline");
      // Both topics again, from what the broker kept.
      await runtime.unload();
      await disposeShared();
      const { flow: again } = await load();
      if (server) {
        const kept: Message[] = [];
        while (kept.length < 2) {
          const msg = await again.next("out");
          if (msg.topic === "press-7" && !msg.redelivered) kept.push(msg);
        }
        for (const { twin } of kept) assert.equal((twin as { retained?: boolean }).retained, true);
      }
      assert.deepEqual(again.waiting("status"), []);
    });
  });

describe("a start with 1,000 twins", function () {
  this.timeout(30_000);
  const runtime = useRuntime();

  it("tells of no status while all go on reporting, and what was offline or stale is as it was", async () => {
    const nodes: FlowNode[] = [
      { id: "quick-model", type: "twin-model", model: "quick", unknown: "keep", staleAfter: 2 },
      { id: "state", type: "twin-state", model: "quick-model", wires: [["out"], []] },
      { id: "get", type: "twin-state", operation: "get", wires: [["out"], []] },
      { id: "watch", type: "twin-watch", twin: "*", events: ["status"], wires: [["status"]] },
      { id: "status", type: "helper" },
      { id: "out", type: "helper" },
    ];
    const ids = Array.from({ length: 1000 }, (_, k) => `twin-${k}`);
    let ts = Date.now();
    const report = async (flow: LoadedFlow): Promise<void> => {
      ts++;
      flow.send("state", { payload: ids.map((id) => ({ id, ts, values: { x: ts } })), twin: { batch: ids.length } });
      await flow.next("out");
    };
    const before = await runtime.load(["twin-state", "twin-watch"], nodes);
    before.send("state", { topic: "gone", payload: { x: 1 }, twin: { id: "gone", ts } });
    before.send("state", { topic: "gone", payload: "", twin: { status: "offline" } });
    await before.next("out");
    await before.next("out");
    await report(before);
    // The process ends, stands still for longer than staleAfter, and starts.
    await runtime.unload();
    await disposeShared();
    await pause(2500);
    const after = await runtime.load(["twin-state", "twin-watch"], nodes);
    for (let round = 0; round < 10; round++) {
      await pause(400);
      await report(after);
    }
    assert.deepEqual(after.waiting("status"), []);
    after.send("get", { topic: "gone" });
    assert.equal(documentOf(await after.next("out")).status, "offline");
  });
});
