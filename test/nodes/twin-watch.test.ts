import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../engine/contract/document";
import { defineNode } from "../../nodes/lib/define-node";
import type { Message } from "../../nodes/lib/node-red";
import { pressureLimits } from "../../nodes/twin-watch/pressure";
import { type FlowNode, useRuntime } from "../support/runtime";

const state = (id: string, settings: Record<string, unknown> = {}): FlowNode => ({
  id,
  type: "twin-state",
  wires: [["out"], []],
  ...settings,
});
const watch = (settings: Record<string, unknown>): FlowNode => ({
  id: "watch",
  type: "twin-watch",
  events: ["change"],
  wires: [["events"]],
  ...settings,
});
const out: FlowNode = { id: "out", type: "helper" };
const events: FlowNode = { id: "events", type: "helper" };
const sample = (id: string, ts: number, payload: Record<string, unknown>) => ({ topic: id, payload, twin: { id, ts } });
const reportedOf = (msg: Message) => (msg.payload as TwinDocument).reported;

describe("twin-watch in Node-RED", () => {
  const runtime = useRuntime();

  it("tells of a deletion and of the twin that comes after it, and of one that left its model", async () => {
    const model = (id: string) => ({ id: `${id}-model`, type: "twin-model", model: id, unknown: "keep" });
    const flow = await runtime.load(
      ["twin-state", "twin-watch"],
      [
        model("pump"),
        model("fan"),
        state("report", { model: "pump-model" }),
        state("as-fan", { model: "fan-model" }),
        state("delete", { operation: "delete" }),
        watch({ twin: "born-*", model: "pump-model" }),
        events,
        out,
      ],
    );
    flow.send("report", sample("born-1", 1000, { x: 1 }));
    assert.deepEqual(reportedOf(await flow.next("events")), { x: 1 });
    flow.send("delete", { topic: "born-1" });
    assert.equal((await flow.next("events")).deleted, true);
    flow.send("report", sample("born-1", 500, { x: 9 }));
    const again = await flow.next("events");
    assert.deepEqual([(again.payload as TwinDocument).rev, again.changed], [1, { x: { before: undefined, after: 9 } }]);
    flow.send("as-fan", sample("born-1", 2000, { x: 9 }));
    assert.equal(((await flow.next("events")).payload as TwinDocument).model, "fan", "the last that is heard of it");
    flow.send("as-fan", sample("born-1", 3000, { x: 10 }));
    flow.send("report", sample("born-2", 1000, { x: 1 }));
    assert.equal((await flow.next("events")).topic, "born-2");
  });

  it("cuts a slow flow off at 5,000 events, tells one a twin instead, says so on its badge, and loses nothing", async function () {
    this.timeout(60_000);
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const told: Message[] = [];
    const slow = defineNode({
      type: "test-slow",
      readSettings: () => ({}),
      start: () => ({
        async input(msg) {
          told.push(msg);
          await gate;
        },
      }),
    });
    const flow = await runtime.load(
      ["twin-state", "twin-watch", slow],
      [
        state("report"),
        watch({ twin: "storm-*", wires: [["slow"]] }),
        { id: "slow", type: "test-slow", wires: [[], []] },
        out,
      ],
    );
    const twins = 50;
    const rounds = 200;
    for (let round = 1; round <= rounds; round++) {
      const payload = Array.from({ length: twins }, (_, k) => ({ id: `storm-${k}`, ts: round, values: { x: round } }));
      flow.send("report", { payload, twin: { batch: twins } });
      await flow.next("out");
    }
    await new Promise(setImmediate);
    assert.equal(told.length, pressureLimits.underWay);
    const badges = () => flow.statuses("watch").map(({ fill, text }) => `${fill} ${text?.split(".").at(-1)}`);
    while (!badges().includes("yellow behind")) await new Promise((resolve) => setTimeout(resolve, 10));
    go();
    const last = (): number => told.filter((msg) => reportedOf(msg).x === rounds).length;
    while (last() < twins) await new Promise((resolve) => setTimeout(resolve, 10));
    const after = told.slice(pressureLimits.underWay);
    assert.equal(after.length, twins, "one event a twin");
    for (const msg of after) {
      assert.deepEqual(msg.changed, { x: { before: pressureLimits.underWay / twins, after: rounds } });
      assert.equal(msg.merged, rounds - pressureLimits.underWay / twins);
    }
    while (!badges().includes("green caughtUp")) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it("reads the present state again after a deploy, once, and goes on from there", async () => {
    const nodes = [state("report"), watch({ twin: "deployed", replay: true }), events, out];
    const first = await runtime.load(["twin-state", "twin-watch"], nodes);
    first.send("report", sample("deployed", 1000, { x: 1 }));
    await first.next("events");
    const second = await runtime.load(["twin-state", "twin-watch"], nodes);
    const present = await second.next("events");
    assert.deepEqual([present.replayed, present.event, present.changed], [true, "change", {}]);
    second.send("report", sample("deployed", 2000, { x: 2 }));
    assert.deepEqual((await second.next("events")).changed, { x: { before: 1, after: 2 } });
    assert.deepEqual(second.waiting("events"), []);
  });

  it("gives the present state as the first of the events that are wanted", async () => {
    const flow = await runtime.load(
      ["twin-watch"],
      [watch({ twin: "deployed", replay: true, events: ["delta"] }), events],
    );
    assert.equal((await flow.next("events")).event, "delta");
  });
});
