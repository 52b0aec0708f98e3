import { strict as assert } from "node:assert";
import type { RefusalInfo } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import { buildDataset } from "../../engine/learning/dataset-builder";
import type { Drift } from "../../engine/learning/drift/drift-watch";
import { trainOptions } from "../../engine/learning/options";
import { train } from "../../engine/learning/train";
import type { Message } from "../../nodes/lib/node-red";
import type { DriftNote, ModelEvent, TwinStore } from "../../nodes/twin-store/store";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

/** y = 2 x, within 1, for x from 0 to 20. */
const rowOf = (x: number, k: number): { x: number; y: number } => ({ x, y: 2 * x + (((k * 7) % 11) - 5) / 5 });
const usual = Array.from({ length: 210 }, (_, k) => rowOf((k * 13) % 21, k));
const hot = Array.from({ length: 100 }, (_, k) => rowOf(16 + (k % 5), k));
const withoutTruth = (rows: { x: number }[]): Table => rows.map(({ x }) => ({ x }));
const trained = train(
  buildDataset(usual, { target: "y", task: "regression" }),
  trainOptions({ algorithm: "linear", testSize: 0.2 }),
);

interface Told {
  kind: string;
  version: number;
  before?: unknown;
  after?: unknown;
  node?: string;
  drift?: Drift;
}

interface Badge {
  fill?: string;
  drift?: { rows: number; inputs: { psi: number }[] };
}

describe("twin-predict watches drift", function () {
  this.timeout(30_000);
  const runtime = useRuntime();
  let model = "d0";
  let flow: LoadedFlow;

  async function deploy(more: Partial<FlowNode> = {}): Promise<void> {
    const predict = (id: string, name: string): FlowNode => ({
      ...{ id, name, type: "twin-predict", store: "store", modelName: model, driftWindow: 100 },
      ...more,
      wires: [["out"], ["refused"]],
    });
    flow = await runtime.load(
      ["twin-predict", "twin-watch", "twin-registry", "core/common/25-status"],
      [
        { id: "store", type: "twin-store", path: "drift-test" },
        predict("line-1", "line 1"),
        predict("line-2", "line 2"),
        { id: "watch", type: "twin-watch", store: "store", twin: "d*", events: ["model"], wires: [["told"]] },
        { id: "registry", type: "twin-registry", store: "store", modelName: model, wires: [["answer"], ["answer"]] },
        { id: "status", type: "status", scope: ["line-1", "line-2"], wires: [["badges"]] },
        ...["out", "refused", "told", "answer", "badges"].map((id) => ({ id, type: "helper" })),
      ],
    );
  }
  async function register(): Promise<void> {
    const { models } = flow.node("store").twinApi as TwinStore;
    const report = trained.report as unknown as Record<string, unknown>;
    const { version } = await models.add(model, () => ({ report, model: JSON.stringify(trained.model) }));
    await models.promote(model, version);
    for (const kind of ["trained", "promoted"]) assert.equal((await told()).kind, kind);
  }
  /** Of the present model: what the test before told of its own is taken back when the nodes begin with this one. */
  async function told(of = model): Promise<Told> {
    for (;;) {
      const { topic, event, payload } = await flow.next("told");
      assert.equal(event, "model");
      assert.equal(topic, (payload as { model: string }).model);
      if (topic === of) return payload as Told;
    }
  }
  async function score(node: string, rows: Table): Promise<Message> {
    flow.send(node, { payload: rows });
    return flow.next("out");
  }
  async function get(version = ""): Promise<{ drift?: DriftNote[]; events: ModelEvent[] }> {
    flow.send("registry", { registry: { operation: "get", version } });
    return (await flow.next("answer")).payload as { drift?: DriftNote[]; events: ModelEvent[] };
  }
  /** What a core status node is told of a node, as soon as it fits. */
  async function badge(id: string, fits: (status: Badge) => boolean): Promise<Badge> {
    for (;;) {
      const all = flow.waiting("badges").map(({ status }) => status as Badge & { source: { id: string } });
      const found = all.find((status) => status.source.id === id && fits(status));
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  beforeEach(async () => {
    model = `d${Number(model.slice(1)) + 1}`; // the store outlives a test
    await deploy();
    await register();
  });

  it("tells when inputs begin to drift and when it is over, once each, by the node that saw it", async () => {
    await score("line-1", withoutTruth(usual.slice(0, 100)));
    await score("line-2", withoutTruth(usual.slice(0, 100)));
    await score("line-1", withoutTruth(hot));
    await score("line-1", withoutTruth(hot));
    const began = await told();
    assert.deepEqual(
      [began.kind, began.version, began.before, began.after, began.node],
      ["drift", 1, "stable", "drifting", "line 1"],
    );
    assert.equal(began.drift?.features?.[0]?.feature, "x");
    assert.ok(began.drift!.features![0]!.psi >= 0.25);
    const present = (await get()).drift!;
    assert.deepEqual(
      present.map(({ node, of, state }) => [node, of, state]),
      [["line 1", "inputs", "drifting"]],
    );
    await badge("line-2", ({ fill, drift }) => fill === "green" && drift?.rows === 100);
    const { drift } = await badge("line-1", ({ fill }) => fill === "red");
    assert.ok(drift!.inputs[0]!.psi >= 0.25);
    assert.deepEqual(flow.waiting("told"), [], "told once");

    await score("line-1", withoutTruth(usual));
    const ended = await told();
    assert.deepEqual([ended.before, ended.after, ended.node], ["drifting", "stable", "line 1"]);
    const after = await get();
    assert.equal(after.drift, undefined);
    assert.deepEqual(
      after.events.map(({ action }) => action),
      ["drift", "drift", "promote"],
    );
    assert.deepEqual(flow.waiting("told"), []);
  });

  it("counts rows that are refused as outside of training", async () => {
    flow.send("line-1", { payload: Array.from({ length: 100 }, () => ({ x: 50 })) });
    await flow.next("refused");
    assert.equal((await told()).after, "drifting");
  });

  it("a deploy goes on counting, another version begins anew, and the old one is no longer watched", async () => {
    await score("line-1", withoutTruth(hot));
    assert.equal((await told()).after, "drifting");
    await deploy();
    await score("line-1", withoutTruth(hot.slice(0, 5)));
    const { drift } = await badge("line-1", (status) => status.drift !== undefined);
    assert.equal(drift?.rows, 95, "ten parts: the oldest was forgotten");
    assert.deepEqual(flow.waiting("told"), []);
    await register();
    await score("line-1", withoutTruth(usual.slice(0, 10)));
    assert.deepEqual(
      [await told()].map(({ version, before, after }) => [version, before, after]),
      [[1, "drifting", "unwatched"]],
    );
    assert.equal((await get("1")).drift, undefined);
    await badge("line-1", ({ fill }) => fill === "green");
  });

  it("a node that is deleted takes what it told with it", async () => {
    await score("line-1", withoutTruth(hot));
    assert.equal((await told()).after, "drifting");
    await (flow.node("line-1") as unknown as { close(removed: boolean): Promise<void> }).close(true);
    assert.equal((await told()).after, "unwatched");
    assert.equal((await get()).drift, undefined);
  });

  it("a node that watches another model from now on, or none, takes back what it told", async () => {
    const before = model;
    await score("line-1", withoutTruth(hot));
    assert.equal((await told()).after, "drifting");
    await deploy({ drift: false, use: "1" });
    while ((await get()).drift) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await get()).events.filter(({ action }) => action === "drift").length, 2, "once");

    await deploy();
    await score("line-1", withoutTruth(hot));
    assert.equal((await told()).after, "drifting");
    model = `${before}0`;
    await register();
    await deploy();
    await score("line-1", withoutTruth(usual.slice(0, 10)));
    const { version, after } = await told(before);
    assert.deepEqual([version, after], [1, "unwatched"]);
  });

  it("compares rows that hold the target at once", async () => {
    await score("line-1", usual.slice(0, 40));
    await score(
      "line-1",
      usual.slice(0, 40).map(({ x, y }) => ({ x, y: y + 5 })),
    );
    const { drift, after } = await told();
    assert.deepEqual([drift?.of, after, drift?.error?.metric], ["error", "drifting", "mae"]);
    assert.ok(drift!.error!.value > drift!.error!.limit!);
    await badge("line-1", ({ fill }) => fill === "red");
  });

  it("compares a truth that comes later, by time or number, and refuses one that fits nothing", async () => {
    const sample = { topic: "room-1", payload: { x: 5 }, twin: { id: "room-1", ts: 1000, seq: 3 } };
    flow.send("line-1", { ...sample });
    const { value } = (await flow.next("out")).prediction as { value: number };
    const truth = { topic: "room-1", payload: "kept", twin: { seq: 3 }, truth: 12, kept: 1 };
    flow.send("line-1", truth);
    const { prediction, payload, kept } = await flow.next("out");
    assert.deepEqual(prediction, { value, model, version: 1, truth: 12, error: 12 - value });
    assert.deepEqual([payload, kept], ["kept", 1]);

    flow.send("line-1", { payload: [{ id: "room-2", ts: 7, values: { x: 5 } }], twin: { batch: 1 } });
    await flow.next("out");
    flow.send("line-1", { topic: "room-2", twin: { ts: 7 }, truth: "10.5" });
    assert.equal(((await flow.next("out")).prediction as { truth: number }).truth, 10.5);

    const refusals: [Message, string, RegExp][] = [
      [truth, "not-found", /number 3 waits/],
      [{ topic: "room-1", twin: { ts: 5 }, truth: 1 }, "not-found", /time 5 waits/],
      [{ topic: "room-1", truth: 1 }, "bad-request", /which sample/],
      [{ topic: "room-1", twin: { ts: 1000 }, truth: "high" }, "wrong-type", /"high"/],
    ];
    for (const [msg, code, text] of refusals) {
      flow.send("line-1", { ...msg });
      const error = (await flow.next("refused")).error as RefusalInfo;
      assert.equal(error.code, code);
      assert.match(error.message, text);
    }
  });
});
