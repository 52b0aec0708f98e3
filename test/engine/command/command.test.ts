import { strict as assert } from "node:assert";
import { type CommandRecord, isSameCommand, lastMoment, nextStep } from "../../../engine/command/command-record";
import { deviceTopics, topicProblem } from "../../../engine/command/device-topics";
import { readAnswer } from "../../../engine/command/read-answer";
import { readCommand } from "../../../engine/command/read-command";
import { wishOutcome } from "../../../engine/command/wish-outcome";
import { emptyDocument } from "../../../engine/twin/empty-document";

const record: CommandRecord = {
  id: "c-1",
  twin: "press-6",
  kind: "action",
  name: "home",
  args: null,
  node: "n",
  at: 1000,
  expires: 31_000,
  state: "open",
  attempts: 1,
  sentAt: 1000,
};
const timing = { timeoutMs: 10_000, retries: 2 };

describe("a command's next step", () => {
  for (const [what, change, now, expected] of [
    ["waits for the answer", {}, 10_999, { do: "wait", until: 11_000 }],
    ["is sent again", {}, 11_000, { do: "send" }],
    ["is sent as often as allowed", { attempts: 3, sentAt: 12_000 }, 22_000, { do: "give up" }],
    ["never waits beyond its expiry", { attempts: 2, sentAt: 25_000 }, 26_000, { do: "wait", until: 31_000 }],
    ["is not sent when it has expired", {}, 31_000, { do: "give up" }],
    ["waits to its expiry where the device has taken it on", { taken: true }, 20_000, { do: "wait", until: 31_000 }],
  ] as const)
    it(what, () => assert.deepEqual(nextStep({ ...record, ...change }, now, timing), expected));

  it("ends when this side has given up", () => {
    assert.equal(lastMoment("action", 1000, timing), 31_000);
    assert.equal(lastMoment("desired", 1000, timing), 11_000);
  });

  it("is the same command whatever the order of its arguments, and another with others", () => {
    const one = { ...record, args: { a: 1, b: { c: [1, 2], d: 2 } } };
    assert.ok(isSameCommand(one, { ...record, args: { b: { d: 2, c: [1, 2] }, a: 1 } }));
    assert.ok(!isSameCommand(one, { ...record, args: { a: 1, b: { c: [2, 1], d: 2 } } }));
    assert.ok(!isSameCommand(one, { ...one, twin: "press-7" }));
    assert.ok(!isSameCommand(one, { ...one, name: "stop" }));
  });
});

describe("deviceTopics", () => {
  for (const [base, command, filters] of [
    ["", "press-6/command", ["+/command/answer", "+/desired/answer"]],
    ["plant/a", "plant/a/press-6/command", ["plant/a/+/command/answer", "plant/a/+/desired/answer"]],
    ["p/{id}/x", "p/press-6/x/command", ["p/+/x/command/answer", "p/+/x/desired/answer"]],
  ] as const)
    it(`below "${base}"`, () => {
      const topics = deviceTopics(base);
      assert.equal(topics.command("press-6"), command);
      assert.deepEqual(topics.filters, filters);
      assert.deepEqual(topics.read(topics.answerTo(command)), { twin: "press-6", of: "command" });
      assert.deepEqual(topics.read(`${topics.desired("press-6")}/answer`), { twin: "press-6", of: "desired" });
      assert.equal(topics.read(command), undefined);
    });

  it("knows no other answer", () => {
    const topics = deviceTopics("plant/a");
    for (const topic of ["plant/b/x/command/answer", "plant/a/x/y/command/answer", "plant/a/x/command/answer/z"])
      assert.equal(topics.read(topic), undefined, topic);
    assert.equal(topics.read("plant/a/__proto__/command/answer"), undefined);
  });

  for (const base of ["a/+", "#", "/a", "a/", "a//b", "$SYS", "{id}/{id}", "a{id}", "x".repeat(201), "a\u0000"])
    it(`does not go below ${JSON.stringify(base.slice(0, 20))}`, () => assert.ok(topicProblem(base)));
});

describe("readAnswer", () => {
  for (const [what, payload, correlation, expected] of [
    ["JSON", '{"id":"c","code":200,"text":"ok","result":7}', undefined, { id: "c", code: 200, text: "ok", result: 7 }],
    ["an object", { id: "c", code: 423 }, undefined, { id: "c", code: 423, text: "" }],
    ["the correlation for the id", '{"code":200}', "c", { id: "c", code: 200, text: "" }],
    ["any payload with a correlation", "done", "c", { id: "c", code: 200, text: "", result: "done" }],
    ["a version", '{"version":7,"code":409}', undefined, { version: 7, code: 409, text: "" }],
    ["a version by correlation", '{"code":409}', "7", { id: "7", version: 7, code: 409, text: "" }],
    ["no code", '{"id":"c"}', undefined, undefined],
    ["a code that is none", '{"id":"c","code":9999}', "c", undefined],
    ["text", "hello", undefined, undefined],
    ["nothing", "", undefined, undefined],
  ] as const)
    it(`reads ${what}`, () => assert.deepEqual(readAnswer(payload, correlation), expected));

  it("is bounded", () => {
    assert.equal(readAnswer({ id: "c", code: 200, text: "x".repeat(5000) })?.text.length, 500);
    assert.equal(readAnswer({ id: "c", code: 200, result: "x".repeat(70_000) })?.result, undefined);
    assert.equal(readAnswer(`{"code":200,"result":"${"x".repeat(70_000)}"}`), undefined);
  });
});

describe("readCommand", () => {
  it("takes a name with the payload for its arguments, or all in one object", () => {
    assert.deepEqual(readCommand("home", { axis: 1 }), { kind: "action", name: "home", args: { axis: 1 } });
    assert.deepEqual(readCommand({ name: "home", id: "c", args: 1, expires: "2026-01-01T00:00:00Z" }, "ignored"), {
      kind: "action",
      name: "home",
      args: 1,
      id: "c",
      expires: 1_767_225_600_000,
    });
    assert.deepEqual(readCommand({ id: "c" }, { speed: 1 }), {
      kind: "desired",
      name: "",
      args: { speed: 1 },
      id: "c",
    });
  });

  it("reads an expiry without a zone as UTC, wherever the computer stands", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Asia/Shanghai";
    try {
      const read = readCommand({ name: "home", expires: "2026-01-01T00:00:00" }, null);
      assert.equal("error" in read ? undefined : read.expires, 1_767_225_600_000);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("refuses arguments that cannot be written down", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const args of [circle, 10n]) assert.ok("error" in readCommand("home", args));
  });
});

describe("wishOutcome", () => {
  const wish: CommandRecord = { ...record, kind: "desired", name: "", args: { speed: 80, old: null } };
  const base = { ...emptyDocument("press-6", 1), desired: { speed: 80, other: 1 } };
  const ack = (code: number) => ({ version: 1, code, text: "words" });
  const loop = { retryMs: 1, retryMaxMs: 1, timeoutMs: 0 };
  for (const [what, document, now, expected] of [
    [
      "waits while its own value is open",
      { ...base, delta: { speed: 80 }, ack: ack(202), loop: { ...loop, since: 1 } },
      2000,
      undefined,
    ],
    [
      "is met while another is open",
      { ...base, delta: { other: 1 }, ack: ack(202), loop: { ...loop, since: 1 } },
      2000,
      "acknowledged",
    ],
    ["is late", { ...base, delta: { speed: 80 }, ack: ack(202), loop: { ...loop, since: 1 } }, 31_000, "timed-out"],
    ["is refused by the device", { ...base, delta: { speed: 80 }, ack: ack(423), loop }, 2000, "refused"],
    ["is replaced by another", { ...base, desired: { speed: 90 }, ack: ack(202) }, 2000, "refused"],
    ["gives way to the device", { ...base, desired: { speed: 70 }, ack: ack(409) }, 2000, "refused"],
    ["ends with its twin", undefined, 2000, "refused"],
  ] as const)
    it(what, () => assert.equal(wishOutcome(wish, document, now)?.state, expected));

  it("does not mistake what every object has for a wish", () => {
    const odd = { ...wish, args: { valueOf: 1 } };
    assert.equal(wishOutcome(odd, { ...base, ack: ack(202) }, 2000)?.error, "cancelled");
  });
});
