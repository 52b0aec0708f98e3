import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../../engine/contract/document";
import type { Sample } from "../../../engine/contract/messages";
import type { TwinModel } from "../../../engine/contract/model";
import { desire, differs } from "../../../engine/twin/desired";
import { reportPatch, reportSample } from "../../../engine/twin/report";
import { property } from "../property-spec";
import { checkFinalState, type Report } from "./final-state";

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

const speed = property("speed", { min: 0, max: 120, writable: true, tolerance: 0.5 });
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
    assert.deepEqual(doc.meta.a, { ts: 20, quality: "bad", held: { ts: 10, quality: "good" } });
    assert.equal(doc.rev, 2);
  });

  describe("of two readings of one time", () => {
    const final = (...list: Sample[]) => apply(list).reported.a;
    for (const [what, winner, loser] of [
      ["the higher seq", sample(10, { a: 1 }, { seq: 2 }), sample(10, { a: 9 }, { seq: 1 })],
      ["one with a seq over one without", sample(10, { a: 1 }, { seq: 0 }), sample(10, { a: 9 })],
      ["the better quality", sample(10, { a: 1 }), sample(10, { a: 9 }, { quality: { a: "uncertain" } })],
      [
        "a reading, even a bad one, over none",
        sample(10, { a: 1 }, { quality: { a: "bad" } }),
        sample(10, { a: null }),
      ],
      ["text over a number", sample(10, { a: "" }), sample(10, { a: 9 })],
      ["a number over a boolean", sample(10, { a: -5 }), sample(10, { a: true })],
      ["the greater number", sample(10, { a: 2 }), sample(10, { a: 1 })],
    ] as const)
      it(`takes ${what}, whichever came first`, () => {
        assert.deepEqual(final(winner, loser), winner.values.a);
        assert.deepEqual(final(loser, winner), winner.values.a);
      });

    it("does not let three of them win in a circle", () => {
      const circle = [sample(10, { a: 5 }, { seq: 1 }), sample(10, { a: 3 }, { seq: 2 }), sample(10, { a: 4 })];
      const [x, y, z] = circle as [Sample, Sample, Sample];
      for (const order of [circle, [x, z, y], [y, x, z], [y, z, x], [z, x, y], [z, y, x]])
        assert.equal(final(...order), 3);
    });
  });

  it("takes a late reading that is later than the value that stands while there is none", () => {
    const result = reportSample(apply([sample(10, { a: 1 }), sample(30, { a: null })]), sample(20, { a: 2 }), {
      now: 2,
    });
    assert.equal(result.document.reported.a, 2);
    assert.deepEqual(result.document.meta.a, { ts: 30, quality: "bad", held: { ts: 20, quality: "good" } });
    assert.deepEqual([result.historical, result.effective], [false, true]);
    assert.equal(apply([sample(30, { a: null }), sample(20, { a: 2 })]).reported.a, 2, "also where none stood");
    const late = reportSample(result.document, sample(15, { a: 9 }), { now: 3 });
    assert.equal(late.historical, true);
  });

  it("changes nothing for a repeat, but takes it as a sign of life", () => {
    const doc = apply([sample(10, { a: 1, b: null }, { seq: 4, quality: { a: "uncertain" } })]);
    const again = sample(10, { a: 1, b: null }, { seq: 4, quality: { a: "uncertain" } });
    const result = reportSample(doc, again, { now: 99 });
    assert.deepEqual(result.document, doc);
    assert.deepEqual([result.effective, result.historical, result.changed], [false, false, {}]);
    const revived = reportSample({ ...doc, status: "stale" }, again, { now: 99 });
    assert.deepEqual([revived.document.status, revived.document.rev, revived.effective], ["live", doc.rev, true]);
  });

  it("goes by the model of the latest sample that names one", () => {
    const list = [sample(30, { a: 1 }), sample(20, { a: 2 }, { model: "new" }), sample(10, { a: 3 }, { model: "old" })];
    assert.equal(apply(list).model, "new");
    assert.equal(apply(list.reverse()).model, "new");
  });

  it("knows properties that every object has", () => {
    const { changed } = reportSample(undefined, sample(10, { valueOf: 1 }), { now: 1 });
    assert.deepEqual(changed.valueOf, { before: undefined, after: 1 });
  });

  describe("whatever the order and the repeats (fast-check)", () => {
    it("ends in one state", () => {
      assert.equal(checkFinalState(1000).broken, undefined);
    });

    for (const [what, broken] of [
      ["the later arrival wins", (doc, one, options) => reportSample(doc && { ...doc, meta: {} }, one, options)],
      ["the later arrival wins among those of one time", laterArrival],
      ["what stands while there is no reading has no time", withoutHeld],
    ] as [string, Report][])
      it(`would be caught if ${what} (broken variant)`, () => {
        assert.ok(checkFinalState(1000, broken).broken);
      });
  });

  it("does not change the document it was given", () => {
    const doc = apply([sample(10, { a: 1 })]);
    const before = structuredClone(doc);
    reportSample(doc, sample(20, { a: 2, b: 1 }), { now: 5 });
    assert.deepEqual(doc, before);
  });

  it("gives way to a change of the device's own when told to", () => {
    const start = reportSample(undefined, sample(10, { speed: 80 }), { now: 1, model }).document;
    const wish = desire(start, { speed: 80 }, { model, now: 2 });
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
  it("always applies, also over a reading of the future", () => {
    const doc = apply([sample(1000, { a: 1 }, { seq: 7 })]);
    const { document, effective } = reportPatch(doc, "press-6", { a: 0 }, { now: 20 });
    assert.deepEqual([document.reported.a, document.meta.a, effective], [0, { ts: 20, quality: "good" }, true]);
  });

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
  const wish = desire(start, { speed: 80 }, { model, now: 2 });
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
    const back = desire(wish.document, { speed: null }, { model, now: 4 });
    assert.ok("document" in back);
    assert.deepEqual(back.document.desired, {});
    assert.deepEqual(back.document.delta, {});
    assert.equal(back.document.ack, null);
  });

  it("changes nothing for the same wish again", () => {
    const again = desire(wish.document, { speed: 80 }, { model, now: 5 });
    assert.ok("document" in again);
    assert.equal(again.document, wish.document);
  });

  for (const [what, patch, code] of [
    ["a property that is not writable", { force: 1 }, "read-only"],
    ["a value out of range", { speed: 500 }, "out-of-range"],
    ["an unknown property", { colour: "red" }, "unknown-property"],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = desire(start, patch, { model, now: 2 });
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

/** As it was before `compareReadings`: forgets what it knows of the same time. */
function laterArrival(doc: TwinDocument | undefined, one: Sample, options: { now: number }) {
  if (!doc) return reportSample(doc, one, options);
  const meta = Object.fromEntries(Object.entries(doc.meta).filter(([, known]) => known.ts !== one.ts));
  return reportSample({ ...doc, meta }, one, options);
}

function withoutHeld(doc: TwinDocument | undefined, one: Sample, options: { now: number }) {
  const result = reportSample(doc, one, options);
  const meta = Object.fromEntries(
    Object.entries(result.document.meta).map(([name, { held, ...known }]) => [name, known]),
  );
  return { ...result, document: { ...result.document, meta } };
}
