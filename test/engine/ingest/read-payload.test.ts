import assert from "node:assert/strict";
import fc from "fast-check";
import { errorCodes, Refusal, type RefusalInfo } from "../../../engine/contract/errors";
import { isPropertyName, isTwinId } from "../../../engine/contract/identity";
import type { PropertySpec, TwinModel } from "../../../engine/contract/model";
import { isDeeperThan } from "../../../engine/ingest/is-deeper-than";
import { type OriginKind, readOrigin } from "../../../engine/ingest/origin";
import { parseJson } from "../../../engine/ingest/parse-json";
import type { Arrival, EntryRules } from "../../../engine/ingest/read-entry";
import { createPayloadReader, type Reading } from "../../../engine/ingest/read-payload";
import { property } from "../property-spec";

const now = 1_790_000_000_000;
const idKinds: OriginKind[] = ["topic", "payload:", "const", "msg"];

interface Texts {
  idFrom?: string;
  tsFrom?: string;
  seqFrom?: string;
  valuesFrom?: string;
  model?: TwinModel;
}

function rules({ idFrom = "topic:0", tsFrom = "arrival", seqFrom, valuesFrom = "payload", model }: Texts): EntryRules {
  return {
    id: readOrigin("idFrom", idFrom, idKinds),
    ts: readOrigin("tsFrom", tsFrom, ["arrival", "payload:"]),
    seq: seqFrom === undefined ? { from: "nothing" } : readOrigin("seqFrom", seqFrom, ["payload:"]),
    values: readOrigin("valuesFrom", valuesFrom, ["payload", "payload:"]),
    model,
  };
}

const read = (payload: unknown, texts: Texts = {}, arrival: Partial<Arrival> = {}): Reading =>
  createPayloadReader(rules(texts))(payload, { topic: "press-6/data", now, ...arrival });

function refused(reading: Reading): RefusalInfo {
  assert.equal(reading.kind, "refused", JSON.stringify(reading));
  return (reading as { error: RefusalInfo }).error;
}

function sampleOf(reading: Reading): unknown {
  assert.equal(reading.kind, "sample", JSON.stringify(reading));
  return (reading as { sample: unknown }).sample;
}

function modelOf(unknown: TwinModel["unknown"], ...specs: Partial<PropertySpec>[]): TwinModel {
  const properties = new Map(specs.map((spec) => [spec.name as string, property(spec.name as string, spec)]));
  return { model: "press", version: 1, staleAfter: 0, unknown, properties };
}

describe("reading a payload", () => {
  it("takes the textbook's message with the defaults: id from the topic, time of arrival", () =>
    assert.deepEqual(sampleOf(read({ temperature: 25, humidity: 45 }, {}, { topic: "sensor/data" })), {
      id: "sensor",
      ts: now,
      values: { temperature: 25, humidity: 45 },
    }));

  it("flattens nested objects with dots", () =>
    assert.deepEqual(sampleOf(read({ motor: { speed: 3, temp: { rotor: 80 } }, on: true })), {
      id: "press-6",
      ts: now,
      values: { "motor.speed": 3, "motor.temp.rotor": 80, on: true },
    }));

  it("takes id, time, sequence and values from where the settings say, and leaves those fields out of the values", () => {
    const payload = { dev: { id: "press-7" }, when: "2026-03-31T08:00:00Z", n: "41", data: { a: 1 }, b: 2 };
    const texts = { idFrom: "payload:dev.id", tsFrom: "payload:when", seqFrom: "payload:n" };
    const whole = { id: "press-7", ts: Date.UTC(2026, 2, 31, 8), seq: 41 };
    assert.deepEqual(sampleOf(read(payload, texts)), { ...whole, values: { "data.a": 1, b: 2 } });
    assert.deepEqual(sampleOf(read(payload, { ...texts, valuesFrom: "payload:data" })), { ...whole, values: { a: 1 } });
  });

  for (const [idFrom, topic, id] of [
    ["topic:0", "press-6", "press-6"],
    ["topic:1", "plant/press-6/data", "press-6"],
    ["topic:-1", "plant/hall/press-6", "press-6"],
    ["topic:-2", "plant/press-6/data", "press-6"],
    ["const:line-1", "x/y", "line-1"],
    ["msg:device.serial", "x", "press-6"],
    ["payload:no", "x", "7"],
  ] as const)
    it(`finds the id by ${idFrom}`, () => {
      const reading = read({ v: 1, no: 7 }, { idFrom }, { topic, msg: { device: { serial: "press-6" } } });
      assert.equal((sampleOf(reading) as { id: string }).id, id);
    });

  for (const [why, texts, arrival, text] of [
    ["no topic", {}, { topic: undefined }, /no topic.*payload:<path> or const/],
    ["a leading slash", {}, { topic: "/press-6" }, /nothing at that level.*topic:1/],
    ["too few levels", { idFrom: "topic:3" }, { topic: "a/b" }, /idFrom "topic:3"/],
    ["wildcards", {}, { topic: "pr+ess/#" }, /"pr\+ess"/],
    ["a newline", { idFrom: "payload:id" }, {}, /\\n/],
    ["__proto__", { idFrom: "const:x" }, { topic: "__proto__" }, /^$/],
  ] as const)
    it(`refuses an id with ${why}`, () => {
      if (why === "__proto__") {
        assert.equal(refused(read({ v: 1 }, {}, arrival)).code, "bad-id");
        return;
      }
      const error = refused(read({ v: 1, id: "a\nb" }, texts, arrival));
      assert.equal(error.code, "bad-id");
      assert.match(`${error.message} ${error.hint}`, text);
    });

  it("takes an array as a batch, entries of the contract and plain objects mixed", () => {
    const reading = read([
      { id: "a", ts: 5, seq: 2, values: { x: 1 }, quality: { x: "bad", y: "bad" }, raw: { x: 0 }, historical: true },
      { x: 2 },
      { id: "b", values: { "m.x": { y: 3 } } },
    ]);
    assert.deepEqual(reading, {
      kind: "batch",
      samples: [
        { id: "a", ts: 5, seq: 2, values: { x: 1 }, quality: { x: "bad" }, raw: { x: 0 } },
        { id: "press-6", ts: now, values: { x: 2 } },
        { id: "b", ts: now, values: { "m.x.y": 3 } },
      ],
      rows: [],
      errors: [],
    });
  });

  it("takes a single entry of the contract with the defaults, and only then", () => {
    const entry = { id: "a", ts: 5, values: { x: 1 } };
    assert.deepEqual(sampleOf(read(entry)), { id: "a", ts: 5, values: { x: 1 } });
    assert.deepEqual(sampleOf(read(entry, { idFrom: "topic:1" }, { topic: "x/y" })), {
      id: "y",
      ts: now,
      values: { id: "a", ts: 5, "values.x": 1 },
    });
  });

  it("lets good rows go on and gives the bad ones back as they came, with their index", () => {
    const rows = [{ x: 1 }, { x: [1, 2] }, "text", { id: "a b", values: { x: 1 } }, { x: 5 }];
    const reading = read(rows);
    assert.equal(reading.kind, "batch");
    if (reading.kind !== "batch") return;
    assert.deepEqual(
      reading.samples.map(({ values }) => values.x),
      [1, 5],
    );
    assert.deepEqual(reading.rows, [rows[1], rows[2], rows[3]]);
    assert.deepEqual(
      reading.errors.map(({ code, index }) => [code, index]),
      [
        ["wrong-type", 1],
        ["bad-payload", 2],
        ["bad-id", 3],
      ],
    );
    assert.match(reading.errors[0]?.hint ?? "", /array of samples/);
  });

  for (const [why, payload, code] of [
    ["text", "hello", "bad-payload"],
    ["a number", 25, "bad-payload"],
    ["null", null, "bad-payload"],
    ["no rows", [], "bad-payload"],
    ["no properties", {}, "bad-payload"],
    ["an empty object inside", { a: {} }, "bad-payload"],
    ["NaN", { a: Number.NaN }, "wrong-type"],
    ["Infinity", { a: Number.POSITIVE_INFINITY }, "wrong-type"],
    ["a date object", { a: new Date() }, "wrong-type"],
    ["an array", { a: [1] }, "wrong-type"],
    ["a buffer", { a: Buffer.from("x") }, "wrong-type"],
    ["a property name with a newline", { "a\nb": 1 }, "bad-name"],
    ["one property in two ways", { "a.b": 1, a: { b: 2 } }, "duplicate"],
  ] as const)
    it(`refuses ${why}`, () => assert.equal(refused(read(payload)).code, code));

  for (const name of ["__proto__", "constructor", "prototype"])
    it(`refuses ${name} at any depth`, () => {
      for (const text of [
        `{"${name}":1}`,
        `{"${name}":{"x":1}}`,
        `{"a":{"${name}":1}}`,
        `{"a":{"b":{"${name}":{}}}}`,
      ]) {
        assert.equal(refused(read(parseJson(text, 32))).code, "bad-name", text);
        assert.equal(({} as { x?: unknown }).x, undefined);
      }
    });

  it("refuses more than 2,000 properties, flat or nested, and takes 2,000", () => {
    const many = (count: number): Record<string, number> =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, n]));
    assert.equal(refused(read(many(2001))).code, "too-large");
    assert.equal(refused(read({ a: many(1500), b: many(1500) })).code, "too-large");
    assert.equal(read(many(2000)).kind, "sample");
  });

  it("refuses a wrong sequence number, and does not miss an absent one", () => {
    assert.equal(refused(read({ a: 1, n: -1 }, { seqFrom: "payload:n" })).code, "wrong-type");
    assert.equal(refused(read({ a: 1, n: 1.5 }, { seqFrom: "payload:n" })).code, "wrong-type");
    assert.ok(!("seq" in (sampleOf(read({ a: 1 }, { seqFrom: "payload:n" })) as object)));
  });

  it("refuses a missing or wrong time, naming tsFrom", () => {
    for (const [value, text] of [
      [undefined, /nothing is there/],
      ["yesterday", /"yesterday" is no time/],
      [-1, /1970 to 2262/],
    ] as const) {
      const error = refused(read({ a: 1, t: value }, { tsFrom: "payload:t" }));
      assert.equal(error.code, "bad-time");
      assert.match(error.message, /tsFrom "payload:t"/);
      assert.match(error.message, text);
    }
  });

  describe("with a model", () => {
    const speed = { name: "speed", min: 0, max: 100, unit: "rpm" };
    it("names the model, and refuses what is beyond range, unknown or of the wrong type", () => {
      const model = modelOf("reject", speed);
      assert.deepEqual(sampleOf(read({ speed: 5 }, { model })), {
        id: "press-6",
        ts: now,
        values: { speed: 5 },
        model: "press",
      });
      assert.match(refused(read({ speed: 101 }, { model })).message, /101 rpm, above 100 rpm/);
      assert.equal(refused(read({ speeed: 5 }, { model })).code, "unknown-property");
      assert.equal(refused(read({ speed: "5" }, { model })).code, "wrong-type");
    });

    it("drops arrays and nested objects that the model drops as unknown", () => {
      const model = modelOf("drop", speed);
      const sample = sampleOf(read({ speed: 5, tags: [1], meta: { a: 1 } }, { model })) as { values: unknown };
      assert.deepEqual(sample.values, { speed: 5 });
    });

    it("marks values of a sensor past its calibration date as uncertain, from the day after", () => {
      const model = modelOf("reject", { ...speed, calibrationDue: "2026-03-31" });
      const qualityAt = (ts: string, quality?: object): unknown =>
        (sampleOf(read({ id: "a", ts, values: { speed: 5 }, quality }, { model })) as { quality?: unknown }).quality;
      assert.equal(qualityAt("2026-03-31T23:59:59Z"), undefined);
      assert.deepEqual(qualityAt("2026-04-01T00:00:00Z"), { speed: "uncertain" });
      assert.deepEqual(qualityAt("2026-04-01T00:00:00Z", { speed: "bad" }), { speed: "bad" });
    });

    it("converts text of a CSV by the model's types", () => {
      const model = modelOf("reject", speed, { name: "code", type: "string" }, { name: "on", type: "boolean" });
      const row = { speed: "5.5", code: "007", on: "true" };
      const reading = read([row, { speed: "", code: "x", on: "0" }], { model }, { fromText: true });
      assert.deepEqual(reading.kind === "batch" && reading.samples.map(({ values }) => values), [
        { speed: 5.5, code: "007", on: true },
        { speed: null, code: "x", on: false },
      ]);
    });
  });

  it("never throws and never lets a forbidden name or id through, whatever comes (fuzz)", () => {
    const hostile = fc.constantFrom(
      "__proto__",
      "constructor",
      "prototype",
      "toString",
      "",
      "a.b",
      "a\nb",
      "#",
      "id",
      "values",
      "ts",
    );
    const key = fc.oneof(hostile, fc.string({ maxLength: 8 }));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        fc.anything(),
        tie("object"),
        fc.array(tie("tree"), { maxLength: 4 }),
      ),
      object: fc.array(fc.tuple(key, tie("tree")), { maxLength: 5 }).map((pairs) => {
        const object: Record<string, unknown> = {};
        for (const [name, value] of pairs)
          Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
        return object;
      }),
    }));
    const readers = [
      {},
      { idFrom: "payload:id", tsFrom: "payload:ts", seqFrom: "payload:seq" },
      { idFrom: "topic:-1", valuesFrom: "payload:values" },
    ].map((texts) => createPayloadReader(rules(texts)));
    fc.assert(
      fc.property(tree, fc.string(), fc.boolean(), (payload, topic, trusted) => {
        for (const reader of readers) {
          const reading = reader(payload, { topic, now, trusted });
          const samples =
            reading.kind === "sample" ? [reading.sample] : reading.kind === "batch" ? reading.samples : [];
          for (const { id, ts, values } of samples) {
            assert.ok(isTwinId(id));
            assert.ok(Number.isInteger(ts));
            for (const [name, value] of Object.entries(values)) {
              assert.ok(isPropertyName(name), name);
              assert.ok(value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value));
            }
          }
          const errors = reading.kind === "refused" ? [reading.error] : reading.kind === "batch" ? reading.errors : [];
          for (const { code, message, hint } of errors) assert.ok(code in errorCodes && message && hint);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a payload of rows that are no objects", () => {
  it("is refused row by row up to 1000 of them; what is beyond leaves together, counted", () => {
    const rows = [...Array.from({ length: 1500 }, () => 0), { x: 1 }, ...Array.from({ length: 500 }, () => null)];
    const reading = read(rows);
    assert.ok(reading.kind === "batch");
    assert.equal(reading.samples.length, 1);
    assert.deepEqual([reading.rows.length, reading.errors.length], [1001, 1001]);
    assert.deepEqual(reading.rows.at(-1), [...rows.slice(1000, 1500), ...rows.slice(1501)]);
    assert.equal(reading.errors.at(-1)?.index, 1000);
    assert.match(reading.errors.at(-1)?.message ?? "", /^1000 more rows, from row 1000 on, are no objects/);
  });
});

describe("settings that say where", () => {
  for (const [text, text2] of [
    ["topics:0", /use topic:0, payload:<path>, const:<id>, msg:<path>/],
    ["topic:x", /topic:<n>/],
    ["const:a b", /letters, digits/],
    ["const:", /name the twin/],
    ["payload", /use topic:0/],
    ["msg:", /name a field/],
  ] as const)
    it(`refuses idFrom ${text}`, () => assert.throws(() => readOrigin("idFrom", text, idKinds), text2));

  it("takes a[0].b and a.0.b for one path", () =>
    assert.deepEqual(readOrigin("idFrom", "payload:a[0].b", idKinds), readOrigin("idFrom", "payload:a.0.b", idKinds)));
});

describe("depth of objects", () => {
  it("is counted without recursion", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level++) deep = level % 2 ? [deep] : { deep };
    assert.equal(isDeeperThan(100, deep), true);
    assert.equal(isDeeperThan(2, { a: { b: 1 } }), false);
    assert.equal(isDeeperThan(1, { a: { b: 1 } }), true);
  });

  it("refuses an object nested too deep as a sample", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = { deep };
    assert.equal(refused(read(deep)).code, "too-deep");
    assert.ok(Refusal);
  });
});
