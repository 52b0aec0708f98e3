import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../engine/contract/document";
import type { RefusalInfo } from "../../engine/contract/errors";
import { type FlowNode, useRuntime } from "../support/runtime";

const out: FlowNode[] = [
  { id: "out", type: "helper" },
  { id: "refused", type: "helper" },
];
const state = (id: string, settings: Record<string, unknown> = {}): FlowNode => ({
  id,
  type: "twin-state",
  wires: [["out"], ["refused"]],
  ...settings,
});
const model: FlowNode = {
  id: "model",
  type: "twin-model",
  model: "press",
  properties: [
    { name: "speed", type: "number", min: 0, max: 120, writable: true, tolerance: 0.5 },
    { name: "force", type: "number" },
  ],
};
const sample = (id: string, ts: number, payload: Record<string, unknown>) => ({ topic: id, payload, twin: { id, ts } });
const errorOf = (msg: Record<string, unknown>): RefusalInfo => msg.error as RefusalInfo;

describe("twin-state", () => {
  const runtime = useRuntime();
  const operations = ["report", "desire", "get", "list", "at", "delete"].map((operation) =>
    state(operation, { operation }),
  );

  it("passes a sample on unchanged, with its revision, and keeps the document", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    flow.send("report", { ...sample("a", 1000, { speed: 80, on: true }), other: "kept" });
    const passed = await flow.next("out");
    assert.deepEqual(passed.payload, { speed: 80, on: true });
    assert.deepEqual(passed.twin, { id: "a", ts: 1000, rev: 1 });
    assert.equal(passed.other, "kept");
    flow.send("get", { topic: "a" });
    const { updatedAt, statusAt, ...document } = (await flow.next("out")).payload as TwinDocument;
    assert.deepEqual(document, {
      id: "a",
      model: null,
      rev: 1,
      reported: { speed: 80, on: true },
      desired: {},
      delta: {},
      meta: { speed: { ts: 1000, quality: "good" }, on: { ts: 1000, quality: "good" } },
      ack: null,
      status: "live",
    });
    assert.ok(Math.abs(updatedAt - Date.now()) < 60_000);
    assert.equal(statusAt, updatedAt);
  });

  it("passes a batch on, with revisions, marks what is historical and refuses the bad rows", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    const payload = [
      { id: "b", ts: 2000, values: { x: 2 } },
      { id: "b", ts: 1000, values: { x: 1 } },
      { id: "b", ts: 3000, values: { x: { deep: 1 } } },
    ];
    flow.send("report", { payload, twin: { batch: 3 } });
    const passed = await flow.next("out");
    assert.deepEqual(passed.payload, [
      { id: "b", ts: 2000, values: { x: 2 }, rev: 1 },
      { id: "b", ts: 1000, values: { x: 1 }, rev: 1, historical: true },
    ]);
    assert.deepEqual(passed.twin, { batch: 2 });
    const refused = await flow.next("refused");
    assert.deepEqual(refused.payload, [payload[2]]);
    assert.equal(errorOf(refused).code, "wrong-type");
    assert.equal(errorOf(refused).index, 2);
  });

  it("answers a report that is no sample with the document, and null removes", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    flow.send("report", { topic: "c", payload: { x: 1, y: 2 } });
    assert.deepEqual(((await flow.next("out")).payload as TwinDocument).reported, { x: 1, y: 2 });
    flow.send("report", { topic: "c", payload: { x: null } });
    assert.deepEqual(((await flow.next("out")).payload as TwinDocument).reported, { y: 2 });
  });

  it("closes the desired loop: desire opens the delta, a report that meets it clears it", async () => {
    const flow = await runtime.load(
      ["twin-state", "twin-watch"],
      [
        model,
        state("report", { operation: "report", model: "model" }),
        state("desire", { operation: "desire", model: "model" }),
        { id: "watch", type: "twin-watch", twin: "d*", events: ["delta"], wires: [["deltas"]] },
        { id: "deltas", type: "helper" },
        ...out,
      ],
    );
    flow.send("report", sample("d", 1000, { speed: 100 }));
    await flow.next("out");
    flow.send("desire", { topic: "d", payload: { speed: 80 }, user: "anna", clientToken: "t1" });
    const wished = await flow.next("out");
    assert.equal(wished.clientToken, "t1");
    assert.deepEqual((wished.payload as TwinDocument).delta, { speed: 80 });
    const opened = await flow.next("deltas");
    assert.equal(opened.event, "delta");
    assert.deepEqual((opened.payload as TwinDocument).delta, { speed: 80 });
    flow.send("report", sample("d", 2000, { speed: 80 }));
    assert.deepEqual(((await flow.next("deltas")).payload as TwinDocument).delta, {});
    flow.send("desire", { topic: "d", payload: { force: 1 } });
    assert.equal(errorOf(await flow.next("refused")).code, "read-only");
  });

  it("refuses a change whose ifRev does not match, says the present rev, and changes nothing", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    flow.send("report", sample("e", 1000, { x: 1 }));
    await flow.next("out");
    flow.send("desire", { topic: "e", payload: { x: 5 }, ifRev: 7 });
    const refused = await flow.next("refused");
    assert.equal(errorOf(refused).code, "version-conflict");
    assert.equal(errorOf(refused).rev, 1);
    flow.send("get", { topic: "e" });
    assert.deepEqual(((await flow.next("out")).payload as TwinDocument).desired, {});
    flow.send("desire", { topic: "e", payload: { x: 5 }, ifRev: 1 });
    assert.equal(((await flow.next("out")).payload as TwinDocument).rev, 2);
  });

  it("deletes the revision that ifRev names, and nothing that comes after it", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    flow.send("report", sample("f", 1000, { x: 1 }));
    await flow.next("out");
    flow.send("delete", { topic: "f", ifRev: 2 });
    assert.equal(errorOf(await flow.next("refused")).code, "version-conflict");
    flow.send("delete", { topic: "f", ifRev: 1 });
    flow.send("report", sample("f", 2000, { x: 2 }));
    await flow.next("out");
    await flow.next("out");
    flow.send("get", { topic: "f" });
    const { rev, reported } = (await flow.next("out")).payload as TwinDocument;
    assert.deepEqual([rev, reported], [1, { x: 2 }]);
  });

  it("tells a twin as it was, by revision and by instant, and names the oldest that is kept", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    const documents: TwinDocument[] = [];
    for (const x of [1, 2, 3]) {
      flow.send("report", { topic: "past", payload: { x } });
      documents.push((await flow.next("out")).payload as TwinDocument);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const [first, second, third] = documents as [TwinDocument, TwinDocument, TwinDocument];
    for (const [at, document] of [
      [{ rev: 1 }, first],
      [2, second],
      ["3", third],
      [{ time: first.updatedAt }, first],
      [third.updatedAt - 1, second],
      [new Date(second.updatedAt).toISOString(), second],
      ["now", third],
    ] as const) {
      flow.send("at", { topic: "past", at });
      assert.deepEqual((await flow.next("out")).payload, document, JSON.stringify(at));
    }
    for (const [at, code, text] of [
      [undefined, "bad-time", "revision"],
      ["yesterday", "bad-time", "ISO"],
      [first.updatedAt - 60_000, "not-found", `rev 1, of ${new Date(first.updatedAt).toISOString()}`],
      [{ rev: 4 }, "not-found", "no such revision"],
    ] as const) {
      flow.send("at", { topic: "past", at });
      const error = errorOf(await flow.next("refused"));
      assert.deepEqual([error.code, error.hint.includes(text)], [code, true], error.hint);
    }
    flow.send("at", { topic: "nobody", at: { rev: 1 } });
    assert.equal(errorOf(await flow.next("refused")).code, "not-found");
  });

  it("lists with a filter, page by page, and deletes", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    const payload = Array.from({ length: 150 }, (_, index) => ({
      id: `list-${String(index).padStart(3, "0")}`,
      ts: 1000,
      values: { x: index },
    }));
    flow.send("report", { payload, twin: { batch: 150 } });
    await flow.next("out");
    flow.send("list", { filter: { id: "list-*" } });
    const first = await flow.next("out");
    assert.equal((first.payload as TwinDocument[]).length, 100);
    flow.send("list", { filter: { id: "list-*" }, cursor: first.cursor });
    const second = await flow.next("out");
    assert.deepEqual(
      (second.payload as TwinDocument[]).map((twin) => twin.id),
      payload.slice(100).map((row) => row.id),
    );
    assert.equal(second.cursor, undefined);
    flow.send("delete", { topic: "list-000" });
    assert.equal(((await flow.next("out")).payload as TwinDocument).id, "list-000");
    flow.send("get", { topic: "list-000", res: {} });
    const refused = await flow.next("refused");
    assert.equal(errorOf(refused).code, "not-found");
    assert.equal(refused.statusCode, 404);
  });

  it("lists a full page of those that fit, however far apart they are", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    const payload = Array.from({ length: 2500 }, (_, index) => ({
      id: `far-${String(index).padStart(4, "0")}`,
      ts: 1000,
      values: { x: index },
      ...(index % 1200 === 1100 && { model: "rare" }),
    }));
    flow.send("report", { payload, twin: { batch: 2500 } });
    await flow.next("out");
    flow.send("list", { filter: { model: "rare" } });
    const page = await flow.next("out");
    assert.deepEqual(
      (page.payload as TwinDocument[]).map(({ id }) => id),
      ["far-1100", "far-2300"],
    );
    assert.equal(page.cursor, undefined);
  });

  for (const [what, operation, msg, code] of [
    ["an id with a wildcard", "report", { topic: "a/#", payload: { x: 1 } }, "bad-id"],
    ["an id with a newline", "get", { topic: "a\nb" }, "bad-id"],
    ["no topic", "get", {}, "bad-id"],
    ["text", "report", { topic: "a", payload: "hello", twin: { id: "a", ts: 1 } }, "bad-payload"],
    ["a table", "report", { payload: [{ x: 1 }] }, "bad-payload"],
    ["a broken time", "report", { topic: "a", payload: { x: 1 }, twin: { id: "a", ts: "noon" } }, "bad-time"],
    ["an unknown filter", "list", { filter: { colour: "red" } }, "bad-request"],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const flow = await runtime.load(["twin-state"], [...operations, ...out]);
      flow.send(operation, { ...msg });
      assert.equal(errorOf(await flow.next("refused")).code, code);
    });
  }

  it("does nothing but say why when its settings are wrong", async () => {
    const flow = await runtime.load(
      ["twin-state", "core/common/25-catch"],
      [state("bad", { operation: "explode" }), { id: "catch", type: "catch", scope: null, wires: [["out"]] }, ...out],
    );
    assert.equal(flow.statuses("bad")[0]?.fill, "red");
    flow.send("bad", { topic: "a", payload: { x: 1 } });
    const caught = (await flow.next("out")).error as { message: string };
    assert.match(caught.message, /operation is "explode"/);
  });

  it("says that a backend is not there yet", async () => {
    const flow = await runtime.load(
      ["twin-state"],
      [{ id: "store", type: "twin-store", backend: "nats" }, state("s", { store: "store" }), ...out],
    );
    assert.match(flow.statuses("s")[0]?.text ?? "", /nats/);
  });

  it("hands out copies: what a flow does to a document does not touch the twin", async () => {
    const flow = await runtime.load(["twin-state"], [...operations, ...out]);
    flow.send("report", sample("copy", 1000, { x: 1 }));
    await flow.next("out");
    flow.send("get", { topic: "copy" });
    const document = (await flow.next("out")).payload as TwinDocument;
    document.reported.x = 99;
    flow.send("get", { topic: "copy" });
    assert.equal(((await flow.next("out")).payload as TwinDocument).reported.x, 1);
  });
});

describe("twin-state and what it is told of clocks and presence", () => {
  const runtime = useRuntime();
  const load = (settings: Record<string, unknown> = {}) =>
    runtime.load(["twin-state"], [state("report", settings), state("get", { operation: "get" }), ...out]);
  type Flow = Awaited<ReturnType<typeof load>>;
  const documentOf = async (flow: Flow, topic: string): Promise<TwinDocument> => {
    flow.send("get", { topic });
    return (await flow.next("out")).payload as TwinDocument;
  };

  it("marks a sample of a clock that is more than maxSkew ahead, and passes its time on as it is", async () => {
    const flow = await load();
    const day = 86_400_000;
    const ts = Date.now() + day;
    flow.send("report", sample("ahead", ts, { x: 1 }));
    const passed = (await flow.next("out")).twin as { ts: number; skewed: number };
    assert.equal(passed.ts, ts);
    assert.ok(passed.skewed > day - 60_000 && passed.skewed <= day);
    const { meta } = await documentOf(flow, "ahead");
    assert.deepEqual([meta.x?.quality, meta.x?.deviceTs], ["uncertain", ts]);
    flow.send("report", { payload: [{ id: "ahead", ts: ts + 1, values: { x: 2 } }], twin: { batch: 1 } });
    const [row] = (await flow.next("out")).payload as [Record<string, unknown>];
    assert.ok((row.skewed as number) > day - 60_000);
    flow.send("report", sample("ahead", Date.now() + 1000, { x: 3 }));
    assert.equal(((await flow.next("out")).twin as Record<string, unknown>).skewed, undefined);
    assert.equal((await documentOf(flow, "ahead")).reported.x, 3, "the clock is back: nothing is frozen");
  });

  it("takes every clock at its word with maxSkew 0", async () => {
    const flow = await load({ maxSkew: 0 });
    const ts = Date.now() + 86_400_000;
    flow.send("report", sample("trusted", ts, { x: 1 }));
    assert.equal(((await flow.next("out")).twin as Record<string, unknown>).skewed, undefined);
    assert.deepEqual((await documentOf(flow, "trusted")).meta.x, { ts, quality: "good" });
  });

  it("goes offline by a message whose msg.twin.status says so, with any payload, and live by the next report", async () => {
    const flow = await load();
    flow.send("report", sample("gone", 1000, { x: 1 }));
    flow.send("report", { topic: "gone", payload: "offline", twin: { status: "offline" } });
    await flow.next("out");
    assert.equal((await flow.next("out")).payload, "offline", "passes on as it came");
    const { status, rev, reported } = await documentOf(flow, "gone");
    assert.deepEqual([status, rev, reported], ["offline", 1, { x: 1 }]);
    flow.send("report", { ...sample("gone", Date.now(), { x: 2 }), retain: true });
    await flow.next("out");
    assert.equal((await documentOf(flow, "gone")).status, "offline", "what the broker had kept is no sign of life");
    flow.send("report", { payload: [{ id: "gone", ts: 3000, values: { x: 2 }, retained: true }], twin: { batch: 1 } });
    await flow.next("out");
    assert.equal((await documentOf(flow, "gone")).status, "offline");
    flow.send("report", { payload: [{ id: "gone", ts: Date.now() + 1, values: { x: 3 } }], twin: { batch: 1 } });
    await flow.next("out");
    assert.equal((await documentOf(flow, "gone")).status, "live");
    flow.send("report", { topic: "gone", twin: { status: "asleep" } });
    assert.equal(errorOf(await flow.next("refused")).code, "bad-request");
  });
});

describe("twin-watch", () => {
  const runtime = useRuntime();

  it("tells the before and after of what changed, of the twins that fit", async () => {
    const flow = await runtime.load(
      ["twin-state", "twin-watch"],
      [
        state("report"),
        { id: "watch", type: "twin-watch", twin: "press-*", events: ["change"], wires: [["events"]] },
        { id: "events", type: "helper" },
        ...out,
      ],
    );
    flow.send("report", sample("mill-1", 1000, { x: 1 }));
    flow.send("report", sample("press-1", 1000, { x: 1 }));
    flow.send("report", sample("press-1", 2000, { x: 1 }));
    flow.send("report", sample("press-1", 3000, { x: 2 }));
    assert.deepEqual((await flow.next("events")).changed, { x: { before: undefined, after: 1 } });
    const second = await flow.next("events");
    assert.equal(second.topic, "press-1");
    assert.deepEqual(second.changed, { x: { before: 1, after: 2 } }, "the equal report in between gave no event");
  });

  it("hears of equal reports, too, where skipEqual is off", async () => {
    const flow = await runtime.load(
      ["twin-state", "twin-watch"],
      [
        state("report", { skipEqual: false }),
        { id: "watch", type: "twin-watch", twin: "equal", events: ["change"], wires: [["events"]] },
        { id: "events", type: "helper" },
        ...out,
      ],
    );
    flow.send("report", sample("equal", 1000, { x: 1 }));
    flow.send("report", sample("equal", 2000, { x: 1 }));
    assert.deepEqual((await flow.next("events")).changed, { x: { before: undefined, after: 1 } });
    const second = await flow.next("events");
    assert.deepEqual([second.event, second.changed, (second.payload as TwinDocument).rev], ["change", {}, 1]);
  });

  it("replays the present state first", async () => {
    const flow = await runtime.load(
      ["twin-state", "twin-watch"],
      [
        state("report"),
        { id: "watch", type: "twin-watch", twin: "press-1", replay: true, events: ["change"], wires: [["events"]] },
        { id: "events", type: "helper" },
        ...out,
      ],
    );
    const first = await flow.next("events");
    assert.equal(first.replayed, true);
    assert.equal((first.payload as TwinDocument).reported.x, 2);
    flow.send("report", sample("press-1", 4000, { x: 3 }));
    assert.deepEqual((await flow.next("events")).changed, { x: { before: 2, after: 3 } });
  });

  it("turns a silent twin stale, and live again with its next report", async () => {
    const flow = await runtime.load(
      ["twin-state", "twin-watch"],
      [
        { id: "model", type: "twin-model", model: "quick", staleAfter: 0.2, unknown: "keep" },
        state("report", { model: "model" }),
        { id: "watch", type: "twin-watch", twin: "quiet", events: ["status"], wires: [["events"]] },
        { id: "events", type: "helper" },
        ...out,
      ],
    );
    const statusOf = async () => ((await flow.next("events")).payload as TwinDocument).status;
    flow.send("report", sample("quiet", 1000, { x: 1 }));
    assert.equal(await statusOf(), "live");
    assert.equal(await statusOf(), "stale");
    flow.send("report", sample("quiet", 2000, { x: 1 }));
    assert.equal(await statusOf(), "live");
  });

  it("never turns a twin stale whose model says 0", async () => {
    const model = (id: string, staleAfter: number) => ({
      id: `${id}-model`,
      type: "twin-model",
      model: id,
      staleAfter,
      unknown: "keep",
    });
    const flow = await runtime.load(
      ["twin-state", "twin-watch"],
      [
        model("patient", 0),
        model("quick", 0.2),
        state("report", { model: "patient-model" }),
        state("report-quick", { model: "quick-model" }),
        { id: "watch", type: "twin-watch", twin: "still-*", events: ["status"], wires: [["events"]] },
        { id: "events", type: "helper" },
        ...out,
      ],
    );
    const next = async () => {
      const { topic, payload } = await flow.next("events");
      return [topic, (payload as TwinDocument).status];
    };
    flow.send("report", sample("still-0", 1000, { x: 1 }));
    assert.deepEqual(await next(), ["still-0", "live"]);
    flow.send("report-quick", sample("still-1", 1000, { x: 1 }));
    assert.deepEqual(await next(), ["still-1", "live"]);
    // Reported later, silent for less long.
    assert.deepEqual(await next(), ["still-1", "stale"]);
    assert.deepEqual(flow.waiting("events"), []);
  });
});
