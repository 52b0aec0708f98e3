import assert from "node:assert/strict";
import { connect } from "mqtt";
import { until, useStarts } from "../start/server";
import { killAll } from "../support/kill-all";
import { freePort } from "../support/ports";

const kills = 3;

/** Readings by the embedded broker into state and history, and a way to ask for them. */
function flow(mqttPort: number): unknown[] {
  const place = (node: Record<string, unknown>) => ({ z: "tab", x: 0, y: 0, wires: [], ...node });
  const all = '{"twin":"press-6","start":0,"end":4102444800000}';
  return [
    { id: "tab", type: "tab", label: "kill" },
    { id: "broker", type: "twin-broker", url: "", port: mqttPort },
    place({ id: "in", type: "twin-ingest", source: "mqtt", broker: "broker", topic: "+/data", wires: [["state"], []] }),
    place({ id: "state", type: "twin-state", operation: "report", wires: [["write"], []] }),
    place({ id: "write", type: "twin-write", wires: [[], []] }),
    place({ id: "get", type: "http in", url: "/history", method: "get", upload: false, wires: [["ask"]] }),
    place({
      id: "ask",
      type: "change",
      rules: [{ t: "set", p: "query", pt: "msg", to: all, tot: "json" }],
      wires: [["query"]],
    }),
    place({ id: "query", type: "twin-query", wires: [["answer"], ["answer"]] }),
    place({ id: "answer", type: "http response" }),
  ];
}

describe("twin-broker with the embedded broker, and kill -9 of Node-RED", () => {
  const starts = useStarts();

  it(`has in the history what a device was told is received, over ${kills} kills`, async function () {
    this.timeout(120_000);
    const [mqttPort, port] = [await freePort(), await freePort()];
    const file = starts.put("kill.json", JSON.stringify(flow(mqttPort)));
    const env = { TWIN_FLOWS: file, PORT: String(port), TWIN_MQTT_PORT: String(mqttPort) };
    let started = await starts.start(env);
    await started.serving();

    const acknowledged = new Set<number>();
    let sent = 0;
    const press = connect(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 50, clientId: "press-6", clean: false });
    press.on("error", () => undefined);
    const load = setInterval(() => {
      if (!press.connected) return;
      for (let k = 0; k < 5; k++) {
        const n = ++sent;
        press.publish("press-6/data", JSON.stringify({ n }), { qos: 1 }, (error) => {
          if (!error) acknowledged.add(n);
        });
      }
    }, 5);
    try {
      for (let kill = 0; kill < kills; kill++) {
        const before = acknowledged.size;
        await until("readings are acknowledged", () => acknowledged.size > before + 150 + 61 * kill, 30_000);
        killAll(started.child.pid as number);
        await started.ended();
        started = await starts.start(env);
        await started.serving();
      }
      const before = acknowledged.size;
      await until("readings are acknowledged again", () => acknowledged.size > before + 100, 30_000);
    } finally {
      clearInterval(load);
      press.end(true);
    }
    const missing = async (): Promise<number[]> => {
      const rows = (await (await fetch(`http://127.0.0.1:${port}/history`)).json()) as { n: number }[];
      const kept = new Set(rows.map(({ n }) => n));
      return [...acknowledged].filter((n) => !kept.has(n));
    };
    await until("all is written", async () => (await missing()).length === 0).catch(() => undefined);
    assert.deepEqual(await missing(), []);
  });
});
