import { strict as assert } from "node:assert";
import type { MqttClient } from "mqtt";
import type { TwinDocument } from "../../engine/contract/document";
import { useMosquitto } from "../support/mosquitto";
import { freePort } from "../support/ports";
import { type FlowNode, useRuntime } from "../support/runtime";
import { strangers, until } from "./twin-broker.clients";
import { commandFlow, commandOf, errorOf, report } from "./twin-command.support";

interface Heard {
  topic: string;
  payload: Record<string, unknown>;
  properties: Record<string, unknown>;
}

/** A machine on the broker, which does as `answer` says. */
interface Machine {
  client: MqttClient;
  heard: Heard[];
}

const commandTypes = ["twin-command", "twin-state"];

describe("twin-command over MQTT", () => {
  const mosquitto = useMosquitto();
  const runtime = useRuntime();
  const connect = strangers();
  let port = 0;
  before(async () => {
    port = await freePort();
  });

  const brokers: [string, 4 | 5, () => { node: FlowNode; url: string }][] = [
    [
      "mosquitto with MQTT 5",
      5,
      () => ({
        node: { id: "broker", type: "twin-broker", url: mosquitto.url, protocolVersion: 5 },
        url: mosquitto.url,
      }),
    ],
    [
      "mosquitto with MQTT 3.1.1",
      4,
      () => ({
        node: { id: "broker", type: "twin-broker", url: mosquitto.url, protocolVersion: 4 },
        url: mosquitto.url,
      }),
    ],
    [
      "the embedded broker",
      4,
      () => ({ node: { id: "broker", type: "twin-broker", url: "", port }, url: `mqtt://127.0.0.1:${port}` }),
    ],
  ];

  for (const [name, protocolVersion, place] of brokers) {
    describe(`on ${name}`, () => {
      async function load(settings: Record<string, unknown> = {}) {
        const { node, url } = place();
        const flow = await runtime.load(commandTypes, commandFlow({ broker: "broker", ...settings }, [node]));
        await until(() => flow.statuses("command").some(({ fill }) => fill === "green"), "connected");
        return { flow, url };
      }

      async function machine(
        url: string,
        id: string,
        does: (heard: Heard, machine: Machine) => void,
      ): Promise<Machine> {
        const client = await connect(url, { protocolVersion });
        const it: Machine = { client, heard: [] };
        client.on("message", (topic, payload, { properties }) => {
          const heard = { topic, payload: JSON.parse(payload.toString()), properties: { ...properties } } as Heard;
          it.heard.push(heard);
          does(heard, it);
        });
        await client.subscribeAsync([`${id}/command`, `${id}/desired`], { qos: 1 });
        return it;
      }

      /** By the response topic where the protocol has one, by the convention where not. */
      const answerTo = ({ client }: Machine, { topic, payload, properties }: Heard, answer: Record<string, unknown>) =>
        protocolVersion === 5
          ? client.publish(String(properties.responseTopic), JSON.stringify(answer), {
              qos: 1,
              properties: { correlationData: properties.correlationData as Buffer },
            })
          : client.publish(`${topic}/answer`, JSON.stringify({ id: payload.id, ...answer }), { qos: 1 });

      it("hands a command to the machine and its answer back", async () => {
        const { flow, url } = await load();
        const press = await machine(url, "press-6", (heard, it) => {
          if (heard.topic === "press-6/command") answerTo(it, heard, { code: 200, text: "homed", result: { at: 0 } });
        });
        flow.send("command", { topic: "press-6", command: "home", payload: { axis: 1 } });
        const done = await flow.next("done");
        assert.deepEqual([done.payload, commandOf(done).text], [{ at: 0 }, "homed"]);
        const [sent] = press.heard;
        assert.deepEqual(Object.keys(sent?.payload ?? {}).sort(), ["args", "expires", "id", "name"]);
        if (protocolVersion === 5) {
          assert.equal(sent?.properties.responseTopic, "press-6/command/answer");
          assert.equal(String(sent?.properties.correlationData), sent?.payload.id);
          assert.ok((sent?.properties.messageExpiryInterval as number) > 0, "the broker drops what is stale");
        }
      });

      it("hears a refusal of the machine, for a command and for desired values", async () => {
        const { flow, url } = await load({ topic: "plant/a" });
        await machine(url, "plant/a/press-7", (heard, it) => {
          if (heard.topic === "plant/a/press-7/command") answerTo(it, heard, { code: 423, text: "guard open" });
          if (heard.topic === "plant/a/press-7/desired") answerTo(it, heard, { code: 409, text: "in cleaning" });
        });
        flow.send("command", { topic: "press-7", command: "home" });
        assert.equal(errorOf(await flow.next("refused")).message, "press-7 refused home: guard open (423).");
        flow.send("command", { topic: "press-7", payload: { speed: 80 } });
        assert.equal(
          errorOf(await flow.next("refused")).message,
          "press-7 refused what is desired: in cleaning (409).",
        );
      });

      it("brings desired values to the machine until it reports them", async () => {
        const { flow, url } = await load();
        const press = await machine(url, "press-8", () => undefined);
        flow.send("command", { topic: "press-8", payload: { speed: 80 } });
        await until(() => press.heard.length > 0, "the machine hears of it");
        assert.deepEqual([press.heard[0]?.topic, press.heard[0]?.payload], ["press-8/desired", { speed: 80 }]);
        await report(flow, "press-8", { speed: 80 });
        assert.deepEqual(((await flow.next("done")).payload as TwinDocument).delta, {});
      });

      it("tries again under the same key where the machine is silent: one that knows the key does it once", async () => {
        const { flow, url } = await load({ timeout: 0.2, retries: 20 });
        const done = new Set<unknown>();
        const press = await machine(url, "press-9", (heard, it) => {
          if (heard.topic !== "press-9/command") return;
          done.add(heard.payload.id);
          // The first two answers are lost.
          if (it.heard.filter(({ topic }) => topic === "press-9/command").length > 2)
            answerTo(it, heard, { code: 200, text: "done" });
        });
        flow.send("command", { topic: "press-9", command: "home" });
        const answer = await flow.next("done");
        assert.ok((commandOf(answer).attempts as number) >= 3);
        assert.equal(done.size, 1);
        assert.ok(press.heard.length >= 3);
      });

      it("hears an answer that came while a deploy had taken the node away", async () => {
        const { node, url } = place();
        const nodes = commandFlow({ broker: "broker", retries: 0, timeout: 60 }, [node]);
        const before = await runtime.load(commandTypes, nodes);
        await until(() => before.statuses("command").some(({ fill }) => fill === "green"), "connected");
        let answer = (): unknown => undefined;
        const press = await machine(url, "press-12", (heard, it) => {
          answer = () => answerTo(it, heard, { code: 200, text: "homed" });
        });
        before.send("command", { topic: "press-12", command: "home" });
        await until(() => press.heard.length > 0, "the machine hears of it");
        await runtime.unload();
        answer();
        const after = await runtime.load(commandTypes, nodes);
        assert.equal(commandOf(await after.next("done")).text, "homed");
        assert.equal(press.heard.length, 1);
      });

      it("is not confused by what is no answer", async () => {
        const { flow, url } = await load();
        const hostile = await connect(url, { protocolVersion });
        await machine(url, "press-10", (heard, it) => {
          if (heard.topic !== "press-10/command") return;
          const topic = "press-10/command/answer";
          for (const payload of [
            "",
            "no json",
            "[]",
            '{"code":200}',
            '{"id":"other","code":200}',
            '{"id":1,"code":9999}',
          ])
            hostile.publish(topic, payload, { qos: 1 });
          hostile.publish("press-11/command/answer", JSON.stringify({ id: heard.payload.id, code: 200 }), { qos: 1 });
          hostile.publish("x/../command/answer", JSON.stringify({ id: heard.payload.id, code: 200 }), { qos: 1 });
          setTimeout(() => answerTo(it, heard, { code: 200, text: "mine" }), 100);
        });
        flow.send("command", { topic: "press-10", command: "home" });
        assert.equal(commandOf(await flow.next("done")).text, "mine");
        assert.deepEqual(flow.errors(), []);
      });
    });
  }
});
