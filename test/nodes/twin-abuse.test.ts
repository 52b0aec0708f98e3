import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../engine/contract/document";
import type { RefusalInfo } from "../../engine/contract/errors";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

/** Ids and names that mean something to somebody: JavaScript, JSON Pointer, JSON Merge Patch, paths, MQTT, SQL, Unicode. */
const hostile = [
  "__proto__",
  "constructor",
  "prototype",
  "a/__proto__/b",
  "/reported/speed",
  "/a~1b~0c",
  "#/desired",
  "../../etc/passwd",
  "..",
  "a/b",
  "a\\b",
  "*",
  "press-*",
  "+",
  "press\n6",
  "press\r\nX-Injected: 1",
  "press\u00006",
  "\u202epress",
  "'; DROP TABLE twins; --",
  '" OR 1=1 --',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: hostile on purpose
  "${TWIN_HOME}",
  "{{id}}",
  "<img src=x onerror=alert(1)>",
  " press",
  "",
  "a".repeat(129),
  "a".repeat(100_000),
];
/** As names of properties these are allowed, and mean nothing. */
const inert = ["a/__proto__/b", "/reported/speed", "#/desired", "../../etc/passwd", "..", "a/b"];
const noText: unknown[] = [null, 6, 0, true, {}, { id: "a" }, [], ["a"], { toString: "x" }];

const operations = ["report", "desire", "get", "delete"] as const;
const state = (operation: string): FlowNode => ({
  id: operation,
  type: "twin-state",
  operation,
  wires: [["out"], ["refused"]],
});
const nodes: FlowNode[] = [
  ...[...operations, "list"].map(state),
  { id: "watch", type: "twin-watch", wires: [["events"]] },
  { id: "events", type: "helper" },
  { id: "out", type: "helper" },
  { id: "refused", type: "helper" },
];
const errorOf = (msg: Record<string, unknown>): RefusalInfo => msg.error as RefusalInfo;

describe("twin-state and twin-watch, abused", () => {
  const runtime = useRuntime();
  let flow: LoadedFlow;
  beforeEach(async () => {
    flow = await runtime.load(["twin-state", "twin-watch"], nodes);
    for (const twin of await listed({ id: "*" })) {
      flow.send("delete", { topic: twin.id });
      await flow.next("out");
    }
    flow.send("report", { topic: "victim", payload: { speed: 80 }, twin: { id: "victim", ts: 1000 } });
    await flow.next("out");
    flow.waiting("events").length = 0;
  });

  async function listed(filter: Record<string, unknown> = {}): Promise<TwinDocument[]> {
    flow.send("list", { filter });
    return (await flow.next("out")).payload as TwinDocument[];
  }

  async function unharmed(): Promise<void> {
    assert.deepEqual(
      (await listed()).map(({ id, rev, reported }) => ({ id, rev, reported })),
      [{ id: "victim", rev: 1, reported: { speed: 80 } }],
    );
    assert.deepEqual(flow.waiting("events"), [], "nobody was told of anything");
    assert.deepEqual(Object.keys(Object.prototype), []);
    assert.equal(({} as Record<string, unknown>).speed, undefined);
    assert.deepEqual(flow.errors(), []);
  }

  it("refuses ids that are none, in every operation, and nothing changes", async () => {
    for (const id of [...hostile, ...noText])
      for (const operation of operations)
        for (const twin of operation === "report" ? [undefined, { id, ts: 2000 }] : [undefined]) {
          flow.send(operation, { topic: id, payload: { speed: 1 }, ...(twin && { twin }) });
          const refused = await flow.next("refused");
          assert.equal(errorOf(refused).code, "bad-id", `${operation} ${JSON.stringify(id)?.slice(0, 60)}`);
          assert.ok(errorOf(refused).message.length < 500, "what is refused is told in short");
        }
    await unharmed();
  });

  it("refuses properties that are none, in reports, desired values and batches", async () => {
    const names = hostile.filter((name) => !inert.includes(name));
    for (const name of names) {
      const values = JSON.parse(`{ ${JSON.stringify(name)}: 1 }`) as Record<string, unknown>;
      flow.send("report", { topic: "victim", payload: values, twin: { id: "victim", ts: 2000 } });
      assert.equal(errorOf(await flow.next("refused")).code, "bad-name", name.slice(0, 60));
      flow.send("desire", { topic: "victim", payload: values });
      assert.equal(errorOf(await flow.next("refused")).code, "bad-name", name.slice(0, 60));
      flow.send("report", { payload: [{ id: "victim", ts: 2000, values }], twin: { batch: 1 } });
      assert.equal(errorOf(await flow.next("refused")).code, "bad-name", name.slice(0, 60));
    }
    await unharmed();
  });

  it("takes slashes and dots in a property's name as part of the name, never as a path", async () => {
    for (const name of [...inert, "desired.speed", "reported"]) {
      flow.send("report", { topic: "inert", payload: { [name]: 1 } });
      const { reported, desired } = (await flow.next("out")).payload as TwinDocument;
      assert.deepEqual([reported[name], desired], [1, {}]);
      assert.equal(reported.speed, undefined);
    }
  });

  it("bounds the time of a pattern, however many stars it has", async () => {
    const id = "a".repeat(128);
    flow.send("report", { topic: id, payload: { x: 1 } });
    await flow.next("out");
    assert.deepEqual(await listed({ id: `${"*a".repeat(60)}*b` }), []);
    assert.equal((await listed({ id: `${"*a".repeat(60)}*` })).length, 1);
    for (const pattern of [".*", "(a+)+$", "[", "\\", "^a", "a|victim", "$"])
      assert.deepEqual(await listed({ id: pattern }), [], pattern);
  });

  it("refuses filters, cursors and revisions that are none", async () => {
    for (const filter of [{ __proto__: null, constructor: "x" }, { id: ["*"] }, { id: { $ne: 1 } }, "*", [], 1]) {
      flow.send("list", { filter });
      assert.equal(errorOf(await flow.next("refused")).code, "bad-request", JSON.stringify(filter));
    }
    flow.send("list", { cursor: { after: "a" } });
    assert.equal(errorOf(await flow.next("refused")).code, "bad-request");
    for (const ifRev of ["x", {}, [], -1, 1.5, "1; DROP", Number.NaN]) {
      flow.send("desire", { topic: "victim", payload: { speed: 1 }, ifRev });
      assert.equal(errorOf(await flow.next("refused")).code, "version-conflict", String(ifRev));
    }
    await unharmed();
  });
});
