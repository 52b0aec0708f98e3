import { strict as assert } from "node:assert";
import type { TwinStore } from "../../nodes/twin-store/store";
import { freePort } from "../support/ports";
import { useRuntime } from "../support/runtime";
import { commandFlow, commandOf, errorOf, report } from "./twin-command.support";

const commandTypes = ["twin-command", "twin-state"];
type Payload = { id: string; args: { speed: number } };

describe("twin-command, where a flow or a device behaves badly", () => {
  const runtime = useRuntime();

  it("sends the same arguments again, whatever the flow has made of the ones it sent before", async () => {
    const flow = await runtime.load(commandTypes, commandFlow({ timeout: 0.5, retries: 2 }));
    const args = { speed: 8 };
    flow.send("command", { topic: "a", command: { name: "run", id: "m-1", args } });
    const first = (await flow.next("device")).payload as Payload;
    args.speed = 1;
    // Such as a function that scales for the device's registers.
    first.args.speed *= 10;
    const second = (await flow.next("device")).payload as Payload;
    assert.deepEqual([second.id, second.args.speed], ["m-1", 8]);
  });

  it("says of a command that may have run that it may have run, where the interlock keeps it from being sent again", async () => {
    const flow = await runtime.load(
      commandTypes,
      commandFlow({ interlock: "running == false", timeout: 0.3, retries: 3 }),
    );
    await report(flow, "s", { running: false });
    flow.send("command", { topic: "s", command: { name: "start", id: "s-1" } });
    await flow.next("device");
    // It did start; only its answer is lost.
    await report(flow, "s", { running: true });
    const refused = await flow.next("refused");
    assert.equal(errorOf(refused).code, "timed-out");
    assert.match(errorOf(refused).message, /not sent again: .*running is true/);
    assert.equal(commandOf(refused).attempts, 1);
    assert.deepEqual(flow.waiting("device"), []);
  });

  it("does not send a command when the interlock turns false while it is written down", async () => {
    const flow = await runtime.load(commandTypes, commandFlow({ interlock: "guard_open == false", retries: 0 }));
    await report(flow, "g", { guard_open: false });
    const { commands } = flow.node("store").twinApi as TwinStore;
    const add = commands.add.bind(commands);
    commands.add = async (record) => {
      await report(flow, "g", { guard_open: true });
      return add(record);
    };
    try {
      flow.send("command", { topic: "g", command: { name: "home", id: "g-1" } });
      const refused = await flow.next("refused");
      assert.deepEqual([errorOf(refused).code, commandOf(refused).attempts], ["interlocked", 0]);
      assert.deepEqual(flow.waiting("device"), []);
    } finally {
      commands.add = add;
    }
  });

  for (const expires of [-1e300, 9e15, "24 Nov 2099"])
    it(`refuses an expiry that is no time: ${expires}`, async () => {
      const flow = await runtime.load(commandTypes, commandFlow());
      flow.send("command", { topic: "a", command: { name: "home", expires } });
      assert.equal(errorOf(await flow.next("refused")).code, "bad-request");
    });

  it("does not leave a command open for ever when the store fails for a moment", async () => {
    const flow = await runtime.load(commandTypes, commandFlow({ timeout: 60 }));
    const { twins } = flow.node("store").twinApi as TwinStore;
    const get = twins.get.bind(twins);
    let reads = 0;
    twins.get = async (id) => {
      if (++reads === 2) throw new Error("disk gone");
      return get(id);
    };
    try {
      flow.send("command", { topic: "f", payload: { speed: 80 } });
      await flow.next("device");
      await report(flow, "f", { speed: 80 });
      assert.ok(reads >= 2 && flow.errors().some(({ error }) => String(error).includes("disk gone")));
      assert.equal(commandOf(await flow.next("done", 8000)).state, "acknowledged");
    } finally {
      twins.get = get;
    }
  });

  describe("an answer that a person sends", () => {
    const answer = { topic: "a", command: { id: "p-1" }, answer: { code: 200, text: "done by hand" } };

    it("takes the role that the command takes", async () => {
      const flow = await runtime.load(commandTypes, commandFlow({ role: "engineer" }));
      flow.send("command", { topic: "a", command: { name: "home", id: "p-1" }, user: { name: "e", role: "engineer" } });
      await flow.next("device");
      flow.send("command", { ...answer, user: { name: "o", role: "operator" } });
      assert.equal(errorOf(await flow.next("refused")).code, "forbidden");
      assert.deepEqual(flow.waiting("done"), []);
      flow.send("command", { ...answer, user: { name: "e", role: "engineer" } });
      assert.equal(commandOf(await flow.next("done")).text, "done by hand");
    });

    it("is none where answers come by a broker", async () => {
      const broker = { id: "broker", type: "twin-broker", url: "", port: await freePort() };
      const flow = await runtime.load(commandTypes, commandFlow({ broker: "broker", retries: 0 }, [broker]));
      flow.send("command", { topic: "a", command: { name: "home", id: "p-1" } });
      flow.send("command", answer);
      assert.equal(errorOf(await flow.next("refused")).code, "bad-request");
      flow.send("command", { topic: "a/command/answer", payload: { id: "p-1", code: 200 } });
      assert.equal(errorOf(await flow.next("refused")).code, "bad-request");
      assert.deepEqual(flow.waiting("done"), []);
    });
  });

  describe("desired values of another way", () => {
    it("are not taken along by a node that has no such interlock", async () => {
      const light = { id: "light", type: "twin-command", store: "store", wires: [["done"], ["refused"], ["lamp"]] };
      const flow = await runtime.load(
        commandTypes,
        commandFlow({ interlock: "guard_open == false" }, [light, { id: "lamp", type: "helper" }]),
      );
      await report(flow, "b", { guard_open: false });
      flow.send("command", { topic: "b", payload: { speed: 80 } });
      assert.deepEqual((await flow.next("device")).payload, { speed: 80 });
      await report(flow, "b", { guard_open: true });
      flow.send("light", { topic: "b", payload: { light: true } });
      assert.deepEqual((await flow.next("lamp")).payload, { light: true });
      // The interlock's own node goes on with its part, when it may.
      await report(flow, "b", { guard_open: false, light: true });
      assert.deepEqual((await flow.next("device", 10_000)).payload, { speed: 80 });
      await report(flow, "b", { speed: 80 });
      assert.equal(commandOf(await flow.next("done")).state, "acknowledged");
      assert.equal(commandOf(await flow.next("done")).state, "acknowledged");
    });

    it("set by a twin-state are not brought to the device by a role's command", async () => {
      const wires = [["reported"], []];
      const flow = await runtime.load(
        commandTypes,
        commandFlow({ role: "engineer" }, [
          { id: "desire", type: "twin-state", operation: "desire", store: "store", wires },
        ]),
      );
      const user = { name: "e", role: "engineer" };
      flow.send("desire", { topic: "c", payload: { speed: 500 }, user: "mallory" });
      await flow.next("reported");
      flow.send("command", { topic: "c", payload: { light: true }, user });
      assert.deepEqual((await flow.next("device")).payload, { light: true });
      // Nor may a twin-state put another value into a command's place.
      flow.send("desire", { topic: "c", payload: { light: false }, user: "mallory" });
      assert.equal(errorOf(await flow.next("refused")).code, "cancelled");
      flow.send("command", { topic: "c", payload: { heat: 40 }, user });
      assert.deepEqual((await flow.next("device")).payload, { heat: 40 });
    });
  });
});
