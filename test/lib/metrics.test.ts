import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import mqtt from "mqtt";
import { stateSet, textOf } from "../../nodes/lib/metrics";
import { projectRoot } from "../flows/project";
import { until, useStarts } from "../start/server";
import { freePort } from "../support/ports";

describe("metrics", () => {
  it("are in the text format of Prometheus: one family together, labels escaped", async () => {
    const text = await textOf([
      { name: "spool_bytes", help: "What it takes.", value: 1.5, labels: { name: 'a "b" \\ c\nd' } },
      { name: "dropped_total", help: "What was given up.", kind: "counter", value: 2 },
      { name: "spool_bytes", help: "What it takes.", value: 0, labels: { name: "e" } },
      ...stateSet("state", "1 for the present.", ["ok", "failed"], "ok"),
    ]);
    assert.equal(
      text,
      [
        "# HELP meditwin_spool_bytes What it takes.",
        "# TYPE meditwin_spool_bytes gauge",
        'meditwin_spool_bytes{name="a \\"b\\" \\\\ c\\nd"} 1.5',
        'meditwin_spool_bytes{name="e"} 0',
        "",
        "# HELP meditwin_dropped_total What was given up.",
        "# TYPE meditwin_dropped_total counter",
        "meditwin_dropped_total 2",
        "",
        "# HELP meditwin_state 1 for the present.",
        "# TYPE meditwin_state gauge",
        'meditwin_state{state="ok"} 1',
        'meditwin_state{state="failed"} 0',
        "",
      ].join("\n"),
    );
  });

  describe("of a running MediTwin", () => {
    const starts = useStarts();
    const tab = { id: "tab", type: "tab", label: "metrics" };
    const place = (node: Record<string, unknown>) => ({ z: "tab", x: 0, y: 0, wires: [[], []], ...node });

    it("tell of history, journal, broker, what came in, and event loop; a node that is deleted is gone from them", async function () {
      this.timeout(40_000);
      const mqttPort = await freePort();
      const broker = { id: "broker", type: "twin-broker", name: "plant", url: "", port: mqttPort };
      const flow = [
        tab,
        broker,
        { id: "history", type: "twin-history", name: "one", backend: "embedded" },
        { id: "store", type: "twin-store", name: "" },
        place({
          id: "in",
          type: "twin-ingest",
          name: "presses",
          source: "mqtt",
          broker: "broker",
          topic: "+/data",
          store: "store",
          seqFrom: "payload:seq",
          wires: [["late"], []],
        }),
        place({ id: "door", type: "twin-ingest", name: "", source: "http", path: "/data", store: "store" }),
        place({ id: "late", type: "function", func: "return new Promise(() => {});", outputs: 1, wires: [[]] }),
        place({ id: "write", type: "twin-write", history: "history" }),
        place({ id: "other", type: "twin-write" }),
      ];
      const started = await starts.start({
        TWIN_FLOWS: starts.put("metrics.json", JSON.stringify(flow)),
        TWIN_MQTT_PORT: String(mqttPort),
      });
      await started.serving();
      const read = async (): Promise<string> => {
        const response = await fetch(`${started.url}/meditwin/metrics`);
        assert.match(response.headers.get("content-type") ?? "", /^text\/plain;.*version=0\.0\.4/);
        return response.text();
      };
      await until("the broker is connected", async () =>
        (await read()).includes('meditwin_broker_state{node="broker",name="plant",state="connected"} 1'),
      );
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
      for (const payload of ['{"seq":1,"force":6.8}', '{"seq":4,"force":6.9}', "{", '{"force":']) {
        await client.publishAsync("press-6/data", payload, { qos: 1 });
      }
      await client.endAsync();
      for (const headers of [{}, { "content-type": "image/png" }])
        await fetch(`${started.url}/data`, { method: "POST", body: "{", headers });
      await until("all was taken in", async () => (await read()).includes('code="bad-json"} 2'));
      const text = await read();
      for (const line of [
        'meditwin_ingest_samples_total{node="in",name="presses"} 2',
        'meditwin_ingest_refused_total{node="in",name="presses",code="bad-json"} 2',
        'meditwin_ingest_missing_samples{node="in",name="presses"} 2',
        'meditwin_ingest_under_way{node="in",name="presses"} 2',
        'meditwin_ingest_refused_total{node="door",name="",code="bad-json"} 1',
        'meditwin_ingest_refused_total{node="door",name="",code="bad-payload"} 1',
        'meditwin_history_state{node="history",name="one",backend="embedded",database="twin",state="ok"} 1',
        'meditwin_history_spooled_samples{node="history",name="one",backend="embedded",database="twin"} 0',
        'meditwin_history_waiting_samples{node="default",name="",backend="embedded",database="twin"} 0',
        'meditwin_journal_records{node="store",name=""} 2',
      ])
        assert.ok(text.includes(`${line}\n`), `${line}\nin\n${text}`);
      assert.match(text, /^meditwin_event_loop_delay_seconds\{quantile="0\.99"\} [\d.e-]+$/m);
      const asked = readFileSync(path.join(projectRoot, "docs/operations.md"), "utf8").match(
        /(meditwin|nodejs|process)_\w+/g,
      );
      // Of nodes that are not in this flow.
      const elsewhere = /^meditwin_(training|commands|link)_/;
      for (const name of asked?.filter((one) => !elsewhere.test(one)) ?? assert.fail())
        assert.ok(text.includes(`# TYPE ${name} `), `${name} of docs/operations.md is not there`);
      assert.match(text, /^nodejs_heap_size_used_bytes \d+$/m);
      for (const line of text.split("\n"))
        assert.match(
          line,
          /^(# (HELP|TYPE) (meditwin|nodejs|process)_\w+ .+|(meditwin|nodejs|process)_\w+(\{.*\})? (-?[\d.e+-]+|Nan)|)$/,
        );

      const deployed = await fetch(`${started.url}/flows`, {
        method: "POST",
        headers: { "content-type": "application/json", "Node-RED-Deployment-Type": "full" },
        body: JSON.stringify([tab, broker]),
      });
      assert.equal(deployed.status, 204);
      // The answer to a deploy comes before its nodes are there.
      await until("the broker is back", async () => (await read()).includes('node="broker"'));
      assert.doesNotMatch(await read(), /node="history"|node="store"|node="(in|door)"/);
    });

    it("are for those who may read flows", async function () {
      this.timeout(40_000);
      const hash = require("bcryptjs").hashSync("a long word", 4) as string;
      const started = await starts.start({
        TWIN_FLOWS: starts.put("metrics.json", JSON.stringify([tab])),
        TWIN_ADMIN_PASSWORD_HASH: hash,
      });
      await started.serving();
      assert.equal((await fetch(`${started.url}/meditwin/metrics`)).status, 401);
    });
  });
});
