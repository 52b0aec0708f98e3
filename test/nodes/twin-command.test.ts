import { strict as assert } from "node:assert";
import path from "node:path";
import type { TwinDocument } from "../../engine/contract/document";
import { type LoadedFlow, useRuntime } from "../support/runtime";
import { afterwards, commandFlow, commandOf, errorOf, report, storeOf } from "./twin-command.support";

const commandTypes = ["twin-command", "twin-state"];

describe("twin-command, wired to the device", () => {
  const runtime = useRuntime();
  const load = (settings: Record<string, unknown> = {}): Promise<LoadedFlow> =>
    runtime.load(commandTypes, commandFlow(settings));

  describe("an action", () => {
    it("goes to the device with its key, name, arguments and expiry, and its answer comes back", async () => {
      const flow = await load({ timeout: 5, retries: 1 });
      flow.send("command", { topic: "a", command: "home", payload: { axis: 2 }, clientToken: "t-1", other: "kept" });
      const sent = await flow.next("device");
      assert.equal(sent.topic, "a/command");
      const { id, expires, ...rest } = sent.payload as Record<string, unknown>;
      assert.deepEqual(rest, { name: "home", args: { axis: 2 } });
      assert.match(String(id), /^[0-9a-f-]{36}$/);
      const ms = (expires as number) - Date.now();
      assert.ok(ms > 8000 && ms <= 10_000, `expires in ${ms} ms: when this side has given up`);
      assert.deepEqual([sent.responseTopic, String(sent.correlationData)], ["a/command/answer", id]);

      flow.send("command", { topic: "a/command/answer", payload: { id, code: 200, text: "homed", result: { at: 0 } } });
      const done = await flow.next("done");
      assert.deepEqual(done.payload, { at: 0 });
      assert.deepEqual([done.topic, done.clientToken, done.other], ["a", "t-1", "kept"]);
      const { state, code, text, attempts } = commandOf(done);
      assert.deepEqual(
        { state, code, text, attempts },
        { state: "acknowledged", code: 200, text: "homed", attempts: 1 },
      );
    });

    it("is answered by msg.answer too, and by a payload of MQTT 5 that is no answer of ours", async () => {
      const flow = await load();
      flow.send("command", { topic: "a", command: { name: "home", id: "c-1" } });
      await flow.next("device");
      flow.send("command", { topic: "a", command: { id: "c-1" }, answer: { code: 200, text: "ok" } });
      assert.equal(commandOf(await flow.next("done")).text, "ok");
      flow.send("command", { topic: "a", command: { name: "measure", id: "c-2" } });
      await flow.next("device");
      flow.send("command", { topic: "a/command/answer", payload: "7.5", correlationData: Buffer.from("c-2") });
      assert.equal((await flow.next("done")).payload, 7.5);
    });

    it("that the device refuses leaves with its own code and text", async () => {
      const flow = await load();
      flow.send("command", { topic: "a", command: { name: "home", id: "c-3" }, payload: 1 });
      await flow.next("device");
      flow.send("command", { topic: "a/command/answer", payload: { id: "c-3", code: 423, text: "guard open" } });
      const refused = await flow.next("refused");
      assert.equal(errorOf(refused).code, "device-refused");
      assert.equal(errorOf(refused).message, "a refused home: guard open (423).");
      assert.deepEqual([commandOf(refused).code, refused.payload], [423, 1]);
    });

    it("is sent again under the same key, and given up after that", async () => {
      const flow = await load({ timeout: 1, retries: 2 });
      flow.send("command", { topic: "a", command: { name: "home", id: "c-4" } });
      const sent = [await flow.next("device"), await flow.next("device"), await flow.next("device")];
      assert.deepEqual(new Set(sent.map(({ payload }) => (payload as { id: string }).id)), new Set(["c-4"]));
      const refused = await flow.next("refused");
      assert.equal(errorOf(refused).code, "timed-out");
      assert.equal(commandOf(refused).attempts, 3);
      assert.deepEqual(flow.waiting("device"), []);
    });

    it("is sent once with retries 0", async () => {
      const flow = await load({ timeout: 0.1, retries: 0 });
      flow.send("command", { topic: "a", command: { name: "home", id: "c-5" } });
      await flow.next("device");
      assert.equal(commandOf(await flow.next("refused")).attempts, 1);
      assert.deepEqual(flow.waiting("device"), []);
    });

    it("that the device has taken on is not sent again", async () => {
      const flow = await load({ timeout: 1, retries: 2 });
      flow.send("command", { topic: "a", command: { name: "home", id: "c-6" } });
      await flow.next("device");
      flow.send("command", { topic: "a/command/answer", payload: { id: "c-6", code: 202, text: "homing" } });
      const refused = await flow.next("refused");
      assert.match(errorOf(refused).message, /taken on, but not done/);
      assert.equal(commandOf(refused).attempts, 1);
      assert.deepEqual(flow.waiting("device"), []);
    });

    it("is not answered by another twin, nor twice", async () => {
      const flow = await load();
      flow.send("command", { topic: "a", command: { name: "home", id: "c-7" } });
      await flow.next("device");
      flow.send("command", { topic: "b/command/answer", payload: { id: "c-7", code: 200 } });
      flow.send("command", { topic: "a/command/answer", payload: { id: "c-7", code: 200, text: "first" } });
      flow.send("command", { topic: "a/command/answer", payload: { id: "c-7", code: 500, text: "second" } });
      assert.equal(commandOf(await flow.next("done")).text, "first");
      flow.send("command", { topic: "a", command: { name: "home", id: "c-7" } });
      assert.deepEqual(commandOf(await flow.next("done")).text, "first");
      assert.deepEqual(flow.waiting("refused"), []);
    });
  });

  it("is done with a message when its command is written down and sent, and holds no place of a durable ingest", async () => {
    const complete = { id: "complete", type: "complete", scope: ["command"], uncaught: false, wires: [["completed"]] };
    const flow = await runtime.load(
      [...commandTypes, "core/common/24-complete"],
      commandFlow({ timeout: 60 }, [complete, { id: "completed", type: "helper" }]),
    );
    flow.send("command", { topic: "a", command: "home" });
    flow.send("command", { topic: "a", payload: { speed: 80 } });
    for (let k = 0; k < 2; k++) assert.equal((await flow.next("completed")).topic, "a");
    assert.equal(flow.waiting("device").length, 2);
    assert.deepEqual([flow.waiting("done"), flow.waiting("refused")], [[], []]);
    assert.deepEqual(flow.waiting("completed"), [], "once");
  });

  describe("a repeat", () => {
    it("gets the recorded answer, and is not sent", async () => {
      const flow = await load();
      const message = () => ({ topic: "a", command: { name: "home", id: "r-1", args: { b: 1, a: 2 } } });
      flow.send("command", message());
      await flow.next("device");
      flow.send("command", message());
      flow.send("command", { topic: "a/command/answer", payload: { id: "r-1", code: 200, result: "x" } });
      await flow.next("done");
      await flow.next("done");
      flow.send("command", { topic: "a", command: { name: "home", id: "r-1", args: { a: 2, b: 1 } } });
      const again = await flow.next("done");
      assert.deepEqual([again.payload, commandOf(again).repeated], ["x", true]);
      assert.deepEqual(flow.waiting("device"), []);
    });

    it("of another content under its id is refused", async () => {
      const flow = await load();
      flow.send("command", { topic: "a", command: { name: "home", id: "r-2" } });
      await flow.next("device");
      flow.send("command", { topic: "b", command: { name: "home", id: "r-2" } });
      assert.equal(errorOf(await flow.next("refused")).code, "duplicate");
    });

    it("at the same moment is sent once", async () => {
      const flow = await load();
      for (let k = 0; k < 5; k++) flow.send("command", { topic: "a", command: { name: "home", id: "r-3" } });
      await flow.next("device");
      flow.send("command", { topic: "a/command/answer", payload: { id: "r-3", code: 200 } });
      for (let k = 0; k < 5; k++) await flow.next("done");
      assert.deepEqual(flow.waiting("device"), []);
    });
  });

  it("refuses what has expired, also when it is tried again", async () => {
    const flow = await load();
    const old = () => ({ topic: "a", command: { name: "home", id: "e-1", expires: Date.now() - 1 } });
    flow.send("command", old());
    assert.equal(errorOf(await flow.next("refused")).code, "expired");
    flow.send("command", { topic: "a", command: { name: "home", id: "e-1" } });
    assert.equal(errorOf(await flow.next("refused")).code, "expired", "its record says so");
    assert.deepEqual(flow.waiting("device"), []);
  });

  describe("an interlock", () => {
    const interlock = "guard_open == false and speed < 100";

    it("lets a command through only where it is true, and says which values stop it", async () => {
      const flow = await load({ interlock });
      await report(flow, "i", { guard_open: false, speed: 80 });
      flow.send("command", { topic: "i", command: "home" });
      await flow.next("device");
      await report(flow, "i", { guard_open: true });
      flow.send("command", { topic: "i", command: "home" });
      const refused = await flow.next("refused");
      assert.equal(errorOf(refused).code, "interlocked");
      assert.match(
        errorOf(refused).message,
        /^i does this only while guard_open == false and speed < 100; guard_open is true, speed is 80\.$/,
      );
      assert.deepEqual(flow.waiting("device"), []);
    });

    for (const [what, prepare, text] of [
      ["no twin", async () => undefined, /guard_open is unknown, speed is unknown \(the twin is not known/],
      ["no value", (flow: LoadedFlow) => report(flow, "u1", { guard_open: false }), /speed is unknown\.$/],
      [
        "a value of bad quality",
        async (flow: LoadedFlow) => {
          await report(flow, "u2", { guard_open: false, speed: 80 });
          await report(flow, "u2", { guard_open: null });
        },
        /guard_open is unknown, speed is 80/,
      ],
      [
        "a twin that is offline",
        async (flow: LoadedFlow) => {
          await report(flow, "u3", { guard_open: false, speed: 80 });
          await report(flow, "u3", {}, { status: "offline" });
        },
        /the twin is offline, so nothing of it is sure/,
      ],
      [
        "text for a number",
        (flow: LoadedFlow) => report(flow, "u4", { guard_open: false, speed: "80" }),
        /which is unknown: /,
      ],
    ] as const) {
      it(`refuses what is not known: ${what}`, async () => {
        const flow = await load({ interlock });
        await prepare(flow);
        const topic = { "no twin": "u0", "no value": "u1", "a value of bad quality": "u2" }[what as string];
        const id = topic ?? (what === "text for a number" ? "u4" : "u3");
        flow.send("command", { topic: id, command: "home" });
        const refused = await flow.next("refused");
        assert.equal(errorOf(refused).code, "interlocked");
        assert.match(errorOf(refused).message, text);
        assert.deepEqual(flow.waiting("device"), []);
      });
    }

    it("is looked at again before a command is sent again", async () => {
      const flow = await load({ interlock, timeout: 0.2, retries: 3 });
      await report(flow, "j", { guard_open: false, speed: 80 });
      flow.send("command", { topic: "j", command: "home" });
      await flow.next("device");
      await report(flow, "j", { guard_open: true });
      const refused = await flow.next("refused");
      assert.equal(errorOf(refused).code, "timed-out");
      assert.match(errorOf(refused).message, /not sent again: .*guard_open is true/);
      assert.equal(flow.waiting("device").length, Number(commandOf(refused).attempts) - 1);
    });

    it("refuses for good: the same message later does not start the machine", async () => {
      const flow = await load({ interlock });
      await report(flow, "k", { guard_open: true, speed: 80 });
      flow.send("command", { topic: "k", command: { name: "home", id: "k-1" } });
      await flow.next("refused");
      await report(flow, "k", { guard_open: false });
      flow.send("command", { topic: "k", command: { name: "home", id: "k-1" } });
      assert.equal(errorOf(await flow.next("refused")).code, "interlocked");
      assert.deepEqual(flow.waiting("device"), []);
    });

    it("that cannot be read is said when the node starts, and nothing is sent", async () => {
      const flow = await load({ interlock: "guard_open ==" });
      flow.send("command", { topic: "k", command: "home" });
      const [error] = flow.errors().filter((one) => one.id === "command");
      assert.match(String(error?.error), /interlock is "guard_open ==": Character/);
      assert.deepEqual(flow.waiting("device"), []);
    });
  });

  describe("who and why", () => {
    const anna = { name: "anna", role: "operator" };

    for (const [what, user] of [
      ["nobody", undefined],
      ["a name without a role", "anna"],
      ["a viewer", { name: "vic", role: "viewer" }],
      ["a role that there is not", { name: "vic", role: "root" }],
      ["a role like __proto__", { name: "vic", role: "__proto__" }],
    ] as const) {
      it(`refuses ${what} where an operator is asked for`, async () => {
        const flow = await load({ role: "operator" });
        flow.send("command", { topic: "a", command: "home", user });
        assert.equal(errorOf(await flow.next("refused")).code, "forbidden");
        flow.send("command", { topic: "a", payload: { speed: 1 }, user });
        assert.equal(errorOf(await flow.next("refused")).code, "forbidden");
        assert.deepEqual(flow.waiting("device"), []);
      });
    }

    it("lets an operator and an admin do it", async () => {
      const flow = await load({ role: "operator" });
      flow.send("command", { topic: "a", command: "home", user: anna });
      await flow.next("device");
      flow.send("command", { topic: "a", command: "home", user: { name: "root", role: "admin" } });
      await flow.next("device");
    });

    it("refuses without a reason where one is asked for", async () => {
      const flow = await load({ requireReason: true });
      flow.send("command", { topic: "a", command: "home", user: anna, reason: "  " });
      assert.equal(errorOf(await flow.next("refused")).code, "no-reason");
      flow.send("command", { topic: "a", command: "home", user: anna, reason: "cleaning" });
      await flow.next("device");
    });

    it("writes down what was refused, apart, and uses up no id with it", async () => {
      const nodes = commandFlow({ role: "operator", requireReason: true });
      const flow = await runtime.load(commandTypes, nodes);
      flow.send("command", { topic: "w", command: { name: "home", id: "w-1" }, user: "mallory" });
      await flow.next("refused");
      flow.send("command", { topic: "w", command: { name: "home", id: "w-1" }, user: anna, reason: "real" });
      await flow.next("device");
      await runtime.unload();
      await afterwards(path.join(runtime.home(), storeOf(nodes)), async ({ commands }) => {
        const [refusal] = (await commands.list({ refusals: true, twin: "w" })).commands;
        assert.deepEqual([refusal?.user, refusal?.error, refusal?.name], ["mallory", "forbidden", "home"]);
        const [record] = (await commands.list({ twin: "w" })).commands;
        assert.deepEqual([record?.user, record?.role, record?.reason], ["anna", "operator", "real"]);
      });
    });
  });

  describe("desired values", () => {
    const model = {
      id: "model",
      type: "twin-model",
      model: "press",
      properties: [
        { name: "speed", type: "number", min: 0, max: 120, writable: true, tolerance: 0.5 },
        { name: "force", type: "number" },
        { name: "guard_open", type: "boolean" },
      ],
    };
    const withModel = (settings: Record<string, unknown> = {}): Promise<LoadedFlow> =>
      runtime.load(commandTypes, commandFlow({ model: "model", ...settings }, [model]));

    it("go to the device, and are acknowledged when it reports them", async () => {
      const flow = await withModel();
      await report(flow, "d1", { speed: 50 });
      flow.send("command", { topic: "d1", payload: { speed: 80 }, user: "anna", reason: "trial" });
      const sent = await flow.next("device");
      assert.deepEqual([sent.topic, sent.payload], ["d1/desired", { speed: 80 }]);
      assert.deepEqual(flow.waiting("done"), []);
      await report(flow, "d1", { speed: 80.2 });
      const done = await flow.next("done");
      const document = done.payload as TwinDocument;
      assert.deepEqual(
        [document.ack?.code, document.desiredBy?.user, document.desiredBy?.reason],
        [200, "anna", "trial"],
      );
      assert.equal(commandOf(done).state, "acknowledged");
    });

    it("that are met already are acknowledged at once", async () => {
      const flow = await withModel();
      await report(flow, "d2", { speed: 80 });
      flow.send("command", { topic: "d2", payload: { speed: 80 } });
      assert.equal(commandOf(await flow.next("done")).code, 200);
      assert.deepEqual(flow.waiting("device"), []);
    });

    it("that the device refuses leave with its code and text", async () => {
      const flow = await withModel();
      flow.send("command", { topic: "d3", payload: { speed: 80 } });
      const sent = await flow.next("device");
      const version = Number(String(sent.correlationData));
      flow.send("command", { topic: "d3/desired/answer", payload: { version, code: 423, text: "guard open" } });
      const refused = await flow.next("refused");
      assert.equal(errorOf(refused).message, "d3 refused what is desired: guard open (423).");
      flow.send("get", { topic: "d3" });
      assert.equal(((await flow.next("reported")).payload as TwinDocument).ack?.text, "guard open");
    });

    it("that are not met in time leave by output 2, and stay desired", async () => {
      const flow = await withModel({ timeout: 0.3 });
      flow.send("command", { topic: "d4", payload: { speed: 80 } });
      assert.equal(errorOf(await flow.next("refused")).code, "timed-out");
      await report(flow, "d4", { speed: 80 });
      flow.send("get", { topic: "d4" });
      const document = (await flow.next("reported")).payload as TwinDocument;
      assert.deepEqual([document.desired, document.ack?.code], [{ speed: 80 }, 200]);
    });

    it("of two commands do not end each other where they differ in properties, and do where not", async () => {
      const flow = await runtime.load(commandTypes, commandFlow());
      flow.send("command", { topic: "d5", payload: { speed: 80 }, clientToken: "first" });
      flow.send("command", { topic: "d5", payload: { heat: 40 }, clientToken: "second" });
      flow.send("command", { topic: "d5", payload: { speed: 90 }, clientToken: "third", user: "ben" });
      const refused = await flow.next("refused");
      assert.deepEqual([refused.clientToken, errorOf(refused).code], ["first", "cancelled"]);
      assert.match(errorOf(refused).message, /speed was desired otherwise by ben/);
      await report(flow, "d5", { heat: 40 });
      assert.equal((await flow.next("done")).clientToken, "second");
      await report(flow, "d5", { speed: 90 });
      assert.equal((await flow.next("done")).clientToken, "third");
    });

    for (const [what, payload, code] of [
      ["out of range", { speed: 500 }, "out-of-range"],
      ["not writable", { force: 1 }, "read-only"],
      ["not known", { colour: "red" }, "unknown-property"],
      ["no object", 80, "bad-payload"],
      ["empty", {}, "bad-payload"],
    ] as const) {
      it(`are refused when ${what}, and change nothing`, async () => {
        const flow = await withModel();
        flow.send("command", { topic: "d6", payload });
        assert.equal(errorOf(await flow.next("refused")).code, code);
        assert.deepEqual(flow.waiting("device"), []);
      });
    }

    it("are refused when ifRev does not match", async () => {
      const flow = await withModel();
      await report(flow, "d7", { speed: 1 });
      flow.send("command", { topic: "d7", payload: { speed: 80 }, ifRev: 9 });
      const refused = await flow.next("refused");
      assert.deepEqual([errorOf(refused).code, errorOf(refused).rev], ["version-conflict", 1]);
    });

    it("and the interlock are of the model's present version, before any report has migrated the twin", async () => {
      const nodes = commandFlow({ model: "model", interlock: "speed < 100" }, [model]);
      const first = await runtime.load(commandTypes, nodes);
      await report(first, "d9", { speed: 50 });
      const tenfold = { ...model, version: 2, migrations: [{ to: 2, scale: { speed: { gain: 10 } } }] };
      const later = { ...tenfold, properties: [{ ...model.properties[0], max: 1200 }, ...model.properties.slice(1)] };
      const flow = await runtime.load(
        commandTypes,
        nodes.map((node) => (node.id === "model" ? later : node)).filter(({ id }) => id !== "report" && id !== "get"),
      );
      flow.send("command", { topic: "d9", command: "home" });
      const refused = await flow.next("refused");
      assert.match(errorOf(refused).message, /speed is 500/);
    });

    it("are not sent while the interlock is false", async () => {
      const flow = await withModel({ interlock: "not guard_open" });
      await report(flow, "d8", { guard_open: true, speed: 1 });
      flow.send("command", { topic: "d8", payload: { speed: 80 } });
      assert.equal(errorOf(await flow.next("refused")).code, "interlocked");
      flow.send("get", { topic: "d8" });
      assert.deepEqual(((await flow.next("reported")).payload as TwinDocument).desired, {});
    });
  });

  describe("bad input", () => {
    for (const [what, fields, code] of [
      ["an id with a wildcard", { topic: "a/+", command: "home" }, "bad-id"],
      ["an id with a newline", { topic: "a\nb", command: "home" }, "bad-id"],
      ["__proto__ for an id", { topic: "__proto__", command: "home" }, "bad-id"],
      ["no topic", { command: "home" }, "bad-id"],
      ["a name with a newline", { topic: "a", command: "ho\nme" }, "bad-request"],
      ["a name that is a number", { topic: "a", command: 7 }, "bad-request"],
      ["a key with a slash", { topic: "a", command: { name: "home", id: "a/b" } }, "bad-request"],
      ["an unknown field", { topic: "a", command: { name: "home", force: true } }, "bad-request"],
      ["an expiry that is no time", { topic: "a", command: { name: "home", expires: "soon" } }, "bad-request"],
      ["arguments that are too large", { topic: "a", command: "home", payload: "x".repeat(70_000) }, "too-large"],
      ["__proto__ desired", { topic: "a", payload: JSON.parse('{"__proto__": 1}') }, "bad-name"],
    ] as const) {
      it(`refuses ${what}`, async () => {
        const flow = await load();
        flow.send("command", fields);
        assert.equal(errorOf(await flow.next("refused")).code, code);
        assert.deepEqual(flow.waiting("device"), []);
      });
    }

    it("keeps at most 1,000 commands open, and says so", async () => {
      const flow = await load({ timeout: 60 });
      for (let k = 0; k < 1010; k++)
        flow.send("command", { topic: "full", command: { name: "home", id: `full-${k}` } });
      const refused = await flow.next("refused");
      assert.equal(errorOf(refused).code, "busy");
      assert.ok(flow.waiting("device").length <= 1000);
    });

    for (const [settings, text] of [
      [{ topic: "plant/+" }, /topic is/],
      [{ topic: "/plant" }, /empty levels/],
      [{ timeout: 0 }, /timeout is 0/],
      [{ retries: 1.5 }, /retries is 1.5/],
      [{ role: "root" }, /role is "root"/],
    ] as const) {
      it(`says that the setting ${Object.keys(settings)[0]} is wrong: ${Object.values(settings)[0]}`, async () => {
        const flow = await load(settings);
        const texts = flow.errors().map(({ error }) => String(error));
        assert.ok(
          texts.some((one) => text.test(one)),
          texts.join("; "),
        );
      });
    }
  });
});
