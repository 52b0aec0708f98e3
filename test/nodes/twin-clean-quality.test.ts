import { strict as assert } from "node:assert";
import type { Message } from "../../nodes/lib/node-red";
import { type FlowNode, useRuntime } from "../support/runtime";

const helpers: FlowNode[] = ["out", "dropped", "quality"].map((id) => ({ id, type: "helper" }));
/** Under an id of its own: what another test left is counted on. */
let id = "";
const clean = (settings: Record<string, unknown>): FlowNode => ({
  id,
  type: "twin-clean",
  wires: [["out"], ["dropped"], ["quality"]],
  rules: [{ property: "x", max: 10, onRange: "drop" }],
  ...settings,
});

describe("the quality of data, by twin-clean's third output", () => {
  const runtime = useRuntime();
  beforeEach(function () {
    id = `clean-${this.currentTest?.title.length}`;
  });
  const load = (settings: Record<string, unknown>, ...more: FlowNode[]) =>
    runtime.load(["twin-clean"], [clean(settings), ...helpers, ...more]);
  const sample = (id: string, payload: Record<string, unknown>): Message => ({
    topic: id,
    payload,
    twin: { id, ts: 1 },
  });

  it("is a sample of <twin>:quality, one a period and twin", async () => {
    const flow = await load({ qualityEvery: 0.2 });
    for (const msg of [sample("a", { x: 1 }), sample("a", { x: 11 }), sample("b", { x: 2 })]) flow.send(id, msg);
    const [a, b] = [await flow.next("quality"), await flow.next("quality")];
    assert.equal(a.topic, "a:quality");
    const twin = a.twin as { id: string; ts: number };
    assert.equal(twin.id, "a:quality");
    assert.ok(Math.abs(twin.ts - Date.now()) < 10_000);
    const { seconds, ...counts } = a.payload as Record<string, unknown>;
    assert.equal(typeof seconds, "number");
    assert.deepEqual(counts, {
      samples: 2,
      refused: 1,
      "x.expected": 2,
      "x.received": 1,
      "x.completeness": 0.5,
      "x.refused": 1,
      expected: 2,
      received: 1,
      completeness: 0.5,
    });
    assert.equal(b.topic, "b:quality");
    // A twin that says nothing has no quality, good or bad.
    flow.send(id, sample("b", { x: 2 }));
    assert.equal((await flow.next("quality")).topic, "b:quality");
    assert.deepEqual(flow.waiting("quality"), []);
  });

  it("counts what twin-ingest refused, by its own word, and passes it to nobody", async () => {
    const model = { id: "model", type: "twin-model", model: "m", properties: [{ name: "x", max: 100 }] };
    const ingest = { id: "ingest", type: "twin-ingest", source: "input", model: "model", wires: [[], ["mark"]] };
    const mark = {
      id: "mark",
      type: "change",
      rules: [{ t: "set", p: "clean", pt: "msg", to: '{"refused":true}', tot: "json" }],
      wires: [[id]],
    };
    const flow = await runtime.load(
      ["twin-clean", "twin-ingest", "core/function/15-change"],
      [clean({ qualityEvery: 0.2 }), ...helpers, model, ingest, mark],
    );
    flow.send("ingest", { topic: "a", payload: { x: 101 } });
    flow.send("ingest", {
      payload: [
        { id: "b", values: { x: 102 } },
        { id: "c", values: { x: 1, nothing: 2 } },
      ],
    });
    const said = [];
    for (let i = 0; i < 3; i++) {
      const { topic, payload } = await flow.next("quality");
      const { seconds, ...counts } = payload as Record<string, unknown>;
      said.push([topic, counts]);
    }
    const refused = { samples: 0, refused: 1, "x.expected": 1, "x.received": 0, "x.completeness": 0, "x.refused": 1 };
    const all = { expected: 1, received: 0, completeness: 0 };
    assert.deepEqual(said, [
      ["a:quality", { ...refused, ...all }],
      ["b:quality", { ...refused, ...all }],
      ["c:quality", { samples: 0, refused: 1 }],
    ]);
    assert.deepEqual([flow.waiting("out"), flow.waiting("dropped"), flow.errors()], [[], [], []]);
  });

  it("a message with an error of before is cleaned all the same, where nobody says that it is only to be counted", async () => {
    const flow = await load({ qualityEvery: 0.2 });
    flow.send(id, { ...sample("a", { x: 1 }), error: { code: "out-of-range", message: "mended since" } });
    assert.deepEqual((await flow.next("out")).payload, { x: 1 });
  });

  it("goes on over a deploy", async () => {
    const first = await load({ qualityEvery: 3600 });
    first.send(id, sample("a", { x: 1 }));
    await first.next("out");
    await runtime.unload();
    const second = await load({ qualityEvery: 0.2 });
    second.send(id, sample("a", { x: 2 }));
    assert.equal(((await second.next("quality")).payload as Record<string, unknown>).samples, 2);
  });

  it("0: nothing is counted, and what was refused before goes nowhere", async () => {
    const flow = await load({ qualityEvery: 0 });
    flow.send(id, { ...sample("a", { x: 11 }), clean: { refused: true }, error: { code: "out-of-range" } });
    flow.send(id, sample("a", { x: 1 }));
    await flow.next("out");
    assert.deepEqual([flow.waiting("quality"), flow.waiting("dropped")], [[], []]);
  });

  it("a period that is none is a wrong setting", async () => {
    const flow = await load({ qualityEvery: -1 });
    assert.match(String(flow.errors()[0]?.error), /qualityEvery is -1/);
  });
});
