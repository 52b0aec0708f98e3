import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fc from "fast-check";
import type { Sample, Values } from "../../../engine/contract/messages";
import { createPayloadReader, type Reading } from "../../../engine/ingest/read-payload";
import { commandMetrics } from "../../../engine/sparkplug/command";
import { dataTypes, type SparkplugPayload, scalarOf } from "../../../engine/sparkplug/payload";
import { createSparkplugReader } from "../../../engine/sparkplug/reader";
import { createSequence } from "../../../engine/sparkplug/sequence";
import { commandTopic, idOfTopic, isOfHost, readTopic } from "../../../engine/sparkplug/topic";
import { decodeSparkplug } from "../../../nodes/twin-ingest/decode-sparkplug";

// The reference encoder: Eclipse Tahu's JavaScript, sparkplug-payload 1.0.3.
const { encodePayload } = createRequire(__filename)("sparkplug-payload").get("spBv1.0") as {
  encodePayload(payload: object): Uint8Array;
};
const t0 = 1_790_000_000_000;

interface MetricGiven {
  name?: string;
  alias?: number;
  type: string;
  value: unknown;
  timestamp?: number;
  [more: string]: unknown;
}

function follow(reorderMs = 2000) {
  const asked: string[] = [];
  let now = t0;
  const reader = createSparkplugReader({
    idOf: idOfTopic,
    readRows: createPayloadReader({
      id: { from: "topic", level: 0 },
      ts: { from: "arrival" },
      seq: { from: "nothing" },
      values: { from: "payload", path: [] },
    }),
    askRebirth: (topic) => asked.push(commandTopic(topic)),
    reorderMs,
  });
  return {
    asked,
    reader,
    at: (ms: number) => {
      now = t0 + ms;
      reader.tick(now);
    },
    bytes: (topic: string, bytes: Uint8Array) =>
      reader.read(topic, () => decodeSparkplug(Buffer.from(bytes)), { topic, now }),
    send(kind: string, seq: number | undefined, metrics: MetricGiven[], device?: string, group = "plant"): Reading {
      const topic = `spBv1.0/${group}/${kind}/line1${device === undefined ? "" : `/${device}`}`;
      const bytes = encodePayload({ timestamp: now, metrics, ...(seq === undefined ? {} : { seq }) });
      const reading = this.bytes(topic, bytes);
      assert.ok(reading);
      return reading;
    },
  };
}

const bdSeq = (value: number): MetricGiven => ({ name: "bdSeq", type: "UInt64", value });
const speed: MetricGiven = { name: "Drive/Speed", alias: 7, type: "Double", value: 12.5 };

function samples(reading: Reading): Sample[] {
  if (reading.kind === "refused") assert.fail(reading.error.message);
  return reading.kind === "sample" ? [reading.sample] : reading.samples;
}
const values = (reading: Reading): Values[] => samples(reading).map((sample) => sample.values);
function errorOf(reading: Reading) {
  if (reading.kind === "refused") return reading.error;
  assert.ok(reading.kind === "batch" && reading.errors[0]);
  return reading.errors[0];
}

describe("Sparkplug topics", () => {
  it("are read as the specification has them (3.0.0, 4.1)", () => {
    assert.deepEqual(readTopic("spBv1.0/G/NBIRTH/E"), { kind: "NBIRTH", group: "G", node: "E" });
    assert.deepEqual(readTopic("spBv1.0/G/DDATA/E/D"), { kind: "DDATA", group: "G", node: "E", device: "D" });
    for (const none of [
      "spBv1.0/G/NBIRTH",
      "spBv1.0/G/DDATA/E",
      "spBv1.0/G/NDATA/E/D",
      "spAv1.0/G/NDATA/E",
      "a/b",
      "spBv1.0/G/DDATA/E/D/x",
    ])
      assert.equal(readTopic(none), undefined, none);
    assert.deepEqual(["spBv1.0/G/NCMD/E", "spBv1.0/STATE/host", "STATE/host", "spBv1.0/G/DDATA/E/D"].map(isOfHost), [
      true,
      true,
      true,
      false,
    ]);
    assert.equal(idOfTopic({ group: "Plant 1", node: "温", device: "D#1" }), "Plant_1:_:D_1");
  });
});

describe("Sparkplug values", () => {
  it("are what their type says, at its limits (3.0.0, 6.4.16)", () => {
    const { Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float, Boolean: Truth, DateTime } = dataTypes;
    for (const [raw, type, value] of [
      [0xffffffff, Int8, -1],
      [0xff, Int8, -1],
      [0x80, Int8, -128],
      [0xffff8000, Int16, -32768],
      [0x80000000, Int32, -2147483648],
      [0xffffffffffffffffn, Int64, -1],
      [255, UInt8, 255],
      [65535, UInt16, 65535],
      [4294967295n, UInt32, 4294967295],
      [4294967295, UInt32, 4294967295],
      [2n ** 53n - 1n, UInt64, 2 ** 53 - 1],
      [2n ** 53n, UInt64, undefined],
      [Number.NaN, Float, null],
      [Number.POSITIVE_INFINITY, Float, null],
      ["1", Float, undefined],
      [1, Truth, undefined],
      [1_790_000_000_000n, DateTime, 1_790_000_000_000],
      ["x", 99, undefined],
    ] as const)
      assert.equal(scalarOf(raw, type), value, `${raw} as ${type}`);
  });

  it("come back from the reference encoder's bytes", () => {
    const edge = follow();
    const given: Record<string, [string, unknown, unknown?]> = {
      a: ["Int8", -5],
      b: ["Int32", -70_000],
      c: ["UInt32", 4_000_000_000],
      d: ["Int64", -9_000_000_000],
      e: ["Float", 0.5],
      f: ["Double", Math.PI],
      g: ["Boolean", false],
      h: ["String", "温度"],
      i: ["DateTime", t0],
      j: ["UUID", "0f8fad5b-d9cb-469f-a165-70867728950e"],
      k: ["Double", null, null],
    };
    const metrics = Object.entries(given).map(([name, [type, value]]) => ({ name, type, value }));
    const [row] = values(edge.send("NBIRTH", 0, [bdSeq(1), ...metrics]));
    for (const [name, [, value]] of Object.entries(given)) assert.equal(row?.[name], value, name);
    assert.ok(row && !("bdSeq" in row));
  });
});

describe("an edge node's life", () => {
  it("is birth, data by alias, and death", () => {
    const edge = follow();
    assert.deepEqual(
      samples(edge.send("NBIRTH", 0, [bdSeq(3), { name: "Node Control/Rebirth", type: "Boolean", value: false }])),
      [{ id: "plant:line1", ts: t0, values: {}, status: "online" }],
    );
    assert.deepEqual(samples(edge.send("DBIRTH", 1, [speed], "press")), [
      { id: "plant:line1:press", ts: t0, values: { "Drive/Speed": 12.5 }, status: "online" },
    ]);
    assert.deepEqual(values(edge.send("DDATA", 2, [{ alias: 7, type: "Double", value: 13 }], "press")), [
      { "Drive/Speed": 13 },
    ]);
    // A host that keeps to the letter leaves the data type out: the birth has it.
    const bare = Buffer.from([0x12, 0x0b, 0x10, 0x07, 0x69, 0, 0, 0, 0, 0, 0, 0x2c, 0x40, 0x18, 0x03]);
    assert.deepEqual(values(edge.bytes("spBv1.0/plant/DDATA/line1/press", bare) as Reading), [{ "Drive/Speed": 14 }]);
    assert.deepEqual(
      samples(edge.send("NDEATH", undefined, [bdSeq(3)])).map(({ id, status }) => [id, status]),
      [
        ["plant:line1", "offline"],
        ["plant:line1:press", "offline"],
      ],
    );
    assert.deepEqual(edge.asked, []);
    const late = errorOf(edge.send("DDATA", 4, [{ alias: 7, type: "Double", value: 1 }], "press"));
    assert.equal(late.code, "no-birth");
    assert.equal(errorOf(edge.send("NDATA", 5, [])).code, "no-birth");
    assert.deepEqual(edge.asked, ["spBv1.0/plant/NCMD/line1"]);
  });

  it("ends for a device alone with DDEATH", () => {
    const edge = follow();
    edge.send("NBIRTH", 0, [bdSeq(0)]);
    edge.send("DBIRTH", 1, [speed], "press");
    assert.deepEqual(samples(edge.send("DDEATH", 2, [], "press")), [
      { id: "plant:line1:press", ts: t0, values: {}, status: "offline" },
    ]);
    assert.equal(errorOf(edge.send("DDATA", 3, [{ alias: 7, type: "Double", value: 1 }], "press")).code, "no-birth");
    assert.deepEqual(values(edge.send("NDATA", 4, [])), []);
  });

  it("is not ended by the last will of an earlier connection", () => {
    const edge = follow();
    edge.send("NBIRTH", 0, [bdSeq(4), speed]);
    assert.equal(errorOf(edge.send("NDEATH", undefined, [bdSeq(3)])).code, "out-of-order");
    assert.deepEqual(values(edge.send("NDATA", 1, [{ alias: 7, type: "Double", value: 1 }])), [{ "Drive/Speed": 1 }]);
    assert.equal(samples(edge.send("NDEATH", undefined, [bdSeq(4)]))[0]?.status, "offline");
  });

  it("is asked for once, later and later, until a birth comes", () => {
    const edge = follow();
    for (let s = 0; s < 100; s++) {
      edge.at(s * 1000);
      edge.send("NDATA", s % 256, [{ alias: 7, type: "Double", value: 1 }]);
    }
    assert.equal(edge.asked.length, 4); // at 0, 10, 30 and 70 s
    edge.send("NBIRTH", 0, [bdSeq(0), speed]);
    assert.deepEqual(values(edge.send("NDATA", 1, [{ alias: 7, type: "Double", value: 1 }])), [{ "Drive/Speed": 1 }]);
  });

  it("waits for a seq that is late, and asks for a rebirth when it does not come", () => {
    const edge = follow(2000);
    edge.send("NBIRTH", 0, [bdSeq(0), speed]);
    const data = (seq: number): Reading => edge.send("NDATA", seq, [{ alias: 7, type: "Double", value: seq }]);
    data(1);
    data(3);
    edge.at(1900);
    data(2);
    edge.at(5000);
    assert.deepEqual(edge.asked, []);
    data(5);
    edge.at(6900);
    assert.deepEqual(edge.asked, []);
    edge.at(7000);
    assert.deepEqual(edge.asked, ["spBv1.0/plant/NCMD/line1"]);
    edge.at(100_000);
    assert.equal(edge.asked.length, 1);
  });

  it("counts seq round at 256, whatever comes late or twice (fast-check)", () => {
    fc.assert(
      fc.property(fc.nat(600), fc.array(fc.nat(20), { maxLength: 600 }), (length, delays) => {
        const sequence = createSequence();
        sequence.begin(0);
        const order = Array.from({ length }, (_, k) => ({ seq: (k + 1) % 256, at: k + (delays[k] ?? 0) }));
        for (const { seq } of order.sort((a, b) => a.at - b.at)) sequence.took(seq, 1);
        assert.equal(sequence.gapSince(), undefined);
      }),
    );
  });
});

describe("Sparkplug metrics", () => {
  it("have their own time, history, transience and quality", () => {
    const edge = follow();
    edge.send("NBIRTH", 0, [bdSeq(0), speed, { name: "Mode", alias: 8, type: "String", value: "run" }]);
    const quality = (value: number) => ({ properties: { Quality: { type: "Int32", value } } });
    const reading = edge.send("NDATA", 1, [
      { alias: 7, type: "Double", value: 3, timestamp: t0 + 30 },
      { alias: 8, type: "String", value: "stop", timestamp: t0 + 30, ...quality(500) },
      { alias: 7, type: "Double", value: 1, timestamp: t0 + 10, isHistorical: true },
      { alias: 7, type: "Double", value: 2, timestamp: t0 + 20, isTransient: true, ...quality(0) },
      { alias: 8, type: "String", value: null, timestamp: t0 + 40, ...quality(192) },
    ]);
    const id = "plant:line1";
    assert.deepEqual(samples(reading), [
      { id, ts: t0 + 10, values: { "Drive/Speed": 1 }, historical: true },
      { id, ts: t0 + 20, values: { "Drive/Speed": 2 }, quality: { "Drive/Speed": "bad" }, transient: true },
      { id, ts: t0 + 30, values: { "Drive/Speed": 3, Mode: "stop" }, quality: { Mode: "uncertain" } },
      { id, ts: t0 + 40, values: { Mode: null } },
    ]);
  });

  it("that cannot be taken are refused one by one, with the reason", () => {
    const edge = follow();
    edge.send("NBIRTH", 0, [bdSeq(0), speed, { name: "Recipe", alias: 9, type: "Bytes", value: Buffer.from([1]) }]);
    const reading = edge.send("NDATA", 1, [
      { alias: 7, type: "Double", value: 3 },
      { alias: 77, type: "Double", value: 3 },
      { name: "Torque", type: "Double", value: 3 },
      { alias: 9, type: "Bytes", value: Buffer.from([1]) },
      { alias: 7, type: "Double", value: 3, timestamp: 2 ** 60 },
    ]);
    assert.ok(reading.kind === "batch");
    assert.deepEqual(values(reading), [{ "Drive/Speed": 3 }]);
    assert.deepEqual(
      reading.errors.map(({ code, index }) => [code, index]),
      [
        ["unknown-property", 1],
        ["unknown-property", 2],
        ["wrong-type", 3],
        ["bad-time", 4],
      ],
    );
    for (const { message, hint } of reading.errors) assert.ok(message && hint);
    assert.deepEqual(edge.asked, ["spBv1.0/plant/NCMD/line1"]);
  });

  it("are refused as a whole with 10,000 of them, truncated, or as anything else", () => {
    const edge = follow();
    const many = Array.from({ length: 10_000 }, (_, n) => ({ name: `m${n}`, type: "Int32", value: n }));
    assert.equal(errorOf(edge.send("NBIRTH", 0, many)).code, "too-large");
    const bytes = encodePayload({ timestamp: t0, seq: 0, metrics: [speed] });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.nat(bytes.length - 1).map((end) => bytes.slice(0, end)),
        ),
        (broken) => {
          const reading = edge.bytes("spBv1.0/plant/NDATA/line1", broken);
          assert.equal(reading?.kind, "refused");
        },
      ),
    );
    assert.equal(edge.bytes("spBv1.0/plant/NCMD/line1", bytes), undefined);
    assert.equal(edge.bytes("some/topic", bytes)?.kind, "refused");
  });

  it("of two devices whose names come to one id are told apart", () => {
    const edge = follow();
    edge.send("NBIRTH", 0, [bdSeq(0)]);
    edge.send("DBIRTH", 1, [speed], "press 1");
    assert.equal(errorOf(edge.send("DBIRTH", 2, [speed], "press#1")).code, "duplicate");
    edge.send("DDEATH", 3, [], "press 1");
    assert.equal(edge.send("DBIRTH", 4, [speed], "press#1").kind, "sample");
  });
});

describe("What a Sparkplug reader remembers", () => {
  /** A birth of so many metrics; controls, because their values are not read. */
  const birth = (count: number): SparkplugPayload => ({
    metrics: Array.from({ length: count }, (_, i) => ({
      ...{ name: `Node Control/${i}`, datatype: dataTypes.Boolean, value: false },
      ...{ isNull: false, isHistorical: false, isTransient: false, properties: {} },
    })),
  });
  const large = birth(2000);
  const read = ({ reader }: ReturnType<typeof follow>, topic: string, payload: SparkplugPayload): Reading =>
    reader.read(topic, () => payload, { topic, now: t0 })!;

  it("is bounded by metrics, whatever holds them", () => {
    const nodes = follow();
    for (let i = 0; i < 260; i++) samples(read(nodes, `spBv1.0/plant/NBIRTH/n${i}`, large));
    assert.equal(nodes.reader.born("plant:n0"), undefined);
    assert.equal(nodes.reader.born("plant:n259")?.byName.size, 2000);
    assert.ok(!nodes.reader.alive().includes("plant:n0"));
    assert.equal(errorOf(read(nodes, "spBv1.0/plant/NDATA/n0", large)).code, "no-birth");
    nodes.at(0);

    const devices = follow();
    samples(read(devices, "spBv1.0/plant/NBIRTH/line1", birth(0)));
    for (let i = 0; i < 124; i++) samples(read(devices, `spBv1.0/plant/DBIRTH/line1/d${i}`, large));
    assert.equal(errorOf(read(devices, "spBv1.0/plant/DBIRTH/line1/more", large)).code, "too-large");
    samples(read(devices, "spBv1.0/plant/DDEATH/line1/d0", birth(0)));
    samples(read(devices, "spBv1.0/plant/DBIRTH/line1/more", large));
    assert.ok(devices.reader.born("plant:line1:more"));
  });

  it("is told by messages of bounded size", () => {
    assert.equal(errorOf(read(follow(), "spBv1.0/plant/NDATA/line1", birth(100_001))).code, "too-large");
  });
});

describe("a Sparkplug command", () => {
  it("has the types of the birth, and takes only what they hold", () => {
    const edge = follow();
    edge.send("NBIRTH", 0, [
      bdSeq(0),
      speed,
      { name: "Count", type: "UInt8", value: 1 },
      { name: "Shift", type: "Int8", value: 1 },
      { name: "Total", type: "UInt64", value: 1 },
      { name: "On", type: "Boolean", value: true },
      { name: "Mode", type: "Text", value: "run" },
      { name: "Since", type: "DateTime", value: t0 },
      { name: "Recipe", type: "Bytes", value: Buffer.from([1]) },
    ]);
    const born = edge.reader.born("plant:line1") ?? assert.fail();
    const good = {
      "Drive/Speed": 1.5,
      Count: 255,
      Shift: -128,
      Total: 2 ** 53 - 1,
      On: false,
      Mode: "stop",
      Since: t0,
    };
    const { Double, UInt8, Int8, UInt64, Boolean: Truth, Text, DateTime } = dataTypes;
    assert.deepEqual(
      commandMetrics(born, good).map(({ name, datatype, value }) => [name, datatype, value]),
      Object.entries(good).map(([name, value], i) => [
        name,
        [Double, UInt8, Int8, UInt64, Truth, Text, DateTime][i],
        value,
      ]),
    );
    assert.equal(commandMetrics(born, { Count: null })[0]?.value, null);
    for (const bad of [
      { Count: 256 },
      { Count: -1 },
      { Count: 1.5 },
      { Shift: 128 },
      { Shift: -129 },
      { Total: 2 ** 53 },
      { "Drive/Speed": "1" },
      { On: 1 },
      { Mode: 3 },
      { Since: -1 },
      { Recipe: "x" },
    ] as Values[])
      assert.throws(() => commandMetrics(born, bad), /cannot hold/, JSON.stringify(bad));
    assert.throws(() => commandMetrics(born, { Torque: 1 }), /no metric of the birth/);
  });
});
