import assert from "node:assert/strict";
import { createRequire } from "node:module";
import mqtt, { type MqttClient } from "mqtt";
import type { TwinDocument } from "../../engine/contract/document";
import { decodeSparkplug } from "../../nodes/twin-ingest/decode-sparkplug";
import { bornTwins } from "../../nodes/twin-model/born-twins";
import { importProperties } from "../../nodes/twin-model/import-properties";
import { useMosquitto } from "../support/mosquitto";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

// Bytes by the reference encoder, over mosquitto.
const { encodePayload } = createRequire(__filename)("sparkplug-payload").get("spBv1.0") as {
  encodePayload(payload: object): Uint8Array;
};
const press = "plant:line1:press";
const types = ["twin-ingest", "twin-state", "twin-command", "twin-write"];

describe("a Sparkplug edge node and its device", () => {
  const mosquitto = useMosquitto();
  const runtime = useRuntime();
  let edge: MqttClient;
  let heard: { topic: string; metrics: { name?: string; value?: unknown; datatype?: number }[] }[] = [];
  let seq = 0;

  beforeEach(async () => {
    heard = [];
    edge = await mqtt.connectAsync(mosquitto.url, {
      will: { topic: "spBv1.0/plant/NDEATH/line1", payload: bytes(undefined, [bdSeq]), qos: 1, retain: false },
      reconnectPeriod: 0,
    });
    edge.on("message", (topic, payload) => {
      const decoded = decodeSparkplug(payload);
      if ("metrics" in decoded) heard.push({ topic, metrics: decoded.metrics });
    });
    await edge.subscribeAsync(["spBv1.0/plant/NCMD/line1", "spBv1.0/plant/DCMD/line1/#"], { qos: 1 });
  });
  afterEach(() => edge.endAsync(true));

  const bdSeq = { name: "bdSeq", type: "UInt64", value: 1 };
  const bytes = (number: number | undefined, metrics: object[]): Buffer =>
    Buffer.from(encodePayload({ timestamp: Date.now(), metrics, ...(number === undefined ? {} : { seq: number }) }));
  const send = (kind: string, metrics: object[], device = ""): Promise<unknown> =>
    edge.publishAsync(`spBv1.0/plant/${kind}/line1${device}`, bytes(seq++, metrics), { qos: 1 });
  async function birth(): Promise<void> {
    seq = 0;
    await send("NBIRTH", [bdSeq, { name: "Node Control/Rebirth", type: "Boolean", value: false }]);
    await send(
      "DBIRTH",
      [
        {
          name: "Speed",
          alias: 1,
          type: "UInt32",
          value: 60,
          properties: {
            engUnit: { type: "String", value: "1/min" },
            engLow: { type: "Double", value: 0 },
            engHigh: { type: "Double", value: 120 },
          },
        },
        { name: "Name of batch", type: "String", value: "A" },
        { name: "Recipe", type: "Bytes", value: Buffer.from([1]) },
        { name: "Device Control/Reboot", alias: 2, type: "Boolean", value: false },
      ],
      "/press",
    );
  }
  const flowOf = (): FlowNode[] => [
    { id: "mq", type: "twin-broker", url: mosquitto.url },
    {
      id: "in",
      type: "twin-ingest",
      source: "mqtt",
      broker: "mq",
      topic: "spBv1.0/#",
      format: "sparkplug",
      wires: [["state"], ["refused"]],
    },
    { id: "state", type: "twin-state", operation: "report", wires: [["out"], []] },
    {
      id: "command",
      type: "twin-command",
      broker: "mq",
      protocol: "sparkplug",
      timeout: 5,
      wires: [["done"], ["refused"], []],
    },
    { id: "get", type: "twin-state", operation: "get", wires: [["got"], ["got"]] },
    ...["out", "refused", "done", "got"].map((id) => ({ id, type: "helper" })),
  ];
  async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 8000; !(await isSo()); ) {
      if (Date.now() > end) throw new Error(`never: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  async function documentOf(flow: LoadedFlow, topic = press): Promise<TwinDocument | undefined> {
    flow.send("get", { topic });
    return (await flow.next("got")).payload as TwinDocument | undefined;
  }

  it("is asked for its birth, lives, is commanded, and dies by its last will", async () => {
    const flow = await runtime.load(types, flowOf());
    await until("the subscription", () =>
      flow.statuses("in").some(({ text }) => text === "twin-ingest.status.connected" || text === "connected"),
    );
    await send("DDATA", [{ alias: 1, type: "UInt32", value: 61 }], "/press");
    await until("a request for a rebirth", () => heard.length > 0);
    assert.deepEqual(
      heard.map(({ topic, metrics: [first] }) => [topic, first?.name, first?.value, first?.datatype]),
      [["spBv1.0/plant/NCMD/line1", "Node Control/Rebirth", true, 11]],
    );
    assert.equal(((await flow.next("refused")).error as { code: string }).code, "no-birth");

    await birth();
    await until("the birth", async () => (await documentOf(flow))?.reported?.Speed === 60);
    assert.equal((await documentOf(flow))?.status, "live");
    const { csv } = bornTwins().find(({ twin }) => twin === press) ?? assert.fail("no birth is offered");
    assert.deepEqual(importProperties(csv).properties, [
      { name: "Speed", type: "integer", unit: "1/min", min: 0, max: 120 },
      { name: "Name of batch", type: "string" },
    ]);

    flow.send("command", { topic: press, payload: { Speed: 80 } });
    await until("the wish", () => heard.some(({ topic }) => topic === "spBv1.0/plant/DCMD/line1/press"));
    const { metrics } = heard.at(-1) ?? assert.fail();
    assert.deepEqual(
      metrics.map(({ name, datatype, value }) => [name, datatype, Number(value)]),
      [["Speed", 7, 80]],
    );
    await send("DDATA", [{ alias: 1, type: "UInt32", value: 80 }], "/press");
    assert.equal(((await flow.next("done")).command as { code: number }).code, 200);

    flow.send("command", { topic: press, command: "Device Control/Reboot" });
    assert.equal(((await flow.next("done")).command as { state: string }).state, "acknowledged");
    await until("the action", () => heard.at(-1)?.metrics[0]?.name === "Device Control/Reboot");

    edge.stream.destroy();
    await until("the death", async () => (await documentOf(flow))?.status === "offline");
    assert.equal((await documentOf(flow, "plant:line1"))?.status, "offline");
    assert.deepEqual(flow.errors(), []);
  });

  it("is remembered over a deploy", async () => {
    let flow = await runtime.load(types, flowOf());
    await birth();
    await until("the birth", async () => (await documentOf(flow))?.reported?.Speed === 60);
    await runtime.unload();
    flow = await runtime.load(types, flowOf());
    await send("DDATA", [{ alias: 1, type: "UInt32", value: 62 }], "/press");
    await until("data by alias", async () => (await documentOf(flow))?.reported?.Speed === 62);
    assert.deepEqual(
      heard.filter(({ topic }) => topic.includes("/NCMD/")),
      [],
    );
  });
});
