import assert from "node:assert/strict";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import mqtt from "mqtt";
import { Failure } from "../../engine/contract/errors";
import { filterProblem, matchesFilter } from "../../engine/ingest/topic-filter";
import { disposeShared } from "../../nodes/lib/shared";
import { backoffMs } from "../../nodes/twin-broker/backoff";
import { type EmbeddedBroker, embeddedLimits, openEmbeddedBroker } from "../../nodes/twin-broker/embedded";
import { createTakeoverWatch } from "../../nodes/twin-broker/takeover-watch";
import { readTwinBrokerSettings } from "../../nodes/twin-broker/twin-broker.settings";
import { useMosquitto } from "../support/mosquitto";
import { freePort } from "../support/ports";
import { useRuntime } from "../support/runtime";
import { clients, pause, stateOf, strangers, until } from "./twin-broker.clients";

describe("twin-broker settings", () => {
  const port = process.env.TWIN_MQTT_PORT;
  afterEach(() => {
    if (port === undefined) delete process.env.TWIN_MQTT_PORT;
    else process.env.TWIN_MQTT_PORT = port;
  });

  it("defaults to the embedded broker on port 1883, or TWIN_MQTT_PORT", () => {
    delete process.env.TWIN_MQTT_PORT;
    const { url, port, protocolVersion, sessionExpiryS } = readTwinBrokerSettings({});
    assert.deepEqual([url, port, protocolVersion, sessionExpiryS], ["", 1883, 4, 86_400]);
    process.env.TWIN_MQTT_PORT = "18999";
    assert.equal(readTwinBrokerSettings({}).port, 18_999);
    assert.equal(readTwinBrokerSettings({ port: "1884" }).port, 1884);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED leaves a variable that is not set as it stands
    assert.equal(readTwinBrokerSettings({ url: "${MQTT_URL}" }).url, "");
  });

  for (const [field, value, text] of [
    ["url", "http://broker", /mqtt:\/\//],
    ["url", "mqtt://", /url is "mqtt:\/\/"/],
    ["port", "99999", /65535 or less/],
    ["protocolVersion", 3, /one of 4, 5/],
    ["sessionExpiry", -1, /0 or more/],
  ] as const)
    it(`refuses ${field} ${value}`, () => {
      assert.throws(() => readTwinBrokerSettings({ [field]: value }), text);
    });

  it("takes an address without a scheme for mqtt", () =>
    assert.equal(readTwinBrokerSettings({ url: "broker.local:1884" }).url, "mqtt://broker.local:1884"));
});

describe("MQTT topic filters", () => {
  // MQTT 3.1.1, 4.7: the standard's own examples.
  for (const [filter, topic, expected] of [
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["#", "a/b", true],
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["#", "$SYS/broker", false],
    ["+/monitor/Clients", "$SYS/monitor/Clients", false],
    ["$SYS/#", "$SYS/monitor", true],
    ["$share/plant/sensor/+", "sensor/data", true],
  ] as const)
    it(`${filter} ${expected ? "takes" : "leaves"} ${topic}`, () =>
      assert.equal(matchesFilter(filter, topic), expected));

  for (const wrong of ["", "sport/tennis#", "sport/#/ranking", "sport+", "a\u0000b"])
    it(`says what is wrong with ${JSON.stringify(wrong)}`, () => assert.ok(filterProblem(wrong)));
  it("has nothing against sensor/+/data/#", () => assert.equal(filterProblem("sensor/+/data/#"), undefined));
});

describe("reconnecting", () => {
  it("doubles the wait, spread over half of it, up to 30 s", () => {
    assert.deepEqual(
      [0, 1, 2, 3, 9, 99].map((attempt) => backoffMs(attempt, { random: () => 1 })),
      [1000, 2000, 4000, 8000, 30_000, 30_000],
    );
    assert.equal(backoffMs(3, { random: () => 0 }), 4000);
  });

  it("suspects a second client with the same id only when connections are taken and soon ended, again and again", () => {
    const watch = createTakeoverWatch();
    const short = [1, 2, 3, 4].map(() => watch.closed(500, false));
    assert.deepEqual(short, [false, false, false, true]);
    const restarting = createTakeoverWatch();
    for (let kill = 0; kill < 20; kill++) {
      assert.equal(restarting.closed(500, false), false);
      assert.equal(restarting.closed(undefined, false), false, "a refused connection starts the count afresh");
    }
    const told = createTakeoverWatch();
    assert.deepEqual([told.closed(60_000, true), told.closed(60_000, true)], [false, true], "MQTT 5 says so");
  });
});

/** What must hold with any broker. */
function behaves(urlOf: () => string, protocolVersion: 4 | 5): void {
  const open = clients();
  const connect = strangers();

  it("hands messages over in order, with topic, payload and packet", async () => {
    const broker = open(urlOf(), { protocolVersion });
    const state = stateOf(broker);
    const seen: string[] = [];
    broker.subscribe("sensor/+", 1, (topic, payload, packet) => {
      seen.push(`${topic} ${payload} ${packet.qos}`);
    });
    await until(() => state.now().state === "connected", "connected");
    const stranger = await connect(urlOf());
    await until(() => broker.isSubscribed(), "subscribed");
    for (let n = 0; n < 300; n++) stranger.publish("sensor/data", `${n}`, { qos: 1 });
    await until(() => seen.length === 300, "300 messages");
    assert.deepEqual(
      seen,
      Array.from({ length: 300 }, (_, n) => `sensor/data ${n} 1`),
    );
  });

  it("acknowledges only after the handler: what was not done with is delivered again to the next connection", async () => {
    const clientId = `again-${Math.random().toString(36).slice(2)}`;
    const first = open(urlOf(), { clientId, protocolVersion });
    const started: string[] = [];
    first.subscribe("work/#", 1, (_topic, payload) => {
      started.push(payload.toString());
      return new Promise(() => undefined);
    });
    const stranger = await connect(urlOf());
    await until(() => first.isSubscribed(), "subscribed");
    for (const n of [1, 2, 3]) await stranger.publishAsync("work/a", `${n}`, { qos: 1 });
    await until(() => started.length === 1, "the first message");
    await first.close(false);
    assert.deepEqual(started, ["1"], "one at a time");

    const second = open(urlOf(), { clientId, protocolVersion });
    const done: string[] = [];
    second.subscribe("work/#", 1, (_topic, payload) => void done.push(payload.toString()));
    await until(() => done.length === 3, "all three again");
    assert.deepEqual(done, ["1", "2", "3"]);
  });

  it("tries again what a retry can help, and goes on after poison", async () => {
    const broker = open(urlOf(), { protocolVersion });
    const seen: string[] = [];
    broker.subscribe("poison", 1, (_topic, payload) => {
      seen.push(payload.toString());
      if (payload.toString() === "full" && seen.length < 3) throw new Failure("busy", "disk full", "", true);
      if (payload.toString() === "poison") throw new Error("no good");
    });
    const stranger = await connect(urlOf());
    await until(() => broker.isSubscribed(), "subscribed");
    for (const text of ["full", "poison", "after"]) await stranger.publishAsync("poison", text, { qos: 1 });
    await until(() => seen.includes("after"), "the message after");
    assert.deepEqual(seen, ["full", "full", "full", "poison", "after"]);
    assert.match(broker.warnings.join(), /no good/);
  });

  it("publishes with QoS 1 inside a handler without blocking itself", async () => {
    const broker = open(urlOf(), { protocolVersion });
    const answers: string[] = [];
    broker.subscribe("ask", 1, async (_topic, payload) => {
      await broker.publish("answer", `re: ${payload}`, { qos: 1 });
    });
    broker.subscribe("answer", 1, (_topic, payload) => void answers.push(payload.toString()));
    const stranger = await connect(urlOf());
    await until(() => broker.isSubscribed(), "subscribed");
    await stranger.publishAsync("ask", "1", { qos: 1 });
    await until(() => answers.length === 1, "the answer");
  });

  it("keeps messages for a subscriber that a deploy takes away and brings back", async () => {
    const broker = open(urlOf(), { protocolVersion });
    const seen: string[] = [];
    const take = (_topic: string, payload: Buffer): void => void seen.push(payload.toString());
    const before = broker.subscribe("deploy", 1, take, { owner: "n1" });
    const stranger = await connect(urlOf());
    await until(() => broker.isSubscribed(), "subscribed");
    await before.close(true);
    await stranger.publishAsync("deploy", "during", { qos: 1 });
    await pause(100);
    broker.subscribe("deploy", 1, take, { owner: "n1" });
    await stranger.publishAsync("deploy", "after", { qos: 1 });
    await until(() => seen.length === 2, "both");
    assert.deepEqual(seen, ["during", "after"]);
  });

  it("does not wait for a subscriber that comes back with another topic, or never", async () => {
    const broker = open(urlOf(), { protocolVersion, handoverMs: 200 });
    const seen: string[] = [];
    const take = (topic: string): void => void seen.push(topic);
    const moved = broker.subscribe("old/topic", 1, take, { owner: "n1" });
    const gone = broker.subscribe("gone/topic", 1, take, { owner: "n2" });
    const stranger = await connect(urlOf());
    await until(() => broker.isSubscribed(), "subscribed");
    await moved.close(true);
    await gone.close(true);
    broker.subscribe("new/topic", 1, take, { owner: "n1" });
    await until(() => broker.isSubscribed(), "subscribed");
    for (const topic of ["old/topic", "gone/topic", "new/topic"]) await stranger.publishAsync(topic, "x", { qos: 1 });
    await until(() => seen.length === 1, "the new topic");
    assert.deepEqual(seen, ["new/topic"]);
  });
}

describe("twin-broker with the embedded broker", () => {
  let embedded: EmbeddedBroker;
  const url = (): string => (embedded.state.state === "listening" ? embedded.state.url : "");
  const warnings: string[] = [];
  const limits = { ...embeddedLimits, maxMessages: 50, maxPacketBytes: 100_000, maxConnections: 20, patienceMs: 200 };
  before(async () => {
    embedded = openEmbeddedBroker({ port: 0, warn: (text) => warnings.push(text), limits });
    await until(() => url() !== "", "listening");
  });
  after(() => embedded.close());
  const connect = strangers();
  behaves(url, 4);

  it("listens on loopback only", () => assert.match(url(), /^mqtt:\/\/127\.0\.0\.1:\d+$/));

  it("ends a connection that announces a packet beyond the limit, and no other", async () => {
    const other = await connect(url());
    const big = await connect(url(), { reconnectPeriod: 0 });
    const closed = new Promise<void>((resolve) => big.once("close", () => resolve()));
    big.publish("big", Buffer.alloc(200_000));
    await closed;
    await other.publishAsync("small", Buffer.alloc(90_000), { qos: 1 });
    assert.ok(other.connected);
  });

  it("survives garbage in place of MQTT", async () => {
    const socket = dial(Number(new URL(url()).port), "127.0.0.1");
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.resume();
    await Promise.race([closed, pause(500)]);
    socket.destroy();
    await connect(url());
  });

  it("bounds the queue of a client that is away, and says so", async () => {
    const away = await connect(url(), { clientId: "away", clean: false });
    await away.subscribeAsync("flood", { qos: 1 });
    await away.endAsync();
    const stranger = await connect(url());
    for (let n = 0; n < 120; n++) await stranger.publishAsync("flood", `${n}`, { qos: 1 });
    const seen: string[] = [];
    const back = mqtt.connect(url(), { clientId: "away", clean: false });
    back.on("message", (_topic, payload) => seen.push(payload.toString()));
    await until(() => seen.length === 50, "50 messages");
    await pause(100);
    await back.endAsync();
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, n) => `${n}`),
      "the oldest, in order, and no more",
    );
    assert.match(warnings.join(), /dropped a message for the client "away"/);
  });
});

describe("twin-broker with a port that is taken", () => {
  it("names the port and TWIN_MQTT_PORT, and starts when it becomes free", async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, "127.0.0.1");
    const warnings: string[] = [];
    const embedded = openEmbeddedBroker({ port, warn: (text) => warnings.push(text) });
    await until(() => embedded.state.state === "failed", "failed");
    assert.match(warnings.join(), new RegExp(`Port ${port} is taken.*TWIN_MQTT_PORT`));
    await new Promise((resolve) => squatter.close(resolve));
    await until(() => embedded.state.state === "listening", "listening");
    await embedded.close();
  });
});

for (const protocolVersion of [4, 5] as const)
  describe(`twin-broker with mosquitto, MQTT ${protocolVersion === 4 ? "3.1.1" : "5"}`, () => {
    const server = useMosquitto(["autosave_on_changes true", "autosave_interval 1"]);
    const open = clients();
    behaves(() => server.url, protocolVersion);

    it("comes back after the broker's kill -9, with its subscriptions", async () => {
      const broker = open(server.url, { protocolVersion });
      const state = stateOf(broker);
      const seen: string[] = [];
      broker.subscribe("back/#", 1, (_topic, payload) => void seen.push(payload.toString()));
      await until(() => broker.isSubscribed(), "subscribed");
      await server.stop("SIGKILL");
      await until(() => state.now().state === "failed", "failed");
      assert.match(JSON.stringify(state.now()), /unreachable/);
      await server.start();
      await until(() => state.now().state === "connected" && broker.isSubscribed(), "connected again");
      await broker.publish("back/a", "1", { qos: 1 });
      await until(() => seen.length === 1, "the message");
    });

    it("stops fighting with a client of the same id, and says so", async () => {
      const clientId = `twice-${protocolVersion}`;
      const broker = open(server.url, { protocolVersion, clientId });
      const state = stateOf(broker);
      broker.subscribe("twice", 1, () => undefined);
      await until(() => state.now().state === "connected", "connected");
      const other = mqtt.connect(server.url, { clientId, reconnectPeriod: 30, protocolVersion });
      other.on("error", () => undefined);
      try {
        await until(() => JSON.stringify(state.now()).includes("takenOver"), "taken over");
        assert.match(JSON.stringify(state.now()), new RegExp(`client id .*${clientId}`));
        await until(() => other.connected, "the other one has it");
        await pause(300);
        assert.ok(other.connected, "and keeps it");
      } finally {
        await other.endAsync(true);
      }
    });
  });

describe("twin-broker refused by mosquitto", () => {
  const server = useMosquitto(["allow_anonymous false"]);
  const open = clients();
  it("shows the reason", async () => {
    const broker = open(server.url);
    const state = stateOf(broker);
    broker.subscribe("a", 1, () => undefined);
    await until(() => JSON.stringify(state.now()).includes("refused"), "refused");
    assert.match(JSON.stringify(state.now()), /[Nn]ot authorized/);
  });
});

describe("twin-broker with a message that the broker refuses by closing the connection", () => {
  const open = clients();
  it("takes it back after a few attempts, tells its publisher, and goes on", async () => {
    const { Aedes } = await import("aedes");
    const aedes = await Aedes.createBroker({
      authorizePublish: (_client, packet, callback) =>
        callback(packet.topic === "forbidden" ? new Error("forbidden") : null),
    });
    const server = createServer(aedes.handle).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const broker = open(`mqtt://127.0.0.1:${(server.address() as { port: number }).port}`);
    const forbidden = broker.publish("forbidden", "x", { qos: 1 });
    await assert.rejects(forbidden, /did not take forbidden/);
    await broker.publish("allowed", "x", { qos: 1 });
    await broker.close(false);
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("twin-broker, closed while it connects", () => {
  const open = clients();

  it("leaves no connection behind, and makes no other", async () => {
    const sockets = new Set<Socket>();
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
      // CONNACK, when the client has been ended already.
      socket.once("data", () => setTimeout(() => socket.writable && socket.write(Buffer.from([0x20, 2, 0, 0])), 100));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const broker = open(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
    broker.publish("a", "1", { qos: 1 }).catch(() => undefined);
    broker.subscribe("b", 1, () => undefined);
    await until(() => sockets.size === 2, "both are connecting");
    await broker.close(false);
    await until(() => sockets.size === 0, "both are gone");
    await pause(500);
    assert.equal(connections, 2);
    server.close();
  });
});

describe("twin-broker node", () => {
  const runtime = useRuntime();
  const connect = strangers();
  it("keeps the embedded broker and its clients over a deploy", async () => {
    const port = await freePort();
    const flow = [{ id: "b", type: "twin-broker", port: String(port) }];
    const load = async (): Promise<void> => void (await runtime.load([], flow));
    await load();
    await until(() => apiOf() !== undefined, "an address");
    const stranger = await connect(`mqtt://127.0.0.1:${port}`);
    let closed = 0;
    stranger.on("close", () => closed++);
    for (let deploy = 0; deploy < 3; deploy++) {
      await runtime.unload();
      await load();
    }
    await stranger.publishAsync("still", "here", { qos: 1 });
    assert.equal(closed, 0);
    function apiOf(): string | undefined {
      const { embeddedBrokerAddress } = require("../../nodes/twin-broker/twin-broker");
      return embeddedBrokerAddress(port);
    }
  });
  after(() => disposeShared());
});
