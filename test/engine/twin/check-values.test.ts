import { strict as assert } from "node:assert";
import type { TwinModel } from "../../../engine/contract/model";
import { checkValues } from "../../../engine/twin/check-values";
import { property } from "../property-spec";

const press: TwinModel = {
  model: "press",
  version: 1,
  staleAfter: 0,
  unknown: "reject",
  properties: new Map(
    [
      property("force", { unit: "kN", min: 0, max: 50 }),
      property("count", { type: "integer" }),
      property("guard", { type: "boolean" }),
      property("lot", { type: "string" }),
    ].map((spec) => [spec.name, spec]),
  ),
};

const json = (text: string): Record<string, unknown> => JSON.parse(text);

describe("checkValues", () => {
  const accepted: [string, TwinModel | undefined, Record<string, unknown>, Record<string, unknown>, boolean?][] = [
    [
      "fitting values",
      press,
      { force: 6.8, count: 3, guard: true, lot: "A" },
      { force: 6.8, count: 3, guard: true, lot: "A" },
    ],
    ["null as no reading", press, { force: null }, { force: null }],
    [
      "any property without a model",
      undefined,
      { température: 1, "motor.speed": 2 },
      { température: 1, "motor.speed": 2 },
    ],
    ["text as number from CSV", press, { force: "6.8", count: " 3 " }, { force: 6.8, count: 3 }, true],
    ["blank text as no reading from CSV", press, { force: "  ", lot: "" }, { force: null, lot: null }, true],
    ["text as boolean from CSV", press, { guard: "TRUE" }, { guard: true }, true],
    ["text as it is from CSV without a model", undefined, { a: "x", b: "1e3" }, { a: "x", b: 1000 }, true],
    ["the limits themselves", press, { force: 50 }, { force: 50 }],
  ];
  for (const [what, model, values, expected, fromText] of accepted) {
    it(`takes ${what}`, () => assert.deepEqual(checkValues(model, values, { fromText }), { values: expected }));
  }

  const refused: [string, TwinModel | undefined, Record<string, unknown>, string, string, boolean?][] = [
    ["text for a number", press, { force: "6.8" }, "wrong-type", "force"],
    ["NaN", press, { force: Number.NaN }, "wrong-type", "force"],
    ["infinity without a model", undefined, { a: Number.POSITIVE_INFINITY }, "wrong-type", "a"],
    ["a fraction for an integer", press, { count: 3.5 }, "wrong-type", "count"],
    ["1 for a boolean", press, { guard: 1 }, "wrong-type", "guard"],
    ["an object", undefined, { a: { b: 1 } }, "wrong-type", "a"],
    ["above the range", press, { force: 50.1 }, "out-of-range", "force"],
    ["below the range", press, { force: -0.1 }, "out-of-range", "force"],
    ["an unknown property", press, { forse: 1 }, "unknown-property", "forse"],
    ["__proto__", undefined, json('{"__proto__": 1}'), "bad-name", "__proto__"],
    ["__proto__ inside a flattened name", undefined, { "a.__proto__.b": 1 }, "bad-name", "a.__proto__.b"],
    ["constructor", undefined, { constructor: 1 }, "bad-name", "constructor"],
    ["a newline in a name", undefined, { "a\nb": 1 }, "bad-name", "a\nb"],
    ["a quote in a name", undefined, { 'a"b': 1 }, "bad-name", 'a"b'],
    ["an empty name", undefined, { "": 1 }, "bad-name", ""],
    ["words for a number from CSV", press, { force: "abc" }, "wrong-type", "force", true],
  ];
  for (const [what, model, values, code, name, fromText] of refused) {
    it(`refuses ${what}, naming property and fix`, () => {
      const result = checkValues(model, values, { fromText });
      assert.ok("error" in result);
      assert.equal(result.error.code, code);
      assert.equal(result.error.property, name);
      assert.ok(result.error.hint.length > 10);
    });
  }

  it("leaves unknown properties out or keeps them as the model says", () => {
    assert.deepEqual(checkValues({ ...press, unknown: "drop" }, { force: 1, x: 2 }), { values: { force: 1 } });
    assert.deepEqual(checkValues({ ...press, unknown: "keep" }, { force: 1, x: 2 }), { values: { force: 1, x: 2 } });
  });
});
