import { strict as assert } from "node:assert";
import { connect as dial, type Socket } from "node:net";
import { defineNode } from "../../nodes/lib/define-node";
import type { Message } from "../../nodes/lib/node-red";
import { type EmbeddedBroker, embeddedLimits, openEmbeddedBroker } from "../../nodes/twin-broker/embedded";
import { useRuntime } from "../support/runtime";

describe("bounds of what waits", () => {
  const runtime = useRuntime();

  it("in a serial node are 50,000 messages; more leave by the refusal output as busy", async function () {
    this.timeout(30_000);
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const slow = defineNode({
      type: "test-slow",
      serial: true,
      readSettings: () => ({}),
      start: () => ({ input: () => gate }),
    });
    const flow = await runtime.load(
      [slow],
      [
        { id: "slow", type: "test-slow", wires: [[], ["refused"]] },
        { id: "refused", type: "helper" },
      ],
    );
    const receive = flow.node("slow").emit.bind(flow.node("slow")) as (name: string, msg: Message) => void;
    for (let k = 0; k < 50_002; k++) receive("input", { payload: k });
    const refused = await flow.next("refused");
    assert.equal((refused.error as { code: string }).code, "busy");
    assert.equal(refused.payload, 50_000, "the first that is too many");
    go();
  });
});

describe("bounds of the embedded broker", () => {
  const warnings: string[] = [];
  const limits = { ...embeddedLimits, maxConnections: 3, maxRetained: 5, maxBytes: 2000 };
  let broker: EmbeddedBroker;
  before(() => {
    broker = openEmbeddedBroker({ port: 0, warn: (text) => warnings.push(text), limits });
  });
  const portOf = async (): Promise<number> => {
    for (;;) {
      if (broker.state.state === "listening") return Number(new URL(broker.state.url).port);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  after(() => broker.close());

  it("connections beyond the limit are closed, and others served again when one goes", async () => {
    const port = await portOf();
    const open = (): Promise<{ socket: Socket; closed: Promise<void> }> =>
      new Promise((resolve) => {
        const socket = dial(port, "127.0.0.1", () => resolve({ socket, closed }));
        const closed = new Promise<void>((done) => socket.once("close", () => done()));
        socket.on("error", () => undefined).resume();
      });
    const held = [await open(), await open(), await open()];
    await (await open()).closed;
    assert.ok(held.every(({ socket }) => !socket.destroyed));
    for (const { socket } of held) socket.destroy();
    await Promise.all(held.map(({ closed }) => closed));
  });

  it("retained messages beyond the limit are dropped, and said", async () => {
    const { connectAsync } = await import("mqtt");
    const client = await connectAsync(`mqtt://127.0.0.1:${await portOf()}`);
    for (let k = 0; k < 8; k++) await client.publishAsync(`kept/${k}`, "x", { qos: 1, retain: true });
    const seen: string[] = [];
    client.on("message", (topic) => seen.push(topic));
    await client.subscribeAsync("kept/#", { qos: 1 });
    await client.publishAsync("kept/end", "x", { qos: 1 });
    // Retained messages come beside new ones, in no order.
    while (seen.length < 6) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(seen.sort(), [...[0, 1, 2, 3, 4].map((k) => `kept/${k}`), "kept/end"].sort());
    assert.match(warnings.join(), /dropped a retained message/);
    await client.endAsync();
  });
});
