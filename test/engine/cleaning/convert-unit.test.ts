import assert from "node:assert/strict";
import * as library from "unitsnet-js";
import { cleanTable } from "../../../engine/cleaning/clean-table";
import { findConversion, isUnit, type LinearConversion } from "../../../engine/cleaning/convert-unit";
import { createCleaner } from "../../../engine/cleaning/create-cleaner";
import { withModelUnits } from "../../../engine/cleaning/read-conversion";
import { readFixture, rule } from "./references";

const conversion = (from: string, to: string): LinearConversion => {
  const found = findConversion(from, to);
  if (typeof found === "string") assert.fail(`${from} to ${to}: ${found}`);
  return found;
};
const near = (actual: number, expected: number, relative: number): boolean =>
  Math.abs(actual - expected) <= relative * Math.abs(expected);

describe("findConversion", () => {
  const reference = readFixture<{
    factors: [string, string, number][];
    temperatures: [number, string, string, number][];
  }>("units.json");

  // The library has pi to 11 digits and mmHg, horsepower and the like as they are rounded in practice.
  const coarse = new Map([
    ["mmHg", 2e-7],
    ["eV", 1e-7],
    ["hp(M)", 1e-5],
  ]);
  for (const [from, to, factor] of reference.factors)
    it(`${from} to ${to} is ${factor}, and back`, () => {
      const { gain, offset } = conversion(from, to);
      assert.ok(near(gain, factor, coarse.get(from) ?? 1e-11), `${gain}`);
      assert.equal(offset, 0);
      assert.ok(near(conversion(to, from).gain, 1 / factor, coarse.get(from) ?? 1e-11));
    });

  for (const [value, from, to, expected] of reference.temperatures)
    it(`${value} ${from} is ${expected} ${to}`, () => {
      const { gain, offset } = conversion(from, to);
      assert.ok(Math.abs(value * gain + offset - expected) < 1e-10);
    });

  it("knows the ways people write a unit", () => {
    const same: string[][] = [
      ["N·m", "N*m", "N.m", "N m", "Nm"],
      ["m³/h", "m3/h", "m^3/h", "m**3 / h"],
      ["µm", "μm", "um"],
      ["ml/min", "mL/min"],
      ["kΩ", "kOhm", "kohm"],
      ["°C", "degC", "℃", "Cel"],
      ["cmH₂O", "cmH2O", "cm[H2O]"],
      ["rpm", "1/min", "rev/min", "U/min", "min⁻¹"],
      ["m/s²", "m/s2", "m/s^2"],
    ];
    for (const [first, ...others] of same)
      for (const other of others) assert.deepEqual(conversion(first!, other).gain, 1, `${first} ${other}`);
    assert.equal(conversion("mW", "MW").gain, 1e-9, "small and large letters differ");
  });

  const faults: [string, string, string][] = [
    ["bar", "m", '"bar" measures pressure, "m" length'],
    ["J", "N.m", '"J" measures energy, "N.m" torque'],
    ["mg/dl", "mmol/l", '"mg/dl" measures density or mass concentration, "mmol/l" molarity'],
    ["mm2/kg", "m", '"mm2/kg" measures (area) per (mass), "m" length'],
    ["furlong", "m", '"furlong" is no unit that is known'],
    ["m", "__proto__", '"__proto__" is no unit that is known'],
    ["bar", "", '"" is no unit that is known'],
  ];
  for (const [from, to, problem] of faults)
    it(`${from} to ${to || "nothing"} is refused`, () => assert.equal(findConversion(from, to), problem));

  it("a unit is the same as itself, known or not", () =>
    assert.deepEqual(findConversion("pcs", "pcs"), { from: "pcs", to: "pcs", gain: 1, offset: 0 }));

  it("where an abbreviation means two quantities, either gives the same factor", () => {
    type Quantity = new (
      value: number,
      unit: string,
    ) => { convert(to: string): number; getUnitAbbreviation(unit: string): string };
    const names = new Map<string, [Quantity, string][]>();
    const exported = new Map<string, unknown>(Object.entries(library));
    for (const [key, units] of exported) {
      const quantity = exported.get(key.replace(/Units$/, ""));
      if (!key.endsWith("Units") || typeof quantity !== "function") continue;
      for (const unit of Object.values(units as Record<string, string>)) {
        const of = quantity as Quantity;
        const name = new of(1, unit).getUnitAbbreviation(unit);
        if (name && isUnit(name)) names.set(name, [...(names.get(name) ?? []), [of, unit]]);
      }
    }
    let compared = 0;
    const differ: string[] = [];
    // Within a quantity the first one has the name, see convert-unit.ts.
    const several = [...names].map(([name, meanings]): [string, [Quantity, string][]] => [
      name,
      meanings.filter(([of], i) => meanings.findIndex(([other]) => other === of) === i),
    ]);
    for (const [from, meanings] of several)
      for (const [to, others] of several) {
        const factors = meanings.flatMap(([of, unit]) =>
          others.filter(([other]) => other === of).map(([, target]) => new of(1, unit).convert(target)),
        );
        if (factors.length < 2 || meanings.some(([of], i) => meanings.findIndex(([other]) => other === of) !== i))
          continue;
        compared++;
        if (!factors.every((factor) => near(factor, factors[0]!, 1e-9))) differ.push(`${from} ${to}: ${factors}`);
      }
    // The one that would not is left out: h and m are an hour and a metre, a hand has no name and a minute is min.
    assert.deepEqual(
      differ.map((pair) => pair.slice(0, 3)),
      ["h m", "m h"],
    );
    assert.equal(findConversion("h", "m"), '"h" measures duration, "m" length');
    assert.equal(conversion("h", "min").gain, 60);
    assert.ok(compared > 100, `${compared}`);
  });
});

describe("units in a rule", () => {
  const kPa = { property: "p", fromUnit: "bar", toUnit: "kPa" };

  it("bar becomes kPa, degC becomes K, rpm becomes rad/s or Hz; the range is in the new unit", () => {
    const { rows, report } = cleanTable(
      [{ p: 2 }, { p: "1.5" }, { p: null }],
      rule({ ...kPa, max: 180, onRange: "clamp" }),
    );
    assert.deepEqual(rows, [{ p: 180 }, { p: 150 }, { p: null }]);
    assert.deepEqual([report.properties.p!.converted, report.properties.p!.clamped], [2, 1]);
    assert.deepEqual(cleanTable([{ t: 20 }], rule({ property: "t", fromUnit: "degC", toUnit: "K" })).rows, [
      { t: 293.15 },
    ]);
    assert.deepEqual(cleanTable([{ n: 3000 }], rule({ property: "n", fromUnit: "rpm", toUnit: "Hz" })).rows, [
      { n: 50 },
    ]);
  });

  it("a sentinel is named as the device sends it, and raw keeps what came", () => {
    const cleaner = createCleaner(rule({ ...kPa, sentinels: [-999] }));
    const { samples } = cleaner.clean([-999, 2].map((p, ts) => ({ id: "a", ts, values: { p } })));
    assert.deepEqual(samples[0], { id: "a", ts: 0, values: { p: null }, raw: { p: -999 }, quality: { p: "bad" } });
    assert.deepEqual(samples[1], { id: "a", ts: 1, values: { p: 200 }, raw: { p: 2 } });
  });

  it("text with a unit of its own is converted from that", () => {
    const cells = ["12 mm", "1,5 cm", "0.02m", 7, "3 s", "4 parsecs"].map((x) => ({ x }));
    const { rows, dropped } = cleanTable(cells, rule({ property: "x", fromUnit: "mm", toUnit: "mm" }));
    assert.deepEqual(rows, [{ x: 12 }, { x: 15 }, { x: 20 }, { x: 7 }]);
    assert.deepEqual(
      dropped.map(({ error }) => error.message),
      ['x is "3 s", which cannot be made a number of mm.', 'x is "4 parsecs", which cannot be made a number of mm.'],
    );
    const bare = cleanTable(cells, rule({ property: "x", toUnit: "mm" }));
    assert.deepEqual(bare.rows, rows, "toUnit alone takes numbers as they are");
  });

  it("an infinite result is no number", () =>
    assert.equal(cleanTable([{ p: 1e308 }], rule(kPa)).dropped[0]!.error.code, "wrong-type"));

  it("whole numbers are rounded after converting", () =>
    assert.deepEqual(cleanTable([{ p: 0.0256 }], rule({ ...kPa, convert: "integer" })).rows, [{ p: 3 }]));

  it("fromUnit alone takes the unit of the model", () => {
    const [read] = withModelUnits(rule({ property: "p", fromUnit: "bar" }), () => "kPa");
    assert.deepEqual([read!.toUnit, read!.unit], ["kPa", { from: "bar", to: "kPa", gain: 100, offset: 0 }]);
    assert.throws(() => withModelUnits(rule({ property: "p", fromUnit: "bar" }), () => undefined), {
      code: "bad-setting",
      message: "rules[0].toUnit is missing: name the unit that p shall have, or choose a model that does.",
    });
    assert.throws(() => withModelUnits(rule({ property: "p", fromUnit: "bar" }), () => "s"), {
      code: "bad-setting",
      message:
        /^rules\[0\] converts "bar" to "s", but "bar" measures pressure, "s" duration: use units of one dimension/,
    });
    const [given] = withModelUnits(rule(kPa), () => "s");
    assert.equal(given!.toUnit, "kPa", "the rule's own stands");
  });

  it("numbers in text have the unit of the model, so that 12 mm is not 12 m", () => {
    const inMetres = (raw: Record<string, unknown>) =>
      cleanTable(
        ["12 mm", "3", 4, "5 s"].map((x) => ({ x })),
        withModelUnits(rule({ property: "x", ...raw }), () => "m"),
      );
    const { rows, dropped } = inMetres({ convert: "number" });
    assert.deepEqual(rows, [{ x: 0.012 }, { x: 3 }, { x: 4 }]);
    assert.equal(dropped[0]!.error.message, 'x is "5 s", which cannot be made a number of m.');
    assert.deepEqual(inMetres({ max: 5 }).rows, [{ x: 3 }, { x: 4 }], "a rule that only calculates reads no units");
    const pieces = withModelUnits(rule({ property: "x", convert: "number" }), () => "pcs");
    assert.deepEqual(cleanTable([{ x: "7 pcs" }, { x: 8 }], pieces).rows, [{ x: 7 }, { x: 8 }]);
    const [all] = withModelUnits(rule({ property: "*", convert: "number" }), () => "m");
    assert.equal(all!.toUnit, "");
  });

  const faults: [Record<string, unknown>, RegExp][] = [
    [{ fromUnit: "bar", toUnit: "m" }, /^rules\[0\] converts "bar" to "m", but "bar" measures pressure, "m" length/],
    [{ fromUnit: "bra", toUnit: "kPa" }, /"bra" is no unit that is known/],
    [{ fromUnit: 5 }, /^rules\[0\]\.fromUnit is 5: use text/],
    [{ ...kPa, convert: "string" }, /^rules\[0\]\.convert is "string": units need numbers/],
    [{ ...kPa, convert: "time" }, /^rules\[0\]\.convert is "time": units need numbers/],
    [{ property: "*", fromUnit: "bar" }, /^rules\[0\]\.toUnit is missing/],
  ];
  for (const [raw, message] of faults)
    it(`${JSON.stringify(raw)} is refused`, () =>
      assert.throws(() => rule({ property: "p", ...raw }), { code: "bad-setting", message }));
});
