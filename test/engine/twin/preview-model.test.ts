import { strict as assert } from "node:assert";
import type { TwinModel } from "../../../engine/contract/model";
import { planDerived } from "../../../engine/twin/plan-derived";
import { previewModel } from "../../../engine/twin/preview-model";
import { property } from "../property-spec";

const properties = new Map(
  [
    property("force", { unit: "kN", gain: 2, offset: -1, max: 50, lsl: 2, usl: 20 }),
    property("old", { calibrationDue: "2020-01-01" }),
    property("area"),
    property("pressure", { expression: "force / area", unit: "MPa" }),
    property("half", { expression: "area / 2", max: 10 }),
    property("never", { expression: "lot == 'A'", type: "boolean" }),
    property("lot", { type: "string" }),
  ].map((spec) => [spec.name, spec]),
);
const plan = planDerived(properties);
assert.ok(!("error" in plan));
const model: TwinModel = {
  model: "press",
  version: 1,
  staleAfter: 0,
  unknown: "reject",
  properties,
  derived: plan.derived,
};

const at = Date.UTC(2026, 0, 1);
const verdictsOf = (values: Record<string, unknown>, unknown: TwinModel["unknown"] = "reject") =>
  new Map(previewModel({ ...model, unknown }, values, at).map((one) => [one.name, one]));

describe("previewModel", () => {
  it("says of each property what ingest and state would make of it", () => {
    const verdicts = verdictsOf({ force: 10, old: 1, area: 4 });
    assert.deepEqual(verdicts.get("force"), {
      name: "force",
      unit: "kN",
      isDerived: false,
      verdict: "ok",
      refused: false,
      value: 19,
      raw: 10,
    });
    assert.equal(verdicts.get("old")?.verdict, "uncertain");
    assert.deepEqual(verdicts.get("pressure"), {
      name: "pressure",
      unit: "MPa",
      isDerived: true,
      verdict: "ok",
      refused: false,
      value: 4.75,
    });
    assert.equal(verdicts.get("lot")?.verdict, "not-given");
    assert.deepEqual([...verdicts.keys()].slice(0, 3), ["force", "old", "area"], "the sample's first, as they stand");
  });

  it("names what would refuse the sample, and looks at the others all the same", () => {
    const verdicts = verdictsOf({ force: 100, area: "4", colour: 1, pressure: 3, lot: "A" });
    const refused = [...verdicts.values()].filter((one) => one.refused);
    assert.deepEqual(
      refused.map(({ name, verdict }) => [name, verdict]),
      [
        ["force", "out-of-range"],
        ["area", "wrong-type"],
        ["colour", "unknown-property"],
        ["pressure", "read-only"],
      ],
    );
    for (const { message, hint } of refused) assert.ok(message && hint);
    assert.equal(verdicts.get("never")?.value, true);
  });

  it("tells the specification from the range, no reading, and unknown ones by the model's policy", () => {
    assert.equal(verdictsOf({ force: 15 }).get("force")?.verdict, "outside-spec");
    assert.equal(verdictsOf({ force: null }).get("force")?.verdict, "bad");
    assert.equal(verdictsOf({ colour: 1 }, "keep").get("colour")?.verdict, "unknown-kept");
    assert.equal(verdictsOf({ colour: 1 }, "drop").get("colour")?.verdict, "left-out");
  });

  it("says why a derived property has no value", () => {
    assert.equal(verdictsOf({ force: 10 }).get("pressure")?.message, "area is not known.");
    assert.match(verdictsOf({ force: 10, area: 0 }).get("pressure")?.message ?? "", /no finite number/);
    assert.equal(verdictsOf({ area: 22 }).get("half")?.message, "11 is out of range.");
  });
});
