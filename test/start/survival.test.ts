import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import path from "node:path";
import { connect } from "mqtt";
import type { TwinDocument } from "../../engine/contract/document";
import { projectRoot } from "../flows/project";
import { killAll } from "../support/kill-all";
import { freePort } from "../support/ports";
import { useStarts } from "./server";

/** A plant's own small flow: readings by MQTT to state and history, and three questions over HTTP. */
const flow = (mqttPort: number): unknown[] => {
  const place = (node: Record<string, unknown>) => ({ z: "tab", x: 0, y: 0, wires: [], ...node });
  const ask = (url: string, method: string, rules: unknown[], node: Record<string, unknown>) => {
    const id = url.slice(1);
    return [
      place({ id: `${id}-in`, type: "http in", url, method, upload: false, wires: [[`${id}-ask`]] }),
      place({ id: `${id}-ask`, type: "change", rules, wires: [[`${id}-node`]] }),
      place({ id: `${id}-node`, wires: [[`${id}-out`], [`${id}-out`]], ...node }),
      place({ id: `${id}-out`, type: "http response" }),
    ];
  };
  return [
    { id: "tab", type: "tab", label: "survival" },
    { id: "broker", type: "twin-broker", url: "", port: mqttPort },
    place({
      id: "ingest",
      type: "twin-ingest",
      source: "mqtt",
      broker: "broker",
      topic: "+/readings",
      wires: [["state"], []],
    }),
    place({ id: "state", type: "twin-state", operation: "report", wires: [["write"], []] }),
    place({ id: "write", type: "twin-write", wires: [["pass"], []] }),
    // What has passed twin-write is durable: told to whoever listens.
    // A new message: a stock mqtt out that is not connected yet never calls done, and would hold the readings.
    place({
      id: "pass",
      type: "function",
      func: 'return { topic: "durable", payload: msg.payload };',
      outputs: 1,
      wires: [["tell"]],
    }),
    place({ id: "tell", type: "mqtt out", topic: "durable", qos: "1", retain: "false", broker: "stock-broker" }),
    {
      id: "stock-broker",
      type: "mqtt-broker",
      broker: "127.0.0.1",
      port: mqttPort,
      protocolVersion: "4",
      keepalive: 60,
      cleansession: true,
      autoConnect: true,
    },
    ...ask("/twin", "get", [{ t: "set", p: "topic", pt: "msg", to: "payload.id", tot: "msg" }], {
      type: "twin-state",
      operation: "get",
    }),
    ...ask(
      "/history",
      "get",
      [{ t: "set", p: "query", pt: "msg", to: '{"twin":"press-1","start":0,"end":4102444800000}', tot: "json" }],
      { type: "twin-query" },
    ),
    ...ask("/train", "post", [], {
      type: "twin-train",
      modelName: "norris",
      algorithm: "linear",
      target: "y",
      features: ["x"],
      testSize: 0,
      promote: "always",
    }),
    ...ask("/predict", "post", [], { type: "twin-predict", modelName: "norris", domain: "ignore" }),
  ];
};

const json = async (url: string, body?: unknown): Promise<unknown> => {
  const options =
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  // The flows' endpoints may come a moment after the banner.
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url, options);
    if (response.status !== 404 || attempt === 50) return response.json();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const norris = (): { x: number; y: number }[] =>
  readFileSync(path.join(projectRoot, "examples/data/nist_Norris.csv"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number))
    .map(([y, x]) => ({ x: x as number, y: y as number }));

describe("survival: state, history and models after kill -9 under load", () => {
  const starts = useStarts();

  it("has everything that had passed twin-write, five times over, and the model", async function () {
    this.timeout(600_000);
    const mqttPort = await freePort();
    const port = await freePort();
    const file = starts.put("survival.json", JSON.stringify(flow(mqttPort)));
    const env = { TWIN_FLOWS: file, PORT: String(port), TWIN_MQTT_PORT: String(mqttPort) };
    const url = `http://127.0.0.1:${port}`;

    let durable = 0;
    const passed = new Set<number>();
    const client = connect(`mqtt://127.0.0.1:${mqttPort}`, {
      reconnectPeriod: 100,
      clientId: "survival",
      queueQoSZero: false,
    });
    client.on("error", () => undefined);
    client.on("connect", () => client.subscribe("durable", { qos: 1 }));
    client.on("message", (_topic, payload) => {
      const { n } = JSON.parse(String(payload)) as { n: number };
      passed.add(n);
      durable = Math.max(durable, n);
    });

    let sent = 0;
    let model = "";
    try {
      for (let round = 0; round < 5; round++) {
        const started = await starts.start(env);
        await started.serving();
        if (round === 0) {
          const report = (await json(`${url}/train`, norris())) as {
            version: number;
            coefficients: { term: string; estimate: number }[];
          };
          assert.equal(report.version, 1);
          // NIST StRD, Norris: B1 = 1.00211681802045.
          assert.ok(Math.abs((report.coefficients[1]?.estimate ?? 0) - 1.00211681802045) < 1e-9);
        }
        const prediction = JSON.stringify((await json(`${url}/predict`, [{ x: 100 }])) as unknown);
        model ||= prediction;
        assert.equal(prediction, model, `round ${round}: the model answers as before`);
        if (round > 0) {
          // Readings sent again by the client go on arriving while we ask: what counts is what was durable before.
          const known = durable;
          const expected = [...passed];
          const twin = (await json(`${url}/twin?id=press-1`)) as TwinDocument;
          assert.ok(
            (twin.reported.n as number) >= known,
            `round ${round}: the twin is at ${twin.reported.n}, durable was ${known}`,
          );
          const rows = (await json(`${url}/history`)) as { n: number }[];
          const kept = new Set(rows.map((row) => row.n));
          assert.deepEqual(
            expected.filter((n) => !kept.has(n)),
            [],
            `round ${round}: readings that are not in the history`,
          );
        }
        const before = durable;
        const load = setInterval(() => {
          for (let k = 0; k < 10; k++)
            client.publish("press-1/readings", JSON.stringify({ n: ++sent, force: 6.8 }), { qos: 1 });
        }, 10);
        const deadline = Date.now() + 60_000;
        while (durable < before + 50 + round * 75 && Date.now() < deadline)
          await new Promise((resolve) => setTimeout(resolve, 5));
        const pids = killAll(started.child.pid as number);
        clearInterval(load);
        assert.ok(durable > before, `round ${round}: readings arrived`);
        assert.ok(pids > 0);
        await started.ended();
      }
    } finally {
      client.end(true);
    }
  });
});
