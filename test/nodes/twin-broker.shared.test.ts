import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Failure, Refusal } from "../../engine/contract/errors";
import { useMosquitto } from "../support/mosquitto";
import { clients, stateOf, strangers, until } from "./twin-broker.clients";

/** A subscriber as a process of its own: it writes down what it takes, slowly, before it is acknowledged. */
const subscriber = `
const { appendFileSync } = require("node:fs");
const { openMqttBroker } = require(process.argv[2]);
const [url, file, protocolVersion] = process.argv.slice(3);
const broker = openMqttBroker({ clientId: "killed", protocolVersion: Number(protocolVersion), sessionExpiryS: 3600, warn() {}, backoff: { firstMs: 20, maxMs: 100 } });
broker.setAddress(url);
broker.subscribe("press/#", 1, async (_topic, payload) => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  appendFileSync(file, payload + "\\n");
});
setInterval(() => broker.isSubscribed() && process.send("subscribed"), 10);
`;

for (const protocolVersion of [4, 5] as const)
  describe(`twin-broker on a shared mosquitto, MQTT ${protocolVersion === 4 ? "3.1.1" : "5"}`, () => {
    const server = useMosquitto(["max_queued_messages 10000"]);
    const open = clients();
    const connect = strangers();
    let folder = "";
    before(() => {
      folder = mkdtempSync(path.join(tmpdir(), "broker-"));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    it("loses nothing when the subscriber is killed: its session goes on with the next process", async () => {
      const script = path.join(folder, "subscriber.cjs");
      const file = path.join(folder, "taken.txt");
      writeFileSync(script, subscriber);
      writeFileSync(file, "");
      const begin = () =>
        fork(script, [require.resolve("../../nodes/twin-broker/mqtt-broker"), server.url, file, `${protocolVersion}`]);
      let child = begin();
      await new Promise((resolve) => child.once("message", resolve));
      const press = await connect(server.url);
      const count = 600;
      const sent = Promise.all(
        Array.from({ length: count }, (_, n) => press.publishAsync("press/6", `${n}`, { qos: 1 })),
      );
      const taken = (): Set<string> => new Set(readFileSync(file, "utf8").split("\n").filter(Boolean));
      for (const atLeast of [50, 200]) {
        await until(() => taken().size >= atLeast, `${atLeast} taken`);
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await ended;
        child = begin();
      }
      try {
        await sent;
        await until(() => taken().size === count, "all of them");
      } finally {
        child.kill("SIGKILL");
      }
    });

    const poisons: [string, () => void | Promise<void>][] = [
      [
        "a handler that throws what no retry can help",
        () => {
          throw new Failure("bad-json", "no JSON", "");
        },
      ],
      [
        "a handler that refuses",
        () => {
          throw new Refusal({ code: "bad-id", message: "no id", hint: "" });
        },
      ],
      ["a handler that throws no error at all", () => Promise.reject("just words")],
      [
        "a handler that breaks on what JSON nested 10,000 deep becomes",
        () => {
          structuredClone(JSON.parse("[".repeat(10_000) + "]".repeat(10_000)));
          throw new RangeError("too deep");
        },
      ],
    ];
    for (const [what, poison] of poisons)
      it(`goes on after ${what}: the messages behind it arrive and are acknowledged`, async () => {
        const clientId = `poison-${Math.random().toString(36).slice(2)}`;
        const first = open(server.url, { protocolVersion, clientId });
        const seen: string[] = [];
        first.subscribe("poison", 1, (_topic, payload) => {
          seen.push(`${payload}`);
          if (`${payload}` === "poison") return poison();
        });
        await until(() => first.isSubscribed(), "subscribed");
        const press = await connect(server.url);
        for (const text of ["1", "poison", "2", "poison", "3"]) await press.publishAsync("poison", text, { qos: 1 });
        await until(() => seen.length === 5, "all of them");
        assert.deepEqual(seen, ["1", "poison", "2", "poison", "3"]);
        assert.equal(stateOf(first).now().state, "connected");
        await first.close(false);
        const second = open(server.url, { protocolVersion, clientId });
        second.subscribe("poison", 1, (_topic, payload) => void seen.push(`again ${payload}`));
        await press.publishAsync("poison", "new", { qos: 1 });
        await until(() => seen.length > 5, "the new one");
        assert.equal(seen[5], "again new", "nothing of before was left unacknowledged");
      });
  });
