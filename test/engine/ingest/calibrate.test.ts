import { strict as assert } from "node:assert";
import fc from "fast-check";
import type { TwinModel } from "../../../engine/contract/model";
import { type Arrival, createEntryReader, type EntryRules } from "../../../engine/ingest/read-entry";
import { checkValues } from "../../../engine/twin/check-values";
import { property } from "../property-spec";

const model: TwinModel = {
  model: "press",
  version: 1,
  staleAfter: 0,
  unknown: "reject",
  properties: new Map(
    [
      property("force", { unit: "kN", gain: 2, offset: -1, min: 0, max: 50 }),
      property("speed", { unit: "kN" }),
      property("lot", { unit: "kN", type: "string" }),
    ].map((spec) => [spec.name, spec]),
  ),
};
const rules: EntryRules = {
  id: { from: "const", value: "press-6" },
  ts: { from: "arrival" },
  seq: { from: "nothing" },
  values: { from: "payload", path: [] },
  model,
};
const read = createEntryReader(rules);
const arrival: Arrival = { now: 1000 };
function sampleOf(row: Record<string, unknown>, isEntry = false, more: Partial<Arrival> = {}) {
  const result = read(row, { ...arrival, ...more }, isEntry);
  assert.ok("sample" in result, "error" in result ? result.error.message : "");
  return result.sample;
}

describe("calibration at the door", () => {
  it("is value = raw * gain + offset, with raw kept", () => {
    const sample = sampleOf({ force: 10, speed: 3, lot: "A" });
    assert.deepEqual(sample.values, { force: 19, speed: 3, lot: "A" });
    assert.deepEqual(sample.raw, { force: 10 });
  });

  it("takes text of CSV, and leaves no reading alone", () => {
    assert.deepEqual(sampleOf({ force: "10" }, false, { fromText: true }).values, { force: 19 });
    const none = sampleOf({ force: null, speed: 1 });
    assert.deepEqual([none.values, none.raw], [{ force: null, speed: 1 }, undefined]);
  });

  it("checks the calibrated value against the range, not the raw one", () => {
    assert.equal(sampleOf({ force: 25.5 }).values.force, 50);
    for (const raw of [25.6, 0.4, 1e308]) {
      const result = read({ force: raw }, arrival, false);
      assert.ok("error" in result && result.error.code === "out-of-range", String(raw));
    }
    const far = read({ force: 30 }, arrival, false);
    assert.equal("error" in far && far.error.message, "force is 59 kN (the sensor says 30), above 50 kN.");
    const wrong = read({ force: "10" }, arrival, false);
    assert.ok("error" in wrong && wrong.error.code === "wrong-type");
  });

  it("is never done twice: a sample that comes in again keeps its values (fast-check)", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 25.5, noNaN: true }), fc.nat({ max: 3 }), (force, times) => {
        let sample = sampleOf({ force });
        const first = structuredClone(sample);
        for (let k = 0; k <= times; k++) sample = sampleOf({ ...sample }, true, { trusted: k % 2 === 0 });
        assert.deepEqual(sample, first);
      }),
    );
  });

  it("is done once for an entry of a batch that brings no raw value", () => {
    const sample = sampleOf({ id: "press-6", ts: 5, values: { force: 10, speed: 1 }, raw: { speed: 2 } }, true);
    assert.deepEqual(
      [sample.values, sample.raw],
      [
        { force: 19, speed: 1 },
        { force: 10, speed: 2 },
      ],
    );
  });

  it("is not done by those who get values from twin-ingest", () => {
    assert.deepEqual(checkValues(model, { force: 19 }), { values: { force: 19 } });
  });
});
