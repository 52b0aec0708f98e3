import assert from "node:assert/strict";
import mqtt from "mqtt";
import { type EmbeddedBroker, embeddedLimits, openEmbeddedBroker } from "../../nodes/twin-broker/embedded";
import type { MqttBroker } from "../../nodes/twin-broker/mqtt-broker";
import { clients, pause, strangers, until } from "./twin-broker.clients";

describe("twin-broker with the embedded broker: its end", () => {
  it("leaves nothing open, however soon after its start it comes", async () => {
    const held = (): [servers: number, timers: number] => {
      const kinds = process.getActiveResourcesInfo();
      return [
        kinds.filter((kind) => kind === "TCPServerWrap").length,
        kinds.filter((kind) => kind === "Timeout").length,
      ];
    };
    const [servers, timers] = held();
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (let turns = 0; turns < 40; turns++) {
      const embedded = openEmbeddedBroker({ port: 0, warn: () => undefined });
      for (let k = 0; k < turns; k++) await turn();
      await embedded.close();
    }
    // One timer is that of the waiting itself.
    await until(() => held()[0] <= servers && held()[1] <= timers + 1, "closed");
  });
});

describe("twin-broker with the embedded broker: its acknowledgement to a device", () => {
  const open = clients();
  const connect = strangers();
  let embedded: EmbeddedBroker;
  let start: () => void;
  const limits = { ...embeddedLimits, custodyMs: 2000 };
  const url = (): string => (embedded.state.state === "listening" ? embedded.state.url : "");
  beforeEach(async () => {
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    embedded = openEmbeddedBroker({ port: 0, warn: () => undefined, limits, started });
    await until(() => url() !== "", "listening");
  });
  afterEach(() => embedded.close());

  /** A client as the twin-broker node opens it. */
  function openGuarded(clientId: string): { broker: MqttBroker; unguard(forget: boolean): void } {
    const broker = open(url(), { clientId });
    return { broker, unguard: embedded.guard(clientId, () => broker.isReady()) };
  }

  for (const qos of [1, 2] as const)
    it(`waits until the node has taken the message (QoS ${qos})`, async () => {
      const { broker } = openGuarded("node");
      const seen: string[] = [];
      let release = (): void => undefined;
      broker.subscribe("press/#", 1, (_topic, payload) => {
        seen.push(`${payload}`);
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      });
      start();
      await until(() => broker.isSubscribed(), "subscribed");
      const press = await connect(url());
      const other = await connect(url());
      const copies: string[] = [];
      other.on("message", (_topic, payload) => copies.push(`${payload}`));
      await other.subscribeAsync("press/#", { qos: 1 });
      let acknowledged = false;
      const sent = press.publishAsync("press/6", "1", { qos, retain: true }).then(() => {
        acknowledged = true;
      });
      await until(() => seen.length === 1 && copies.length === 1, "the message");
      await pause(50);
      assert.equal(acknowledged, false, "it is not recorded yet");
      release();
      await sent;
      await pause(50);
      assert.deepEqual([seen, copies], [["1"], ["1"]], "everybody got it once");
      const late: string[] = [];
      const after = await connect(url());
      after.on("message", (_topic, payload) => late.push(`${payload}`));
      await after.subscribeAsync("press/6", { qos: 1 });
      await until(() => late.length === 1, "the retained message");
    });

  it("keeps the order of a device's messages, and acknowledges at once what no node asked for", async () => {
    const { broker } = openGuarded("node");
    const seen: string[] = [];
    broker.subscribe("press/#", 1, async (_topic, payload) => {
      await pause(1);
      seen.push(`${payload}`);
    });
    start();
    await until(() => broker.isSubscribed(), "subscribed");
    const press = await connect(url());
    const order: number[] = [];
    const all = Array.from({ length: 50 }, (_, n) =>
      press.publishAsync("press/6", `${n}`, { qos: 1 }).then(() => void order.push(n)),
    );
    await Promise.all(all);
    assert.deepEqual(
      seen,
      order.map((n) => `${n}`),
    );
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    await press.publishAsync("nobody/here", "x", { qos: 1 });
  });

  it("waits at the start until the nodes have subscribed: after a restart no session is left", async () => {
    const press = await connect(url());
    let acknowledged = false;
    const sent = press.publishAsync("press/6", "early", { qos: 1 }).then(() => {
      acknowledged = true;
    });
    await pause(50);
    const { broker } = openGuarded("node");
    const seen: string[] = [];
    broker.subscribe("press/#", 1, (_topic, payload) => void seen.push(`${payload}`));
    await pause(50);
    assert.equal(acknowledged, false);
    start();
    await sent;
    assert.deepEqual(seen, ["early"]);
  });

  it("waits for a node that a deploy takes away and brings back", async () => {
    const first = openGuarded("node");
    first.broker.subscribe("press/#", 1, () => assert.fail("nothing comes yet"), { owner: "n" });
    start();
    await until(() => first.broker.isSubscribed(), "subscribed");
    await first.broker.close(false);
    first.unguard(false);
    const press = await connect(url());
    let acknowledged = false;
    const sent = press.publishAsync("press/6", "during", { qos: 1 }).then(() => {
      acknowledged = true;
    });
    await pause(100);
    assert.equal(acknowledged, false);
    const second = openGuarded("node");
    const seen: string[] = [];
    second.broker.subscribe("press/#", 1, (_topic, payload) => void seen.push(`${payload}`), { owner: "n" });
    await sent;
    assert.deepEqual(seen, ["during"]);
  });

  it("ends the device's connection when nobody takes the message for too long, and forgets a node that was deleted", async () => {
    const { broker, unguard } = openGuarded("node");
    broker.subscribe("press/#", 1, () => new Promise(() => undefined));
    start();
    await until(() => broker.isSubscribed(), "subscribed");
    const press = mqtt.connect(url(), { reconnectPeriod: 0 });
    let acknowledged = false;
    press.publish("press/6", "1", { qos: 1 }, (error) => {
      acknowledged = !error;
    });
    await new Promise<void>((resolve) => press.once("close", () => resolve()));
    await press.endAsync(true);
    assert.equal(acknowledged, false);
    const patient = await connect(url());
    const sent = patient.publishAsync("press/6", "2", { qos: 1 });
    await pause(50);
    unguard(true);
    await sent;
  });

  it("does not wait for what a node publishes itself: that would be for the handler that awaits it", async () => {
    const { broker } = openGuarded("node");
    const seen: string[] = [];
    broker.subscribe("chain/#", 1, async (topic, payload) => {
      if (topic === "chain/first") await broker.publish("chain/second", `re: ${payload}`, { qos: 1 });
      seen.push(`${topic} ${payload}`);
    });
    start();
    await until(() => broker.isSubscribed(), "subscribed");
    const press = await connect(url());
    await press.publishAsync("chain/first", "1", { qos: 1 });
    await until(() => seen.length === 2, "both");
    assert.deepEqual(seen, ["chain/first 1", "chain/second re: 1"]);
  });
});
