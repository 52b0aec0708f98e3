import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import path from "node:path";
import mqtt from "mqtt";
import { projectRoot } from "../flows/project";
import { createMosquitto, type Mosquitto, mosquittoIsInstalled } from "../support/mosquitto";
import { clients, strangers, until } from "./twin-broker.clients";

const shipped = readFileSync(path.join(projectRoot, "examples/mosquitto/mosquitto.conf"), "utf8");

/** mosquitto gives up root for a user of its own, who must be able to write there. */
function openFolder(folder: string): string {
  chmodSync(folder, 0o777);
  return folder;
}

function asShipped(port: number, folder: string): string {
  const lines = { listener: `${port} 127.0.0.1`, persistence_location: `${openFolder(folder)}/` };
  return Object.entries(lines).reduce((text, [name, value]) => {
    const found = new RegExp(`^${name} .*$`, "m");
    assert.match(text, found);
    return text.replace(found, `${name} ${value}`);
  }, shipped);
}

const asUsual = (port: number, folder: string): string =>
  `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${openFolder(folder)}/\n`;

describe("mosquitto with the configuration that is shipped", () => {
  const connect = strangers();
  const open = clients();
  const brokers: (Mosquitto & { remove(): Promise<void> })[] = [];
  before(function () {
    if (mosquittoIsInstalled()) return;
    if (process.env.MEDITWIN_REQUIRE_SERVERS === "1") throw new Error("mosquitto is required here and not installed");
    console.warn("      SKIPPED: mosquitto is not installed (apt-get install mosquitto)");
    this.skip();
  });
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.remove();
  });
  async function start(write: (port: number, folder: string) => string): Promise<Mosquitto> {
    const broker = await createMosquitto({ write });
    brokers.push(broker);
    await broker.start();
    return broker;
  }

  /** Publishes for a subscriber that is away, ends the broker, and counts what it gets after the restart. */
  async function keptOver(broker: Mosquitto, count: number, signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
    const session = { clientId: "away", clean: false };
    const away = await connect(broker.url, session);
    await away.subscribeAsync("press/#", { qos: 1 });
    await away.endAsync();
    const press = await connect(broker.url, { reconnectPeriod: 0 });
    for (let n = 0; n < count; n++) await press.publishAsync("press/6", `${n}`, { qos: 1 });
    // mosquitto acknowledges first and writes its file at the end of the same turn: this answer comes a turn later.
    await press.subscribeAsync("anything", { qos: 1 });
    await broker.stop(signal);
    await broker.start();
    const kept = new Set<string>();
    const back = mqtt.connect(broker.url, session);
    back.on("error", () => undefined);
    back.on("message", (_topic, payload) => kept.add(`${payload}`));
    try {
      await until(() => back.connected, "connected again");
      const last = await connect(broker.url);
      // Behind all that was kept; its session may be gone, so it is subscribed afresh.
      await back.subscribeAsync("press/#", { qos: 1 });
      await last.publishAsync("press/6", "last", { qos: 1 });
      await until(() => kept.has("last"), "the last message");
    } finally {
      await back.endAsync(true);
    }
    return kept.size - 1;
  }

  it("keeps what waits in the other suites too, where it is stopped politely", async () => {
    const broker = await createMosquitto();
    brokers.push(broker);
    await broker.start();
    assert.equal(await keptOver(broker, 20, "SIGTERM"), 20);
  });

  it("keeps what it has acknowledged over its own kill -9", async () => {
    assert.equal(await keptOver(await start(asShipped), 500), 500);
  });

  it("and without it loses all of that: the control", async () => {
    assert.equal(await keptOver(await start(asUsual), 500), 0);
  });

  it("queues more than mosquitto's usual 1000 for a subscriber that is away", async () => {
    const broker = await start(asShipped);
    assert.equal(await keptOver(broker, 1500), 1500);
  });

  it("disconnects who sends a packet beyond the limit, and acknowledges nothing that it drops", async () => {
    const broker = await start(asShipped);
    const press = await connect(broker.url, { reconnectPeriod: 0, protocolVersion: 4 });
    let acknowledged = false;
    press.publish("press/6", Buffer.alloc(1_100_000), { qos: 1 }, (error) => {
      acknowledged = !error;
    });
    await until(() => !press.connected, "disconnected");
    assert.equal(acknowledged, false);
    const other = await connect(broker.url);
    await other.publishAsync("press/6", Buffer.alloc(1_048_576), { qos: 1 });
  });

  for (const protocolVersion of [4, 5] as const)
    it(`is subscribed to again when it was killed before it had saved the subscription (MQTT ${protocolVersion === 4 ? "3.1.1" : "5"})`, async () => {
      const server = await start(asUsual);
      const session = { clientId: "node", clean: false, protocolVersion, properties: { sessionExpiryInterval: 3600 } };
      await (await connect(server.url, session)).endAsync();
      await server.stop("SIGTERM");
      await server.start();
      const node = open(server.url, { clientId: "node", protocolVersion });
      const seen: string[] = [];
      node.subscribe("back/#", 1, (_topic, payload) => void seen.push(`${payload}`));
      await until(() => node.isSubscribed(), "subscribed");
      await server.stop("SIGKILL");
      await server.start();
      const press = await connect(server.url);
      await until(() => {
        press.publish("back/a", "1", { qos: 1 });
        return seen.length > 0;
      }, "a message");
    });
});
