import { strict as assert } from "node:assert";
import path from "node:path";
import type { TwinDocument } from "../../engine/contract/document";
import { disposeShared } from "../../nodes/lib/shared";
import type { TwinStore } from "../../nodes/twin-store/store";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";
import { until } from "./twin-broker.clients";
import { afterwards, commandFlow, commandOf, errorOf, report, storeOf } from "./twin-command.support";

const commandTypes = ["twin-command", "twin-state"];

describe("twin-command over deploys and restarts", () => {
  const runtime = useRuntime();
  const load = (nodes: FlowNode[]): Promise<LoadedFlow> => runtime.load(commandTypes, nodes);
  /** As a restart: nothing of the process is kept. */
  async function restart(nodes: FlowNode[]): Promise<LoadedFlow> {
    await runtime.unload();
    await disposeShared();
    return load(nodes);
  }
  const idOf = (msg: Record<string, unknown>): string => (msg.payload as { id: string }).id;

  it("neither loses nor repeats a command over a full deploy in the middle of it", async () => {
    const nodes = commandFlow({ timeout: 60, retries: 0 });
    const before = await load(nodes);
    before.send("command", { topic: "a", command: { name: "home", id: "c-1" }, mark: "whole" });
    assert.equal(idOf(await before.next("device")), "c-1");
    const after = await load(nodes);
    after.send("command", { topic: "a/command/answer", payload: { id: "c-1", code: 200, text: "homed" } });
    const done = await after.next("done");
    assert.deepEqual([commandOf(done).text, done.mark], ["homed", "whole"]);
    assert.deepEqual(after.waiting("device"), []);
  });

  it("takes up what a restart interrupted, and answers it", async () => {
    const nodes = commandFlow({ timeout: 60, retries: 0 });
    const before = await load(nodes);
    before.send("command", { topic: "a", command: { name: "home", id: "c-2" }, clientToken: "t", user: "anna" });
    await before.next("device");
    const after = await restart(nodes);
    after.send("command", { topic: "a/command/answer", payload: { id: "c-2", code: 200, text: "homed" } });
    const done = await after.next("done");
    assert.deepEqual([done.topic, done.clientToken, done.user, done.resumed], ["a", "t", "anna", true]);
    assert.deepEqual(after.waiting("device"), []);
  });

  it("gives up after a restart what was sent as often as allowed, and sends again under its key what was not", async () => {
    const once = commandFlow({ timeout: 0.1, retries: 0 });
    (await load(once)).send("command", { topic: "a", command: { name: "home", id: "c-3" } });
    const gone = await restart(once);
    assert.equal(commandOf(await gone.next("refused")).attempts, 1);
    assert.deepEqual(gone.waiting("device"), []);

    const again = commandFlow({ timeout: 1, retries: 20 });
    const before = await load(again);
    before.send("command", { topic: "a", command: { name: "home", id: "c-4" } });
    await before.next("device");
    const after = await restart(again);
    assert.equal(idOf(await after.next("device")), "c-4");
  });

  it("takes up desired values after a restart", async () => {
    const nodes = commandFlow({ timeout: 60 });
    const before = await load(nodes);
    before.send("command", { topic: "w", payload: { speed: 80 } });
    await before.next("device");
    const after = await restart(nodes);
    await report(after, "w", { speed: 80 });
    assert.deepEqual(((await after.next("done")).payload as TwinDocument).ack?.code, 200);
  });

  it("sets desired values that were written down when the process ended before they were set", async () => {
    const nodes = commandFlow({ timeout: 60 });
    await load(nodes);
    await runtime.unload();
    const at = Date.now();
    await afterwards(path.join(runtime.home(), storeOf(nodes)), ({ commands }) =>
      commands.add({
        id: "torn",
        twin: "v",
        kind: "desired",
        name: "",
        args: { speed: 80 },
        node: "command",
        at,
        expires: at + 60_000,
        state: "open",
        attempts: 0,
        sentAt: at,
      }),
    );
    const flow = await load(nodes);
    assert.deepEqual((await flow.next("device", 10_000)).payload, { speed: 80 });
  });

  it("runs none of 1,000 recorded commands again, replayed three times and after a restart; refuses the stale", async () => {
    const nodes = commandFlow({ timeout: 60, retries: 0 });
    const flow = await load(nodes);
    const expires = Date.now() + 60_000;
    const command = (k: number) => ({ topic: "m", command: { name: "step", id: `k-${k}`, args: k, expires } });
    const ran = new Map<string, number>();
    /** Sends those commands, and plays the machine until all are answered. */
    async function run(to: LoadedFlow, first: number, last: number): Promise<void> {
      for (let k = first; k < last; k++) to.send("command", command(k));
      for (let answered = 0; answered < last - first; ) {
        await until(() => to.waiting("device").length > 0 || to.waiting("done").length > 0, "an answer");
        for (const sent of to.waiting("device").splice(0)) {
          const id = idOf(sent);
          ran.set(id, (ran.get(id) ?? 0) + 1);
          to.send("command", { topic: "m/command/answer", payload: { id, code: 200, result: id } });
        }
        for (const done of to.waiting("done").splice(0)) {
          assert.equal(done.payload, commandOf(done).id);
          answered++;
        }
      }
    }
    // Fewer at a time than may be open.
    for (let round = 0; round < 4; round++) for (let k = 0; k < 1000; k += 500) await run(flow, k, k + 500);
    const after = await restart(nodes);
    for (let k = 0; k < 1000; k += 500) await run(after, k, k + 500);
    assert.equal(ran.size, 1000);
    assert.deepEqual(
      [...ran.values()].filter((times) => times !== 1),
      [],
    );
    after.send("command", { topic: "m", command: { name: "step", id: "stale", expires: Date.now() - 60_000 } });
    assert.equal(errorOf(await after.next("refused")).code, "expired");
    assert.deepEqual(after.waiting("device"), []);
  });

  it("ends the open commands of a node that is removed", async () => {
    const nodes = commandFlow({ timeout: 60 });
    const flow = await load(nodes);
    flow.send("command", { topic: "a", command: { name: "home", id: "c-9" } });
    await flow.next("device");
    const node = flow.node("command") as unknown as { close(removed: boolean): Promise<void> };
    await node.close(true);
    const store = flow.node("store").twinApi as TwinStore;
    assert.deepEqual((await store.commands.get("c-9"))?.error, "cancelled");
  });
});
