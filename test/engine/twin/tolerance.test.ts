import { strict as assert } from "node:assert";
import fc from "fast-check";
import type { TwinDocument } from "../../../engine/contract/document";
import type { Scalar } from "../../../engine/contract/messages";
import type { TwinModel } from "../../../engine/contract/model";
import { type ReportResult, reportPatch, reportSample } from "../../../engine/twin/report";
import { property } from "../property-spec";
import { checkFinalState } from "./final-state";

const model: TwinModel = {
  model: "press",
  version: 1,
  staleAfter: 0,
  unknown: "keep",
  properties: new Map([property("speed", { tolerance: 0.5 }), property("force")].map((one) => [one.name, one])),
};
let ts = 0;
const report = (doc: TwinDocument | undefined, values: Record<string, Scalar>): ReportResult =>
  reportSample(doc, { id: "press-6", ts: ++ts, values }, { now: ts, model });

describe("the tolerance of a reported number", () => {
  it("takes what moves within it into the document, but neither raises rev nor tells of it", () => {
    const first = report(undefined, { speed: 80 });
    const second = report(first.document, { speed: 80.5 });
    assert.deepEqual([second.effective, second.changed, second.document.rev], [false, {}, 1]);
    assert.equal(second.document.reported.speed, 80.5);
    assert.deepEqual(second.document.meta.speed, { ts, quality: "good", announced: 80 });
  });

  it("compares with the value announced last: drift does not creep unseen", () => {
    let doc = report(undefined, { speed: 80 }).document;
    const told: unknown[] = [];
    for (const speed of [80.3, 80.5, 80.7, 80.9, 81.1, 81.3]) {
      const result = report(doc, { speed });
      if (result.effective) told.push(result.changed.speed);
      doc = result.document;
    }
    assert.deepEqual(told, [
      { before: 80, after: 80.7 },
      { before: 80.7, after: 81.3 },
    ]);
    assert.equal(doc.meta.speed?.announced, undefined);
  });

  it("tells a chain without a gap, and is never further off than the tolerance (fast-check)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 4, noNaN: true }), fc.constantFrom(null, "off"))),
        (list) => {
          let doc: TwinDocument | undefined;
          let told: Scalar | undefined;
          let rev = 0;
          for (const speed of list) {
            const result = report(doc, { speed });
            doc = result.document;
            const change = result.changed.speed;
            if (change) {
              assert.equal(change.before, told);
              told = change.after;
            }
            assert.equal(doc.rev, result.effective ? ++rev : rev, "rev rises by one per effective change");
            const value = doc.reported.speed;
            if (typeof value === "number" && typeof told === "number") assert.ok(Math.abs(value - told) <= 0.5);
            else assert.equal(told, value);
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it("counts for numbers only, and only where the model gives one", () => {
    const doc = report(undefined, { speed: 80, force: 1 }).document;
    assert.deepEqual(Object.keys(report(doc, { speed: "80", force: 1.0001 }).changed), ["speed", "force"]);
    assert.equal(report(doc, { speed: null }).effective, true, "no reading is a change of quality");
  });

  it("does not hide that a desired value is met no more", () => {
    const start = report(undefined, { speed: 80.3 }).document;
    const wished: TwinDocument = {
      ...start,
      desired: { speed: 80 },
      ack: { version: 2, code: 200, text: "met" },
      rev: 2,
    };
    const result = report(wished, { speed: 80.6 });
    assert.deepEqual(result.changed, {});
    assert.deepEqual(result.document.delta, { speed: 80 });
    assert.deepEqual([result.effective, result.document.rev], [true, 3]);
  });

  it("holds for a report that is no sample, too", () => {
    const doc = report(undefined, { speed: 80 }).document;
    const result = reportPatch(doc, "press-6", { speed: 80.2 }, { now: ts, model });
    assert.deepEqual([result.effective, result.document.reported.speed], [false, 80.2]);
  });

  it("leaves the final state independent of order and repeats (fast-check)", () => {
    const world = { model: { ...model, properties: new Map([["a", property("a", { tolerance: 1 })]]) } };
    assert.equal(checkFinalState(2000, reportSample, world).broken, undefined);
    assert.equal(checkFinalState(2000, reportSample, { ...world, maxSkewMs: 6 }).broken, undefined);
  });
});
