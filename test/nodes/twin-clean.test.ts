import { strict as assert } from "node:assert";
import type { CleaningReport } from "../../engine/cleaning/cleaning-report";
import type { RefusalInfo } from "../../engine/contract/errors";
import type { Message } from "../../nodes/lib/node-red";
import { type FlowNode, useRuntime } from "../support/runtime";

const out: FlowNode[] = [
  { id: "out", type: "helper" },
  { id: "dropped", type: "helper" },
];
const clean = (settings: Record<string, unknown>): FlowNode => ({
  id: "clean",
  type: "twin-clean",
  wires: [["out"], ["dropped"]],
  ...settings,
});
const reportOf = (msg: Message): CleaningReport => msg.report as CleaningReport;
const errorOf = (msg: Message): RefusalInfo => msg.error as RefusalInfo;

const textbook = [
  { property: "temperature", missing: "constant", fill: 20 },
  { property: "humidity", convert: "integer" },
];

describe("twin-clean", () => {
  const runtime = useRuntime();
  const load = (settings: Record<string, unknown>, ...more: FlowNode[]) =>
    runtime.load(["twin-clean"], [clean(settings), ...out, ...more]);

  it("cleans a sample, says what it did, and lets every other field through", async () => {
    const flow = await load({ rules: textbook });
    const twin = { id: "room-1", ts: 1000, seq: 7, quality: { pressure: "good" }, rev: 3 };
    flow.send("clean", { topic: "room-1", payload: { humidity: "45.7" }, twin, other: { kept: true } });
    const msg = await flow.next("out");
    assert.deepEqual(msg.payload, { humidity: 46, temperature: 20 });
    assert.deepEqual(msg.twin, {
      ...twin,
      quality: { pressure: "good", temperature: "uncertain" },
      raw: { humidity: "45.7", temperature: null },
    });
    assert.deepEqual(msg.other, { kept: true });
    assert.equal(msg.topic, "room-1");
    const report = reportOf(msg);
    assert.deepEqual(report.rows, { in: 1, out: 1, dropped: 0 });
    assert.equal(report.changed, 2);
    assert.equal(report.properties.temperature?.filled, 1);
    assert.equal(report.properties.humidity?.converted, 1);
    assert.deepEqual(flow.waiting("dropped"), []);
  });

  it("cleans what names no twin, such as a reading under an MQTT topic, and leaves it what it is", async () => {
    const flow = await load({ rules: textbook });
    for (const topic of ["sensor/data", undefined]) {
      flow.send("clean", { topic, payload: { temperature: null, humidity: 45.5 } });
      const msg = await flow.next("out");
      assert.deepEqual(msg.payload, { temperature: 20, humidity: 46 });
      assert.equal(msg.topic, topic);
      assert.ok(!("twin" in msg));
    }
  });

  it("remembers each twin", async () => {
    const flow = await load({ rules: [{ property: "*", missing: "ffill" }] });
    const send = async (topic: string, x: number | null) => {
      flow.send("clean", { topic, payload: { x }, twin: { id: topic, ts: 1 } });
      return ((await flow.next("out")).payload as { x: unknown }).x;
    };
    assert.equal(await send("a", 1), 1);
    assert.equal(await send("b", null), null);
    assert.equal(await send("a", null), 1);
  });

  it("a dropped sample leaves whole by output 2, with the reason and the status for HTTP", async () => {
    const flow = await load({ rules: [{ property: "x", min: 0, max: 10, onRange: "drop" }] });
    const sample = { topic: "a", payload: { x: 11, y: "kept" }, twin: { id: "a", ts: 1 } };
    flow.send("clean", { ...sample, req: {}, res: {} });
    const msg = await flow.next("dropped");
    assert.deepEqual(msg.payload, sample.payload);
    assert.deepEqual(msg.error, {
      code: "out-of-range",
      message: "x is 11, above 10.",
      hint: "Check the sensor, or change the rule's range.",
      property: "x",
    });
    assert.equal(msg.statusCode, 422);
    assert.ok(msg.req && msg.res);
    assert.deepEqual(reportOf(msg).rows, { in: 1, out: 0, dropped: 1 });
    assert.deepEqual(flow.waiting("out"), []);
  });

  it("cleans a batch: the good part goes on, the rest leaves with its place", async () => {
    const flow = await load({
      rules: [
        { property: "x", convert: "number" },
        { property: "x", missing: "linear", by: "time" },
      ],
    });
    const payload = [
      { id: "a", ts: 0, values: { x: 1 }, lot: "L1" },
      { id: "a", ts: 10, values: { x: "hot" } },
      { id: "a", ts: 30, values: { x: null } },
      { id: "a", ts: 40, values: { x: "5" }, seq: 9 },
    ];
    flow.send("clean", { payload, twin: { batch: 4 }, req: {}, res: {} });
    const [good, bad] = [await flow.next("out"), await flow.next("dropped")];
    assert.deepEqual(good.payload, [
      payload[0],
      { id: "a", ts: 30, values: { x: 4 }, raw: { x: null }, quality: { x: "uncertain" } },
      { id: "a", ts: 40, values: { x: 5 }, raw: { x: "5" }, seq: 9 },
    ]);
    assert.deepEqual(good.twin, { batch: 3 });
    assert.ok(good.req && good.res, "only output 1 answers");
    assert.deepEqual(bad.payload, [payload[1]]);
    assert.deepEqual(bad.twin, { batch: 1 });
    assert.equal(errorOf(bad).code, "wrong-type");
    assert.equal(errorOf(bad).index, 1);
    assert.deepEqual(
      (bad.errors as RefusalInfo[]).map((error) => error.index),
      [1],
    );
    assert.ok(!("req" in bad) && !("res" in bad) && !("statusCode" in bad));
    assert.deepEqual(reportOf(good).reasons, { "wrong-type": 1 });
  });

  it("cleans a table", async () => {
    const flow = await load({
      dropDuplicates: true,
      rules: [
        { property: "temperature", missing: "mean" },
        { property: "humidity", missing: "drop" },
      ],
    });
    const payload = [
      { time: "08:00", temperature: 20, humidity: 40, note: "a" },
      { time: "08:00", temperature: 20, humidity: 40, note: "a" },
      { time: "08:10", temperature: "   ", humidity: 41, note: "b" },
      { time: "08:20", temperature: 23, humidity: "", note: "c" },
      { time: "08:30", temperature: 24, humidity: 43, note: "d" },
    ];
    flow.send("clean", { payload, parts: { id: "p" } });
    const [good, bad] = [await flow.next("out"), await flow.next("dropped")];
    assert.deepEqual(good.payload, [payload[0], { ...payload[2], temperature: 67 / 3 }, payload[4]]);
    assert.deepEqual(good.parts, { id: "p" });
    assert.ok(!("twin" in good));
    assert.deepEqual(bad.payload, [payload[1], payload[3]]);
    assert.deepEqual(
      (bad.errors as RefusalInfo[]).map(({ code, index }) => [code, index]),
      [
        ["duplicate", 1],
        ["missing", 3],
      ],
    );
    assert.deepEqual(reportOf(good).rows, { in: 5, out: 3, dropped: 2 });
    assert.deepEqual(reportOf(good).reasons, { duplicate: 1, missing: 1 });
  });

  it("a table of which nothing is left answers by output 2 only", async () => {
    const flow = await load({ rules: [{ property: "x", missing: "drop" }] });
    flow.send("clean", { payload: [{ x: null }, { x: "" }], req: {}, res: {} });
    const msg = await flow.next("dropped");
    assert.equal(msg.statusCode, 422);
    assert.ok(msg.res);
    assert.deepEqual(flow.waiting("out"), []);
    flow.send("clean", { payload: [] });
    assert.deepEqual((await flow.next("out")).payload, []);
  });

  it("without rules everything goes through as it is", async () => {
    const flow = await load({});
    const payload = [{ a: 1, b: "x" }];
    flow.send("clean", { payload });
    const msg = await flow.next("out");
    assert.deepEqual(msg.payload, payload);
    assert.deepEqual(reportOf(msg), { rows: { in: 1, out: 1, dropped: 0 }, reasons: {}, changed: 0, properties: {} });
  });

  const refused: [string, Message, string][] = [
    ["text", { payload: "25" }, "bad-payload"],
    ["nothing", {}, "bad-payload"],
    ["a twin with a bad id", { payload: { x: 1 }, twin: { id: "a#b" } }, "bad-id"],
    ["a bad time", { payload: { x: 1 }, twin: { id: "a", ts: "now" } }, "bad-time"],
    ["a batch without values", { payload: [{ id: "a" }], twin: { batch: 1 } }, "bad-payload"],
    ["a table without times, for a rule by time", { payload: [{ x: 1 }] }, "bad-time"],
  ];
  for (const [name, msg, code] of refused)
    it(`refuses ${name} (${code}), and the flow goes on`, async () => {
      const flow = await load({ rules: [{ property: "x", missing: "ffill", maxGap: "5m" }] });
      flow.send("clean", msg);
      const answer = await flow.next("dropped");
      assert.equal(errorOf(answer).code, code);
      assert.deepEqual(answer.payload, msg.payload);
      flow.send("clean", { topic: "a", payload: { x: 1 } });
      assert.deepEqual((await flow.next("out")).payload, { x: 1 });
    });

  it("a __proto__ in the payload harms nothing", async () => {
    const flow = await load({ rules: [{ property: "*", missing: "constant", fill: 1 }] });
    flow.send("clean", { topic: "a", payload: JSON.parse('{"__proto__": {"polluted": 1}, "x": null}') });
    assert.equal(((await flow.next("out")).payload as { x: number }).x, 1);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  const bad: [string, Record<string, unknown>, RegExp, string][] = [
    [
      "a wrong strategy",
      { rules: [{ property: "x", missing: "ffil" }] },
      /^rules\[0\]\.missing is "ffil": use keep/,
      "bad-setting",
    ],
    ["rules that are no list", { rules: 5 }, /^rules is 5: use a list\.$/, "bad-setting"],
    [
      "units of two dimensions",
      { rules: [{ property: "x", fromUnit: "bar", toUnit: "m" }] },
      /^rules\[0\] converts "bar" to "m", but "bar" measures pressure, "m" length: use units of one dimension/,
      "bad-setting",
    ],
    ["a grid of rows", { resample: 5 }, /^resample is 5: use a time such as 10s/, "bad-setting"],
    [
      "a model that is not there",
      { model: "gone" },
      /^model refers to the node gone, which is not there/,
      "bad-setting",
    ],
  ];
  for (const [name, settings, message, code] of bad)
    it(`${name}: says so, stays loaded, and fails each message once`, async () => {
      const flow = await load(settings);
      const [error] = flow.errors();
      assert.match(String(error?.error.message ?? error?.error), message);
      assert.deepEqual(flow.statuses("clean").at(-1)?.fill, "red");
      const before = flow.errors().length;
      flow.send("clean", { payload: [{ x: 1 }] });
      while (flow.errors().length === before) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(flow.errors().at(-1)?.error.code, code);
    });

  it("warns of a rule for a property that the model does not have", async () => {
    const model = { id: "model", type: "twin-model", model: "press", properties: [{ name: "speed" }] };
    const flow = await load({ model: "model", rules: [{ property: "sped", min: 0 }, { property: "speed" }] }, model);
    const warn = (flow.node("clean") as unknown as { warn: { args: string[][] } }).warn;
    assert.equal(warn.args.length, 1);
  });

  it("takes the unit of the model for a rule that names only the one of the device", async () => {
    const properties = [{ name: "pressure", unit: "kPa" }, { name: "note" }];
    const model = { id: "model", type: "twin-model", model: "press", properties };
    const flow = await load({ model: "model", rules: [{ property: "pressure", fromUnit: "bar", max: 500 }] }, model);
    flow.send("clean", { topic: "press-6", payload: { pressure: 2.5 } });
    const msg = await flow.next("out");
    assert.deepEqual(msg.payload, { pressure: 250 });
    assert.equal((msg.twin as { raw?: { pressure: number } }).raw?.pressure, 2.5);
  });

  for (const [property, message] of [
    ["note", /^rules\[0\]\.toUnit is missing: name the unit that note shall have/],
    ["length", /^rules\[0\] converts "bar" to "mm", but "bar" measures pressure, "mm" length/],
  ] as const)
    it(`refuses to start where the model's unit of ${property} does not fit`, async () => {
      const properties = [{ name: "length", unit: "mm" }, { name: "note" }];
      const model = { id: "model", type: "twin-model", model: "press", properties };
      const flow = await load({ model: "model", rules: [{ property, fromUnit: "bar" }] }, model);
      const [error] = flow.errors();
      assert.match(String(error?.error.message ?? error?.error), message);
      assert.equal(flow.statuses("clean").at(-1)?.fill, "red");
    });

  it("tells the labels of a category with every sample, the same for all twins", async () => {
    const flow = await load({ rules: [{ property: "grade", convert: "category" }] });
    for (const [id, grade] of [
      ["a", "L"],
      ["b", "H"],
      ["a", "H"],
    ]) {
      flow.send("clean", { topic: id, payload: { grade } });
      const msg = await flow.next("out");
      const { grade: labels } = reportOf(msg).categories!;
      assert.equal(labels![(msg.payload as { grade: number }).grade], grade);
    }
  });

  it("the badge sums up", async () => {
    const flow = await load({ rules: [{ property: "x", missing: "drop" }] });
    flow.send("clean", { payload: [{ x: 1 }, { x: null }] });
    await flow.next("out");
    while (flow.statuses("clean").length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(flow.statuses("clean").at(-1)?.shape, "ring");
  });
});
