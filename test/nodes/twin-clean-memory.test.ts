import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { until, useStarts } from "../start/server";
import { killAll } from "../support/kill-all";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

const out: FlowNode[] = [
  { id: "out", type: "helper" },
  { id: "dropped", type: "helper" },
];

describe("twin-clean remembers over deploys and restarts", () => {
  const runtime = useRuntime();
  const folder = () => path.join(runtime.home(), "twin", "clean");
  const load = (id: string, settings: Record<string, unknown>): Promise<LoadedFlow> =>
    runtime.load(["twin-clean"], [{ id, type: "twin-clean", wires: [["out"], ["dropped"]], ...settings }, ...out]);
  const send = (flow: LoadedFlow, id: string, ts: number, payload: unknown, twin = "a") =>
    flow.send(id, { topic: twin, payload, twin: { id: twin, ts } });
  const cleaned = async (flow: LoadedFlow, id: string, ts: number, x: unknown, twin = "a") => {
    send(flow, id, ts, { x }, twin);
    return ((await flow.next("out")).payload as { x: unknown }).x;
  };
  const ffill = { rules: [{ property: "x", missing: "ffill" }] };

  it("each twin, when the node closes", async () => {
    const before = await load("each", ffill);
    for (const [twin, x] of [
      ["a", 1],
      ["b", 2],
    ] as const)
      assert.equal(await cleaned(before, "each", 1, x, twin), x);
    await runtime.unload();
    assert.deepEqual(readdirSync(folder()), ["each.state"]);
    const after = await load("each", ffill);
    assert.equal(await cleaned(after, "each", 2, null, "a"), 1);
    await runtime.unload();
    // b was not heard of in between.
    assert.equal(await cleaned(await load("each", ffill), "each", 3, null, "b"), 2);
  });

  it("the interval that is open, and its point is as good as without the deploy", async () => {
    const grid = { resample: "10s" };
    send(await load("grid", grid), "grid", 1000, { x: 1 });
    await runtime.unload();
    const after = await load("grid", grid);
    send(after, "grid", 2000, { x: 3 });
    send(after, "grid", 11_000, { x: 9 });
    const msg = await after.next("out");
    assert.deepEqual(msg.payload, { x: 2 });
    assert.deepEqual(msg.twin, { id: "a", ts: 0 });
  });

  it("after a kill -9 what was saved last; the interval that was open is uncertain", async () => {
    const grid = { resample: "10s" };
    send(await load("killed", grid), "killed", 1000, { x: 1 });
    await runtime.unload();
    // What a process leaves that was killed after this was saved.
    renameSync(path.join(folder(), "killed.state"), path.join(folder(), "killed.open"));
    const after = await load("killed", grid);
    send(after, "killed", 2000, { x: 3 });
    send(after, "killed", 11_000, { x: 9 });
    assert.deepEqual((await after.next("out")).twin, { id: "a", ts: 0, quality: { x: "uncertain" } });
  });

  it("nothing of a rule that changed", async () => {
    assert.equal(await cleaned(await load("rule", ffill), "rule", 1, 1), 1);
    await runtime.unload();
    const changed = { rules: [{ property: "x", missing: "ffill", maxGap: 5 }] };
    assert.equal(await cleaned(await load("rule", changed), "rule", 2, null), null);
  });

  it("which code a label has, from the moment it is given", async () => {
    const rules = { rules: [{ property: "x", convert: "category" }] };
    const before = await load("labels", rules);
    assert.equal(await cleaned(before, "labels", 1, "red"), 0);
    assert.equal(await cleaned(before, "labels", 2, "green"), 1);
    // Before anything else was saved.
    const file = path.join(folder(), "labels.labels.json");
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { x: ["red", "green"] });
    await runtime.unload();
    const after = await load("labels", rules);
    assert.equal(await cleaned(after, "labels", 3, "green"), 1);
    assert.equal(await cleaned(after, "labels", 4, "blue"), 2);
  });

  it("of a damaged file what is whole, and says so", async () => {
    const before = await load("damaged", ffill);
    for (const twin of ["a", "b"]) await cleaned(before, "damaged", 1, 5, twin);
    await runtime.unload();
    const file = path.join(folder(), "damaged.state");
    const content = readFileSync(file);
    content[content.length - 9]! ^= 1;
    writeFileSync(file, content);
    const after = await load("damaged", ffill);
    const warn = (after.node("damaged") as unknown as { warn: { args: string[][] } }).warn;
    assert.match(warn.args[0]![0]!, /^\d+ bytes of .*damaged\.open are damaged/);
    const values = [await cleaned(after, "damaged", 2, null, "a"), await cleaned(after, "damaged", 2, null, "b")];
    assert.deepEqual(values.sort(), [5, null]);
  });

  it("nothing that is older than 30 days, nor what is no such file", async () => {
    mkdirSync(folder(), { recursive: true });
    await cleaned(await load("old", ffill), "old", 1, 5);
    await runtime.unload();
    const file = path.join(folder(), "old.state");
    const then = new Date(Date.now() - 31 * 86_400_000);
    utimesSync(file, then, then);
    writeFileSync(path.join(folder(), "stray.state"), "stray");
    assert.equal(await cleaned(await load("old", ffill), "old", 2, null), null);
    assert.equal(await cleaned(await load("stray", ffill), "stray", 2, null), null);
  });

  it("nothing where no rule needs it", async () => {
    await cleaned(await load("nothing", { rules: [{ property: "x", min: 0 }] }), "nothing", 1, 5);
    await runtime.unload();
    assert.ok(!readdirSync(folder()).some((name) => name.startsWith("nothing")));
  });
});

describe("twin-clean and kill -9 of Node-RED", () => {
  const starts = useStarts();
  const place = (node: Record<string, unknown>) => ({ z: "tab", x: 0, y: 0, wires: [], ...node });
  const flow = [
    { id: "tab", type: "tab", label: "kill" },
    place({ id: "in", type: "http in", url: "/feed", method: "post", wires: [["sample"]] }),
    place({
      id: "sample",
      type: "change",
      rules: [
        { t: "set", p: "twin", pt: "msg", to: "payload.twin", tot: "msg" },
        { t: "set", p: "payload", pt: "msg", to: "payload.values", tot: "msg" },
      ],
      wires: [["clean"]],
    }),
    place({
      id: "clean",
      type: "twin-clean",
      rules: [{ property: "x", missing: "ffill" }],
      features: [{ property: "x", kind: "lag", lag: 2 }],
      wires: [["answer"], ["answer"]],
    }),
    place({ id: "answer", type: "http response" }),
  ];

  it("goes on from what was saved while it ran", async function () {
    this.timeout(120_000);
    const file = starts.put("kill.json", JSON.stringify(flow));
    let url = "";
    const start = async () => {
      const started = await starts.start({ TWIN_FLOWS: file });
      await started.serving();
      ({ url } = started);
      return started;
    };
    const clean = async (ts: number, x: number | null) => {
      const body = JSON.stringify({ twin: { id: "a", ts }, values: { x } });
      const response = await fetch(`${url}/feed`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      return (await response.json()) as Record<string, unknown>;
    };
    const started = await start();
    await clean(1, 10);
    await clean(2, 20);
    const state = path.join(started.home, "twin", "clean", "clean.open");
    await until("it is saved", () => existsSync(state), 30_000);
    killAll(started.child.pid as number);
    await started.ended();
    await start();
    assert.deepEqual(await clean(3, null), { x: 20, x_lag_2: 10 });
  });
});
