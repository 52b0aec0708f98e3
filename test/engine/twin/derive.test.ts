import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../../engine/contract/document";
import type { Sample } from "../../../engine/contract/messages";
import type { PropertySpec, TwinModel } from "../../../engine/contract/model";
import { checkValues } from "../../../engine/twin/check-values";
import { planDerived } from "../../../engine/twin/plan-derived";
import { reportPatch, reportSample } from "../../../engine/twin/report";
import { property } from "../property-spec";
import { checkFinalState, type Report } from "./final-state";

const mapOf = (specs: PropertySpec[]) => new Map(specs.map((spec) => [spec.name, spec]));

function modelOf(...specs: PropertySpec[]): TwinModel {
  const properties = mapOf(specs);
  const plan = planDerived(properties);
  assert.ok(!("error" in plan), "error" in plan ? plan.error.message : "");
  return { model: "press", version: 1, staleAfter: 0, unknown: "keep", properties, derived: plan.derived };
}

const model = modelOf(
  // Before what it reads: the order in the table does not matter.
  property("oee", { unit: "%", expression: "round(100 * availability * yield, 1)", max: 100 }),
  property("availability", { expression: "run / (run + stop)" }),
  property("yield"),
  property("run"),
  property("stop"),
);

const sample = (ts: number, values: Sample["values"], more: Partial<Sample> = {}): Sample => ({
  id: "press-6",
  ts,
  values,
  ...more,
});
const report = (doc: TwinDocument | undefined, one: Sample) => reportSample(doc, one, { model, now: 1 });
const apply = (...samples: Sample[]) =>
  samples.reduce<TwinDocument | undefined>((doc, one) => report(doc, one).document, undefined) as TwinDocument;

describe("a derived property", () => {
  it("is worked out when its inputs change, also from other derived ones", () => {
    const doc = apply(sample(10, { run: 9, stop: 1 }), sample(20, { yield: 0.5 }));
    assert.equal(doc.reported.availability, 0.9);
    assert.equal(doc.reported.oee, 45);
    const { document, changed } = report(doc, sample(30, { yield: 0.8 }));
    assert.equal(document.reported.oee, 72);
    assert.deepEqual(changed, { yield: { before: 0.5, after: 0.8 }, oee: { before: 45, after: 72 } });
    assert.equal(document.rev, doc.rev + 1, "one change, one rev");
  });

  it("has the latest time and the worst quality of its inputs", () => {
    const doc = apply(sample(10, { run: 9, stop: 1 }, { quality: { stop: "uncertain" } }), sample(5, { yield: 0.5 }));
    assert.deepEqual(doc.meta.availability, { ts: 10, quality: "uncertain" });
    assert.deepEqual(doc.meta.oee, { ts: 10, quality: "uncertain" });
    const bad = report(doc, sample(30, { yield: null })).document;
    assert.deepEqual(bad.meta.oee, { ts: 30, quality: "bad" });
    assert.equal(bad.reported.oee, 45, "the input keeps its last value, and so it does");
    assert.equal(report(bad, sample(40, { yield: 1 }, { quality: {} })).document.meta.oee?.quality, "uncertain");
  });

  it("has no value and is bad while an input is missing, the result is not finite, or it is out of range", () => {
    const doc = apply(sample(10, { run: 9 }));
    assert.ok(!("availability" in doc.reported) && !("oee" in doc.reported));
    assert.deepEqual(doc.meta.availability, { ts: 10, quality: "bad" });
    const zero = apply(sample(10, { run: 0, stop: 0, yield: 1 }));
    assert.ok(!("availability" in zero.reported));
    const beyond = apply(sample(10, { run: 9, stop: 1, yield: 2 }));
    assert.ok(!("oee" in beyond.reported));
    assert.equal(beyond.meta.oee?.quality, "bad");
    const { document, changed } = report(beyond, sample(20, { yield: 1 }));
    assert.deepEqual([document.reported.oee, changed.oee], [90, { before: undefined, after: 90 }]);
    const gone = report(document, sample(30, { run: 0, stop: 0 }));
    assert.deepEqual(gone.changed.oee, { before: 90, after: undefined });
  });

  it("is not there at all before the first of its inputs, nor after the last is removed", () => {
    const doc = apply(sample(10, { other: 1 }));
    assert.deepEqual([doc.reported, Object.keys(doc.meta)], [{ other: 1 }, ["other"]]);
    const full = apply(sample(10, { run: 9, stop: 1, yield: 1 }));
    const { document, changed } = reportPatch(
      full,
      "press-6",
      { run: null, stop: null, yield: null },
      { model, now: 50 },
    );
    assert.deepEqual([document.reported, document.meta], [{}, {}]);
    assert.deepEqual(changed.oee, { before: 90, after: undefined });
  });

  it("follows a report that is no sample", () => {
    const full = apply(sample(10, { run: 9, stop: 1, yield: 1 }));
    const { document } = reportPatch(full, "press-6", { yield: 0.5 }, { model, now: 50 });
    assert.deepEqual([document.reported.oee, document.meta.oee], [45, { ts: 50, quality: "good" }]);
  });

  it("tells nothing that never stood, where one report sets an input and removes another", () => {
    const known = modelOf(property("a"), property("b"), property("c", { expression: "known(b) ? a : 1" }));
    const before = reportPatch(undefined, "x", { a: 1, b: 2 }, { model: known, now: 1 }).document;
    const { document, changed } = reportPatch(before, "x", { a: 5, b: null }, { model: known, now: 2 });
    assert.equal(document.reported.c, 1);
    assert.deepEqual(Object.keys(changed), ["a", "b"]);
  });

  it("cannot be reported or desired", () => {
    for (const unknown of ["keep", "drop", "reject"] as const) {
      const result = checkValues({ ...model, unknown }, { oee: 99 });
      assert.ok("error" in result);
      assert.deepEqual([result.error.code, result.error.property], ["read-only", "oee"]);
      assert.match(result.error.message, /derived/);
    }
  });

  it("moves within its tolerance without being announced", () => {
    const calm = modelOf(property("run"), property("half", { expression: "run / 2", tolerance: 5 }));
    const start = reportSample(undefined, sample(10, { run: 10 }), { model: calm, now: 1 }).document;
    const { document, changed } = reportSample(start, sample(20, { run: 14 }), { model: calm, now: 1 });
    assert.deepEqual([document.reported.half, Object.keys(changed)], [7, ["run"]]);
    assert.equal(document.meta.half?.announced, 5);
  });

  describe("whatever the order and the repeats (fast-check)", () => {
    // The names that the samples of final-state.ts have.
    const world = {
      model: modelOf(
        property("twice", { expression: "2 * sum", tolerance: 1 }),
        property("sum", { expression: "a + (b ?? 1)" }),
        property("a"),
        property("b"),
        property("text", { type: "string", expression: "if(known(valueOf), 'there', 'not there')" }),
        property("valueOf"),
        property("later", { type: "boolean", expression: "a > 0 and b > 0" }),
      ),
    };
    it("ends in one state", () => assert.equal(checkFinalState(2000, reportSample, world).broken, undefined));

    it("would be caught if it were worked out of the sample alone (broken variant)", () => {
      const broken: Report = (doc, one, options) => {
        const result = reportSample(doc, one, { ...options, model: undefined });
        const { document } = reportSample(undefined, one, options);
        const { sum } = document.reported;
        if (result.historical || sum === undefined) return result;
        return { ...result, document: { ...result.document, reported: { ...result.document.reported, sum } } };
      };
      assert.ok(checkFinalState(2000, broken, world).broken);
    });
  });
});

describe("planDerived", () => {
  const refused: [string, PropertySpec[], string, RegExp][] = [
    ["what depends on itself", [property("a", { expression: "a + 1" })], "a", /a needs a/],
    [
      "a circle",
      [
        property("x"),
        property("a", { expression: "x + b" }),
        property("b", { expression: "c" }),
        property("c", { expression: "a" }),
      ],
      "a",
      /a needs b needs c needs a/,
    ],
    ["an unknown name", [property("x"), property("a", { expression: "x + y" })], "a", /Character 5.*"y"/],
    [
      "a wrong type",
      [property("x"), property("a", { expression: "x > 1" })],
      "a",
      /true or false, but must be a number/,
    ],
    ["what reads nothing", [property("a", { expression: "1 + 1" })], "a", /no property/],
    ["no expression", [property("x"), property("a", { expression: "x +" })], "a", /missing at the end/],
  ];
  for (const [what, specs, name, says] of refused) {
    it(`refuses ${what}, by name`, () => {
      const plan = planDerived(mapOf(specs));
      assert.ok("error" in plan);
      assert.equal(plan.error.property, name);
      assert.match(plan.error.message, says);
      assert.ok(plan.error.hint);
    });
  }
});
