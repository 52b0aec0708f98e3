import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../../engine/contract/document";
import type { Migration, TwinModel } from "../../../engine/contract/model";
import { emptyDocument } from "../../../engine/twin/empty-document";
import { isBeyond, migrate } from "../../../engine/twin/migrate";

const step = (
  to: number,
  more: Partial<{
    rename: Record<string, string>;
    scale: Record<string, { gain: number; offset: number }>;
    remove: string[];
  }>,
): Migration => ({
  to,
  rename: new Map(Object.entries(more.rename ?? {})),
  scale: new Map(Object.entries(more.scale ?? {})),
  remove: more.remove ?? [],
});
const modelOf = (version: number, ...migrations: Migration[]): TwinModel => ({
  model: "press",
  version,
  staleAfter: 0,
  unknown: "keep",
  properties: new Map(),
  migrations,
});
const doc: TwinDocument = {
  ...emptyDocument("press-6", 1),
  model: "press",
  rev: 7,
  reported: { pressure: 2, speed: 80, lot: "A", noise: 5 },
  desired: { pressure: 3 },
  desiredVia: { pressure: "node" },
  delta: { pressure: 3 },
  ack: { version: 6, code: 202, text: "waiting" },
  meta: {
    pressure: { ts: 10, quality: "good", announced: 1.9 },
    speed: { ts: 11, quality: "bad", held: { ts: 9, quality: "good" } },
    lot: { ts: 12, quality: "good" },
    noise: { ts: 12, quality: "good" },
  },
};
const toTwo = step(2, {
  rename: { pressure: "force.kPa" },
  scale: { "force.kPa": { gain: 100, offset: 0 } },
  remove: ["noise"],
});

describe("migrate", () => {
  it("renames, scales and removes in reported, desired, delta and meta: one change", () => {
    const before = structuredClone(doc);
    const result = migrate(doc, modelOf(2, toTwo), 99);
    assert.ok(result);
    const { document, changed } = result;
    assert.deepEqual(document.reported, { "force.kPa": 200, speed: 80, lot: "A" });
    assert.deepEqual(document.desired, { "force.kPa": 300 });
    assert.deepEqual(document.delta, { "force.kPa": 300 });
    assert.deepEqual(document.desiredVia, { "force.kPa": "node" }, "goes on to the device through the same node");
    assert.deepEqual(document.meta["force.kPa"], { ts: 10, quality: "good" });
    assert.deepEqual(document.meta.speed, doc.meta.speed);
    assert.ok(!("noise" in document.meta));
    assert.deepEqual([document.rev, document.modelVersion, document.updatedAt], [8, 2, 99]);
    assert.deepEqual(changed, {
      pressure: { before: 1.9, after: undefined },
      "force.kPa": { before: undefined, after: 200 },
      noise: { before: 5, after: undefined },
      "desired.pressure": { before: 3, after: undefined },
      "desired.force.kPa": { before: undefined, after: 300 },
    });
    assert.deepEqual(doc, before, "the given document is as it was");
  });

  it("goes step by step over several versions, and only those that are missing", () => {
    const toThree = step(3, { rename: { "force.kPa": "force" }, scale: { speed: { gain: 2, offset: 1 } } });
    const model = modelOf(4, toTwo, toThree);
    const result = migrate(doc, model, 99);
    assert.deepEqual(result?.document.reported, { force: 200, speed: 161, lot: "A" });
    assert.deepEqual([result?.document.rev, result?.document.modelVersion], [8, 4]);
    const second = migrate({ ...doc, modelVersion: 2 }, model, 99);
    assert.deepEqual(second?.document.reported, { pressure: 2, speed: 161, lot: "A", noise: 5 });
  });

  it("tells what had moved within its tolerance, so that what was told is a chain without a gap", () => {
    const { speed: _, ...meta } = doc.meta;
    const drifted = { ...doc, meta: { ...meta, speed: { ts: 11, quality: "good" as const, announced: 79 } } };
    const result = migrate(drifted, modelOf(2, toTwo), 99);
    assert.deepEqual(result?.changed.speed, { before: 79, after: 80 });
    assert.equal(result?.document.meta.speed?.announced, undefined);
  });

  it("does nothing twice", () => {
    const model = modelOf(2, toTwo);
    const once = migrate(doc, model, 99);
    assert.ok(once);
    assert.equal(migrate(once.document, model, 100), undefined);
  });

  it("leaves twins of other models and of later versions alone", () => {
    assert.equal(migrate({ ...doc, model: "pump" }, modelOf(2, toTwo), 99), undefined);
    assert.equal(migrate({ ...doc, modelVersion: 3 }, modelOf(2, toTwo), 99), undefined);
    assert.equal(isBeyond({ ...doc, modelVersion: 3 }, modelOf(2)), true);
    assert.equal(isBeyond({ ...doc, modelVersion: 2 }, modelOf(2)), false);
    assert.equal(isBeyond({ ...doc, model: "pump", modelVersion: 3 }, modelOf(2)), false);
  });

  it("exchanges two names", () => {
    const result = migrate(doc, modelOf(2, step(2, { rename: { pressure: "speed", speed: "pressure" } })), 99);
    assert.deepEqual(result?.document.reported, { speed: 2, pressure: 80, lot: "A", noise: 5 });
    assert.deepEqual(result?.document.desired, { speed: 3 });
    assert.equal(result?.document.meta.pressure?.quality, "bad");
  });

  it("lets the later reading stay where the new name has one already", () => {
    const both = (ts: number): TwinDocument => ({
      ...doc,
      reported: { ...doc.reported, p: 9 },
      meta: { ...doc.meta, p: { ts, quality: "good" } },
      desired: { pressure: 3, p: 4 },
    });
    const model = modelOf(2, step(2, { rename: { pressure: "p" } }));
    assert.equal(migrate(both(5), model, 99)?.document.reported.p, 2);
    assert.equal(migrate(both(15), model, 99)?.document.reported.p, 9);
    assert.deepEqual(migrate(both(5), model, 99)?.document.desired, { p: 4 });
  });

  it("takes the answer away with the last wish, and drops what is no number any more", () => {
    const result = migrate(
      doc,
      modelOf(2, step(2, { remove: ["pressure"], scale: { speed: { gain: 1e308, offset: 0 } } })),
      99,
    );
    assert.deepEqual([result?.document.desired, result?.document.delta, result?.document.ack], [{}, {}, null]);
    assert.ok(!("speed" in (result?.document.reported ?? {})));
  });
});
