import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../engine/contract/document";
import type { RefusalInfo } from "../../engine/contract/errors";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

const helper = (id: string): FlowNode => ({ id, type: "helper" });
const state = (operation: string, settings: Record<string, unknown> = {}): FlowNode => ({
  id: operation,
  type: "twin-state",
  operation,
  wires: [["out"], ["refused"]],
  ...settings,
});
const watch: FlowNode = { id: "watch", type: "twin-watch", events: ["delta", "ack"], wires: [["events"]] };
const sample = (id: string, ts: number, payload: Record<string, unknown>) => ({ topic: id, payload, twin: { id, ts } });
const document = (msg: Record<string, unknown>): TwinDocument => msg.payload as TwinDocument;

describe("twin-state and the desired loop", () => {
  const runtime = useRuntime();
  const load = (settings: Record<string, unknown> = {}): Promise<LoadedFlow> =>
    runtime.load(
      ["twin-state", "twin-watch"],
      [state("report"), state("desire", settings), watch, helper("events"), helper("out"), helper("refused")],
    );

  it("keeps who and why, and gives answer and event the client token", async () => {
    const flow = await load();
    flow.send("desire", {
      topic: "a",
      payload: { speed: 80 },
      user: { name: "anna", role: "operator" },
      reason: "trial 7",
      clientToken: "t-1",
    });
    const answer = await flow.next("out");
    assert.equal(answer.clientToken, "t-1");
    const { at, ...by } = document(answer).desiredBy ?? { at: 0 };
    assert.deepEqual(by, { user: "anna", role: "operator", reason: "trial 7" });
    assert.ok(Math.abs(at - Date.now()) < 60_000);
    const events = [await flow.next("events"), await flow.next("events")];
    assert.deepEqual(
      events.map((event) => [event.event, event.clientToken]),
      [
        ["delta", "t-1"],
        ["ack", "t-1"],
      ],
    );
    assert.equal(document(events[0] as Record<string, unknown>).desiredBy?.user, "anna");
  });

  it("takes no role from a name, and the token back with a refusal", async () => {
    const flow = await load();
    flow.send("desire", { topic: "b", payload: { speed: 1 }, user: "anna", ifRev: 5, clientToken: "t-2" });
    const refused = await flow.next("refused");
    assert.deepEqual([(refused.error as RefusalInfo).code, refused.clientToken], ["version-conflict", "t-2"]);
    flow.send("desire", { topic: "b", payload: { speed: 1 }, user: "anna", ifRev: 0 });
    const by = document(await flow.next("out")).desiredBy;
    assert.deepEqual([by?.user, by?.role], ["anna", undefined]);
  });

  for (const [what, fields, code] of [
    ["a reason that does not fit", { reason: "x".repeat(501) }, "too-large"],
    ["a name that does not fit", { user: "x".repeat(129) }, "too-large"],
    ["a token that is no text", { clientToken: { a: 1 } }, "bad-request"],
    ["a user that is a number", { user: 7 }, "bad-request"],
  ] as const) {
    it(`refuses ${what}, and changes nothing`, async () => {
      const flow = await load();
      flow.send("desire", { topic: "never", payload: { speed: 1 }, ...fields });
      assert.equal(((await flow.next("refused")).error as RefusalInfo).code, code);
      assert.deepEqual(flow.waiting("events"), []);
    });
  }

  it("hears a device refuse, in its own words", async () => {
    const flow = await load();
    flow.send("desire", { topic: "c", payload: { speed: 80 } });
    const { ack } = document(await flow.next("out"));
    flow.send("report", {
      ...sample("c", 1000, { speed: 50 }),
      ack: { version: ack?.version, code: 423, text: "guard open" },
    });
    await flow.next("out");
    const events = [];
    for (let k = 0; k < 3; k++) events.push(await flow.next("events"));
    assert.deepEqual(document(events[2] as Record<string, unknown>).ack, {
      version: ack?.version,
      code: 423,
      text: "guard open",
    });
    flow.send("report", { ...sample("c", 2000, { speed: 51 }), ack: { code: "no" } });
    assert.equal(((await flow.next("refused")).error as RefusalInfo).code, "bad-request");
  });

  it("tells the delta again, and says when it is late", async () => {
    const flow = await load({ retryAfter: 1, retryMax: 1, timeout: 1 });
    flow.send("desire", { topic: "d", payload: { speed: 80 } });
    const heard = new Map<string, Record<string, unknown>>();
    while (!heard.has("reminder") || !heard.has("late")) {
      const event = await flow.next("events");
      if (event.event === "delta" && event.reminder !== undefined) heard.set("reminder", event);
      if (event.event === "ack" && document(event).ack?.code === 504) heard.set("late", event);
    }
    assert.deepEqual(document(heard.get("reminder") ?? {}).delta, { speed: 80 });
    assert.equal(document(heard.get("late") ?? {}).ack?.text, "not met within 1 s");
  });

  it("says which of its settings is wrong", async () => {
    const flow = await load({ retryAfter: 10, retryMax: 5 });
    const texts = flow.statuses("desire").map(({ text }) => text ?? "");
    assert.ok(
      texts.some((text) => text.startsWith("retryMax is 5: use 10 or more")),
      texts.join("; "),
    );
  });
});
