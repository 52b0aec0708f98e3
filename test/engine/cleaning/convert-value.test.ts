import assert from "node:assert/strict";
import { convertValue, toInteger, wrongType } from "../../../engine/cleaning/convert-value";
import { toTime } from "../../../engine/cleaning/read-times";
import { readFixture, rule } from "./references";

describe("convertValue", () => {
  const integers = readFixture<{ texts: string[]; nearest: number[]; truncate: number[] }>("integers.json");
  for (const rounding of ["nearest", "truncate"] as const)
    it(`integer, ${rounding}: against Python`, () => {
      const [integer] = rule({ property: "t", convert: "integer", rounding });
      assert.deepEqual(
        integers.texts.map((text) => convertValue(text, integer!)),
        integers[rounding],
      );
    });

  it("integer rounds to nearest unless the rule says otherwise", () => {
    assert.equal(convertValue("45.7", rule({ property: "t", convert: "integer" })[0]!), 46);
    assert.ok(Object.is(toInteger(-0.4, "nearest"), 0));
  });

  it("rounding as Math.round or half to even would be something else", () => {
    const numbers = integers.texts.map(Number);
    assert.notDeepEqual(numbers.map(Math.round), integers.nearest);
    const halfToEven = numbers.map((n) => (Math.abs(n % 1) === 0.5 ? 2 * Math.round(n / 2) : Math.round(n)));
    assert.notDeepEqual(halfToEven, integers.nearest);
  });

  const refused = [
    "hot",
    "12 parsecs",
    "1,234",
    "0x10",
    "Infinity",
    "1 2",
    {},
    [5],
    Number.POSITIVE_INFINITY,
    new Date(0),
  ];
  for (const convert of ["number", "integer"])
    for (const value of refused)
      it(`${String(value)} as ${convert} is neither NaN nor 0`, () =>
        assert.equal(convertValue(value, rule({ property: "t", convert })[0]!), wrongType));

  const cases: [string, unknown, unknown][] = [
    ["number", " +1.5e1 ", 15],
    ["number", true, 1],
    ["number", false, 0],
    ["boolean", "TRUE", true],
    ["boolean", " off ", false],
    ["boolean", 1, true],
    ["boolean", 0, false],
    ["boolean", 2, wrongType],
    ["boolean", "maybe", wrongType],
    ["string", 1.5, "1.5"],
    ["string", false, "false"],
    ["string", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["string", {}, wrongType],
    ["string", Number.POSITIVE_INFINITY, wrongType],
    ["none", "1.5", "1.5"],
  ];
  for (const [convert, value, expected] of cases)
    it(`${String(value)} as ${convert} is ${String(expected)}`, () =>
      assert.equal(convertValue(value, rule({ property: "t", convert })[0]!), expected));

  it("a rule that calculates makes numbers of text, not of true", () => {
    const [ranged] = rule({ property: "t", max: 5 });
    assert.equal(convertValue("4.5", ranged!), 4.5);
    assert.equal(convertValue(true, ranged!), wrongType);
  });
});

describe("toTime", () => {
  const times: [unknown, number][] = [
    [1567762303000, 1567762303000],
    ["1567762303000", 1567762303000],
    ["2019-09-06 09:31:43", Date.UTC(2019, 8, 6, 9, 31, 43)],
    ["2019-09-06T09:31:43Z", Date.UTC(2019, 8, 6, 9, 31, 43)],
    ["2019-09-06T09:31:43.250+02:00", Date.UTC(2019, 8, 6, 7, 31, 43, 250)],
    ["2019-09-06T09:31+0200", Date.UTC(2019, 8, 6, 7, 31)],
    ["2019-09-06", Date.UTC(2019, 8, 6)],
    [new Date(5), 5],
    ["nov.18", Number.NaN],
    ["2019-13-06", Number.NaN],
    [null, Number.NaN],
    ["", Number.NaN],
  ];
  for (const [cell, expected] of times) it(`${String(cell)}`, () => assert.equal(toTime(cell), expected));
});
