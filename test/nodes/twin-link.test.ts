import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Sample, Values } from "../../engine/contract/messages";
import { createLinkMeter } from "../../engine/link/link-meter";
import { textOf } from "../../nodes/lib/metrics";
import { disposeShared } from "../../nodes/lib/shared";
import { linkMetrics } from "../../nodes/twin-link/link-metrics";
import { countArrival } from "../../nodes/twin-link/measuring";
import { readTwinLinkSettings } from "../../nodes/twin-link/twin-link.settings";
import { assertLatencies, overBadLine } from "../engine/link/bad-line";
import { projectRoot } from "../flows/project";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

describe("twin-link", () => {
  const runtime = useRuntime();
  const realNow = Date.now;
  afterEach(() => {
    Date.now = realNow;
  });
  /** Under an id of its own: what another test left is counted on. */
  let id = "";
  beforeEach(function () {
    id = `link-${this.currentTest?.title.length}`;
  });

  const ingest = (settings: Record<string, unknown> = {}): FlowNode => ({
    id: "door",
    type: "twin-ingest",
    name: "Readings",
    source: "input",
    tsFrom: "payload:ts",
    seqFrom: "payload:seq",
    wires: [["good"], ["bad"]],
    ...settings,
  });
  const helpers: FlowNode[] = ["good", "bad", "figures", "answers", "refused"].map((one) => ({
    id: one,
    type: "helper",
  }));
  const load = (settings: Record<string, unknown> = {}, ...doors: FlowNode[]): Promise<LoadedFlow> =>
    runtime.load(
      ["twin-ingest", "twin-link"],
      [
        { id, type: "twin-link", every: 0.2, wires: [["figures"], ["answers"], ["refused"]], ...settings },
        ...(doors.length > 0 ? doors : [ingest()]),
        ...helpers,
      ],
    );
  async function ask(flow: LoadedFlow, msg: Record<string, unknown>): Promise<unknown> {
    flow.send(id, msg);
    return (await flow.next("answers")).payload;
  }
  async function refusal(flow: LoadedFlow, msg: Record<string, unknown>): Promise<string> {
    flow.send(id, msg);
    const { error } = await flow.next("refused");
    return (error as { code: string }).code;
  }
  /** What the periods say of a twin, until so many of its samples were counted. */
  async function periods(flow: LoadedFlow, twin: string, samples: number): Promise<Values[]> {
    const all: Values[] = [];
    let counted = 0;
    while (counted < samples) {
      const { payload } = await flow.next("figures");
      for (const one of payload as Sample[]) {
        if (one.id !== twin) continue;
        counted += Number(one.values.samples);
        if (Number(one.values.samples) > 0) all.push(one.values);
      }
    }
    return all;
  }
  const sum = (all: Values[], name: string): number => all.reduce((total, values) => total + Number(values[name]), 0);

  it("has metrics for each connection, of at most 100 of them, by the names in docs/operations.md", async () => {
    const values = { messagesPerSecond: 2, delivery: 0.5, twins: 3, out: 1, utilisation: 0.2, "latency.p95": 250 };
    const metrics = linkMetrics(Array.from({ length: 1000 }, (_, n) => ({ id: `door-${n}`, values })));
    assert.equal(new Set(metrics.map(({ labels }) => labels?.connection)).size, 100);
    const text = await textOf(metrics);
    assert.match(text, /^meditwin_link_latency_seconds\{connection="door-0",quantile="0.95"\} 0.25$/m);
    assert.match(text, /^meditwin_link_delivery_ratio\{connection="door-0"\} 0.5$/m);
    assert.doesNotMatch(text, /bytes/);
    const docs = readFileSync(path.join(projectRoot, "docs/operations.md"), "utf8");
    for (const name of docs.match(/meditwin_link_\w+/g) ?? assert.fail())
      assert.ok(text.includes(`# TYPE ${name} `), name);
  });

  it("agrees with what a generator did to its samples on purpose: lost, delayed, repeated, reordered", async () => {
    const flow = await load({ every: 1 });
    const line = { lose: 0.08, repeat: 0.05, reorder: 0.06, delayMs: [0, 1, 3, 10, 40, 150, 700] };
    const { samples, truth } = overBadLine(line, 400, 1000, 42);
    const begin = realNow();
    // A period may end in between: then once more, with another twin.
    for (let attempt = 1; ; attempt++) {
      const twin = `press-${attempt}`;
      for (const { seq, ts, at } of samples) {
        // The computer's clock, as far as the samples go: the device's is an hour behind.
        Date.now = () => begin + at;
        flow.send("door", { topic: twin, payload: JSON.stringify({ ts: begin - 3_600_000 + ts, seq, x: 1 }) });
        await flow.next("good");
      }
      Date.now = realNow;
      const all = await periods(flow, `${twin}:link`, samples.length);
      if (all.length > 1 && attempt < 20) continue;
      const [values] = all as [Values];
      for (const what of ["lost", "repeated", "reordered", "bursts", "longestBurst"] as const)
        assert.equal(values[what], truth[what], what);
      assert.equal(values.delivery, Math.round(1e6 * (1 - truth.lost / truth.sent)) / 1e6);
      assert.equal(values["clock.offset"], 3_600_000);
      assertLatencies(values, truth.delays);
      return;
    }
  });

  it("answers with the worst links first, with one, and with a connection by its name", async () => {
    const flow = await load({ capacityMessages: 1000 });
    for (const [twin, seqs] of [
      ["a", [1, 2, 3]],
      ["b", [1, 3]],
    ] as const)
      for (const seq of seqs) flow.send("door", { topic: twin, payload: { ts: realNow(), seq, x: 1 } });
    flow.send("door", { topic: "a", payload: "no JSON" });
    await periods(flow, "b:link", 2);
    await periods(flow, "door:connection", 5);
    const all = (await ask(flow, {})) as Values[];
    assert.deepEqual(
      all.map((row) => [row.id, row.connectionName]),
      [
        ["b", "Readings"],
        ["a", "Readings"],
      ],
    );
    flow.send(id, { limit: 1 });
    const { payload, connections } = await flow.next("answers");
    assert.equal((payload as unknown[]).length, 1);
    assert.deepEqual(
      (connections as Values[]).map((row) => [row.id, row.name]),
      [["door", "Readings"]],
    );
    assert.equal(((await ask(flow, { topic: "b" })) as Values).clock, "minimum");
    assert.equal(((await ask(flow, { topic: "door" })) as Values).name, "Readings");
    assert.equal(await refusal(flow, { topic: "nobody" }), "not-found");
    assert.equal(await refusal(flow, { limit: 0 }), "bad-request");
  });

  it("counts refusals of a connection by reason, and hears the nodes of its scope only", async () => {
    const flow = await load({ scope: ["door"], twin: "press-*" }, ingest(), ingest({ id: "other" }));
    flow.send("other", { topic: "press-9", payload: { ts: realNow(), seq: 1, x: 1 } });
    for (const topic of ["press-6", "oven-1"]) flow.send("door", { topic, payload: { ts: realNow(), seq: 1, x: 1 } });
    flow.send("door", { topic: "press-6", payload: { ts: -5, x: 1 } });
    flow.send("door", { topic: "press-6", payload: "{" });
    const [press] = await periods(flow, "press-6:link", 1);
    assert.equal(press?.refused, 1);
    flow.send("door", { topic: "press-6", payload: { ts: realNow(), seq: 2, x: 1 } });
    await periods(flow, "press-6:link", 1);
    const ids = ((await ask(flow, {})) as Values[]).map((row) => row.id);
    assert.deepEqual(ids, ["press-6"]);
    assert.equal(await refusal(flow, { topic: "other" }), "not-found");
  });

  it("measures no latency where time is that of arrival, and nothing of what a broker had kept or says itself", async () => {
    const flow = await load(
      {},
      ingest({ tsFrom: "arrival" }),
      ingest({ id: "presence", format: "presence", tsFrom: "arrival", seqFrom: "" }),
    );
    flow.send("presence", { topic: "kept-2", payload: "online" });
    flow.send("door", { topic: "kept-1", payload: { seq: 1, x: 1 }, retain: true });
    flow.send("door", { topic: "press-6", payload: { seq: 1, x: 1 } });
    const [values] = await periods(flow, "press-6:link", 1);
    assert.deepEqual([values?.expected, values?.["latency.p50"], values?.jitter], [1, undefined, undefined]);
    assert.deepEqual(
      ((await ask(flow, {})) as Values[]).map((row) => row.id),
      ["press-6"],
    );
  });

  it("takes a death for the broker's word, and gives what a device kept for later no latency", () => {
    const { options } = readTwinLinkSettings({});
    const meter = createLinkMeter(options);
    const tell = (sample: Omit<Sample, "id">): void =>
      countArrival(
        meter,
        {
          source: { id: "door", name: "" },
          reading: { kind: "sample", sample: { id: "a", ...sample } },
          bytes: 10,
          now: 10_000,
          isTimed: true,
        },
        "*",
      );
    tell({ ts: 9000, values: {}, status: "offline" });
    assert.equal(meter.twins, 0);
    tell({ ts: 9990, values: { x: 1 } });
    tell({ ts: 1000, values: { x: 1 }, historical: true });
    const values = meter.take("a", performance.now())?.values;
    assert.deepEqual([values?.samples, values?.["latency.max"]], [2, 0]);
  });

  it("goes on counting after a deploy, and begins anew after a restart", async () => {
    const send = (flow: LoadedFlow, seq: number) =>
      flow.send("door", { topic: "press-6", payload: { ts: realNow(), seq, x: 1 } });
    let flow = await load();
    send(flow, 1);
    await periods(flow, "press-6:link", 1);
    flow = await load();
    send(flow, 4);
    const [deployed] = await periods(flow, "press-6:link", 1);
    assert.deepEqual([deployed?.lost, deployed?.bursts], [2, 1]);
    await runtime.unload();
    await disposeShared();
    flow = await load();
    send(flow, 9);
    const [restarted] = await periods(flow, "press-6:link", 1);
    assert.deepEqual([restarted?.expected, restarted?.lost, restarted?.availability], [1, 0, 1]);
    // Another setting measures another thing.
    flow = await load({ outageAfter: 5 });
    send(flow, 20);
    assert.equal(sum(await periods(flow, "press-6:link", 1), "lost"), 0);
  });

  it("takes round trips, and refuses one that another device answered", async () => {
    const flow = await load({ clock: "round-trip" });
    flow.send("door", { topic: "press-6", payload: { ts: realNow(), seq: 1, x: 1 } });
    await periods(flow, "press-6:link", 1);
    const roundTrip = { sent: 1000, received: 6030, answered: 6040, returned: 1100 };
    assert.deepEqual(await ask(flow, { topic: "press-6", roundTrip: { ...roundTrip, id: "press-6" } }), {
      id: "press-6",
      offset: -4985,
      delay: 90,
    });
    assert.equal(await refusal(flow, { topic: "press-6", roundTrip: { ...roundTrip, id: "press-7" } }), "bad-id");
    assert.equal(await refusal(flow, { topic: "press-7", roundTrip }), "not-found");
    assert.equal(await refusal(flow, { topic: "press-6", roundTrip: { ...roundTrip, returned: "soon" } }), "bad-time");
    assert.equal(await refusal(flow, { topic: "press-6", roundTrip: 5 }), "bad-request");
  });

  it("plans, with the capacity of its settings unless the message says otherwise", async () => {
    const flow = await load({ capacityBytes: "10000" });
    const plan = { devices: 20, rate: 1, bytes: 200, target: 60 };
    // Pollaczek and Khinchine: 20 ms + 0.4 x 20 ms / (2 x 0.6).
    const { load: share, delayMs, mostDevices } = (await ask(flow, { plan })) as Record<string, number>;
    assert.deepEqual([share, Math.round(delayMs! * 1000), mostDevices], [0.4, 26_667, 49]);
    const wide = (await ask(flow, { plan: { ...plan, capacityBytes: 1e6 } })) as Record<string, number>;
    assert.equal(wide.load, 0.004);
    for (const wrong of [
      { devices: 0 },
      { bytes: "many" },
      { queue: "M/G/1" },
      { capacityBytes: 0 },
      { capacityBytes: 1e-300 },
    ])
      assert.equal(await refusal(flow, { plan: { ...plan, ...wrong } }), "bad-request");
  });

  it("says which setting is wrong", async () => {
    for (const [settings, said] of [
      [{ every: 0 }, /every is 0/],
      [{ window: "soon" }, /window is "soon"/],
      [{ window: "1m", outageAfter: 60 }, /window is "1m"/],
      [{ clock: "sun" }, /clock is "sun"/],
      [{ seqWrap: 100 }, /seqWrap is 100/],
      [{ twin: "a b" }, /twin is "a b"/],
    ] as const) {
      const flow = await load(settings);
      assert.match(String(flow.errors()[0]?.error), said);
    }
  });
});
