import { strict as assert } from "node:assert";
import fc from "fast-check";
import type { TwinDocument } from "../../../engine/contract/document";
import type { Sample } from "../../../engine/contract/messages";
import type { PropertySpec, TwinModel } from "../../../engine/contract/model";
import { desire, differs } from "../../../engine/twin/desired";
import { reportPatch, reportSample } from "../../../engine/twin/report";

const sample = (ts: number, values: Sample["values"], more: Partial<Sample> = {}): Sample => ({
  id: "press-6",
  ts,
  values,
  ...more,
});
const apply = (samples: Sample[], start?: TwinDocument): TwinDocument =>
  samples.reduce<TwinDocument | undefined>(
    (doc, one) => reportSample(doc, one, { now: 1 }).document,
    start,
  ) as TwinDocument;

const speed: PropertySpec = {
  name: "speed",
  type: "number",
  unit: "rpm",
  min: 0,
  max: 120,
  writable: true,
  tolerance: 0.5,
  class: "internal",
  label: "Speed",
  offset: 0,
  gain: 1,
};
const model: TwinModel = {
  model: "press",
  version: 1,
  staleAfter: 0,
  unknown: "reject",
  properties: new Map([
    ["speed", speed],
    ["force", { ...speed, name: "force", writable: false }],
  ]),
};

describe("reportSample", () => {
  it("makes a document at rev 1 and raises rev by one per effective change", () => {
    const one = apply([sample(10, { a: 1 })]);
    assert.equal(one.rev, 1);
    assert.equal(apply([sample(20, { a: 1 })], one).rev, 1, "the same value is no change");
    assert.equal(apply([sample(20, { a: 1 })], one).meta.a?.ts, 20, "but its time is known");
    assert.equal(apply([sample(20, { a: 2, b: 3 })], one).rev, 2);
  });

  it("never lets an older value replace a newer one, property by property", () => {
    const doc = apply([sample(20, { a: 2 }), sample(10, { a: 1, b: 1 })]);
    assert.deepEqual(doc.reported, { a: 2, b: 1 });
  });

  it("says historical when every value is older, and leaves the document alone", () => {
    const doc = apply([sample(20, { a: 2 })]);
    const result = reportSample(doc, sample(10, { a: 1 }), { now: 2 });
    assert.equal(result.historical, true);
    assert.equal(result.document, doc);
  });

  it("keeps the value of a null reading and calls it bad", () => {
    const doc = apply([sample(10, { a: 1 }), sample(20, { a: null })]);
    assert.equal(doc.reported.a, 1);
    assert.deepEqual(doc.meta.a, { ts: 20, quality: "bad" });
    assert.equal(doc.rev, 2);
  });

  it("ends in one state for every order of reports of different times, repeats included (fast-check)", () => {
    const reports = fc.uniqueArray(
      fc.record({
        ts: fc.integer({ min: 0, max: 1000 }),
        values: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.oneof(fc.integer(), fc.boolean(), fc.string()), {
          minKeys: 1,
        }),
      }),
      { selector: (one) => one.ts, minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(reports, fc.infiniteStream(fc.nat()), (list, dice) => {
        const inOrder = [...list].sort((a, b) => a.ts - b.ts).map((one) => sample(one.ts, one.values));
        const shuffled = [...list, ...list]
          .map((one) => ({ one, key: dice.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => sample(one.ts, one.values));
        const facts = (doc: TwinDocument) => ({ reported: sorted(doc.reported), meta: sorted(doc.meta) });
        assert.deepEqual(facts(apply(shuffled)), facts(apply(inOrder)));
      }),
    );
  });

  it("would be caught if the time were ignored (the broken variant)", () => {
    const careless = (doc: Record<string, unknown>, one: Sample) => ({ ...doc, ...one.values });
    const late = [sample(20, { a: 2 }), sample(10, { a: 1 })];
    assert.notDeepEqual(late.reduce<Record<string, unknown>>(careless, {}), apply(late).reported);
  });

  it("does not change the document it was given", () => {
    const doc = apply([sample(10, { a: 1 })]);
    const before = structuredClone(doc);
    reportSample(doc, sample(20, { a: 2, b: 1 }), { now: 5 });
    assert.deepEqual(doc, before);
  });

  it("gives way to a change of the device's own when told to", () => {
    const start = reportSample(undefined, sample(10, { speed: 80 }), { now: 1, model }).document;
    const wish = desire(start, { speed: 80 }, model, 2);
    assert.ok("document" in wish);
    const plain = reportSample(wish.document, sample(20, { speed: 60 }), { now: 3, model });
    assert.deepEqual(plain.document.delta, { speed: 80 });
    const yielding = reportSample(wish.document, sample(20, { speed: 60 }), { now: 3, model, deviceWins: true });
    assert.deepEqual(yielding.document.desired, { speed: 60 });
    assert.deepEqual(yielding.document.delta, {});
    assert.equal(yielding.document.ack?.code, 409);
  });
});

describe("reportPatch", () => {
  it("removes a property with null, as RFC 7396 has it", () => {
    const doc = apply([sample(10, { a: 1, b: 2 })]);
    const { document, changed } = reportPatch(doc, "press-6", { a: null, c: 3 }, { now: 20 });
    assert.deepEqual(document.reported, { b: 2, c: 3 });
    assert.deepEqual(Object.keys(document.meta).sort(), ["b", "c"]);
    assert.deepEqual(changed.a, { before: 1, after: undefined });
    assert.equal(document.rev, doc.rev + 1);
  });
});

describe("desire", () => {
  const start = reportSample(undefined, sample(10, { speed: 100 }), { now: 1, model }).document;
  const wish = desire(start, { speed: 80 }, model, 2);
  assert.ok("document" in wish);

  it("opens a delta and waits for the device", () => {
    assert.deepEqual(wish.document.delta, { speed: 80 });
    assert.deepEqual(wish.document.ack, { version: 2, code: 202, text: "waiting for the device" });
    assert.deepEqual(wish.changed, { "desired.speed": { before: undefined, after: 80 } });
  });

  it("closes the delta when the device reports it, within the tolerance", () => {
    const met = reportSample(wish.document, sample(20, { speed: 80.4 }), { now: 3, model }).document;
    assert.deepEqual(met.delta, {});
    assert.equal(met.ack?.code, 200);
    assert.deepEqual(met.desired, { speed: 80 }, "the wish stays: a machine that forgets is told again");
    const missed = reportSample(wish.document, sample(20, { speed: 80.6 }), { now: 3, model }).document;
    assert.deepEqual(missed.delta, { speed: 80 });
  });

  it("takes a wish back with null", () => {
    const back = desire(wish.document, { speed: null }, model, 4);
    assert.ok("document" in back);
    assert.deepEqual(back.document.desired, {});
    assert.deepEqual(back.document.delta, {});
    assert.equal(back.document.ack, null);
  });

  it("changes nothing for the same wish again", () => {
    const again = desire(wish.document, { speed: 80 }, model, 5);
    assert.ok("document" in again);
    assert.equal(again.document, wish.document);
  });

  for (const [what, patch, code] of [
    ["a property that is not writable", { force: 1 }, "read-only"],
    ["a value out of range", { speed: 500 }, "out-of-range"],
    ["an unknown property", { colour: "red" }, "unknown-property"],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = desire(start, patch, model, 2);
      assert.ok("error" in result);
      assert.equal(result.error.code, code);
    });
  }

  it("compares numbers within the tolerance and everything else exactly", () => {
    assert.equal(differs(1, 1.4, 0.5), false);
    assert.equal(differs(1, 1.6, 0.5), true);
    assert.equal(differs("a", "a", 0), false);
    assert.equal(differs(1, undefined, 10), true);
  });
});

const sorted = <T>(map: Record<string, T>): [string, T][] => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
