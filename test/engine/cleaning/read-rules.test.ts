import assert from "node:assert/strict";
import { readRules } from "../../../engine/cleaning/read-rules";
import { readSpan } from "../../../engine/cleaning/span";

const message = (raw: unknown): string => {
  try {
    readRules(raw);
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
};

describe("readRules", () => {
  it("an absent key means its default, also when it stands as empty text or as an unset variable", () => {
    const expected = {
      property: "t",
      sentinels: [],
      convert: "none",
      rounding: "nearest",
      onWrongType: "drop",
      decimal: "auto",
      zone: "UTC",
      timeFormat: "auto",
      categories: [],
      fromUnit: "",
      toUnit: "",
      unit: undefined,
      min: Number.NEGATIVE_INFINITY,
      max: Number.POSITIVE_INFINITY,
      onRange: "mark",
      stuck: undefined,
      onStuck: "mark",
      maxRate: Number.POSITIVE_INFINITY,
      onRate: "mark",
      outlier: "none",
      robust: false,
      window: undefined,
      k: 3,
      onOutlier: "mark",
      missing: "keep",
      fill: null,
      maxGap: undefined,
      by: "row",
      smooth: "none",
      degree: 2,
      deadband: 0,
      numeric: false,
    };
    assert.deepEqual(readRules([{ property: "t" }]), [expected]);
    const derived = ["numeric", "unit"];
    const empty = Object.fromEntries(
      Object.keys(expected).flatMap((key) => (derived.includes(key) ? [] : [[key, ""]])),
    );
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what Node-RED leaves of an unset variable
    assert.deepEqual(readRules([{ ...empty, fromUnit: null, toUnit: "", property: "t", min: "${T_MIN}" }]), [expected]);
    for (const none of [undefined, null, "", []]) assert.deepEqual(readRules(none), []);
  });

  it("numbers may stand as text", () => {
    const [rule] = readRules([
      { property: "t", min: "0", max: "1e2", k: "2.5", outlier: "iqr", window: "30", deadband: "0.1" },
    ]);
    assert.deepEqual(
      [rule!.min, rule!.max, rule!.k, rule!.window, rule!.deadband],
      [0, 100, 2.5, { unit: "rows", size: 30 }, 0.1],
    );
  });

  it("what the rule does not use is not looked at", () => {
    const [rule] = readRules([
      {
        property: "t",
        fill: {},
        maxGap: "x",
        by: "x",
        window: "x",
        k: "x",
        onOutlier: "x",
        onRange: "x",
        rounding: "x",
        decimal: "x",
        zone: "x",
        timeFormat: "x",
        categories: [{}],
        onStuck: "x",
        onRate: "x",
        robust: "x",
        degree: "x",
      },
    ]);
    assert.equal(rule!.missing, "keep");
  });

  const fills: [Record<string, unknown>, unknown][] = [
    [{ fill: 20 }, 20],
    [{ fill: "20" }, 20],
    [{ fill: 0 }, 0],
    [{ fill: "unknown" }, "unknown"],
    [{ fill: "true" }, true],
    [{ fill: false }, false],
    [{ fill: "20", convert: "string" }, "20"],
    [{ fill: 20, convert: "string" }, "20"],
    [{ fill: "no", convert: "boolean" }, false],
    [{ fill: "20", min: 0 }, 20],
  ];
  for (const [raw, fill] of fills)
    it(`${JSON.stringify(raw)} fills with ${JSON.stringify(fill)}`, () =>
      assert.equal(readRules([{ property: "t", missing: "constant", ...raw }])[0]!.fill, fill));

  const faults: [unknown, string][] = [
    ["ffill", 'rules is "ffill": use a list of rules.'],
    [[5], 'rules[0] is 5: use an object such as { "property": "temperature", "missing": "ffill" }.'],
    [[{}], "rules[0].property is missing: name a property, or * for all numbers."],
    [
      [{ property: "__proto__" }],
      'rules[0].property is "__proto__": use 1 to 128 characters without control characters, or *.',
    ],
    [[{ property: 5 }], "rules[0].property is 5: use 1 to 128 characters without control characters, or *."],
    [
      [{ property: "a" }, { property: "t", missing: "ffil" }],
      'rules[1].missing is "ffil": use keep, drop, constant, ffill, bfill, mean, median or linear.',
    ],
    [[{ property: "t", min: "low" }], 'rules[0].min is "low": use a number, or leave it out.'],
    [[{ property: "t", min: 5, max: 1 }], "rules[0].min is 5: use a value not above max, which is 1."],
    [
      [{ property: "t", convert: "integer", min: 0.2, max: 0.8 }],
      "rules[0].min is 0.2: no whole number lies between min and max.",
    ],
    [
      [{ property: "t", missing: "constant" }],
      'rules[0].fill is missing: missing "constant" needs the value to put in.',
    ],
    [[{ property: "t", missing: "constant", fill: "x", convert: "number" }], 'rules[0].fill is "x": use a number.'],
    [[{ property: "*", missing: "constant", fill: "x" }], 'rules[0].fill is "x": use a number.'],
    [
      [{ property: "t", missing: "constant", fill: 0.5, convert: "integer" }],
      "rules[0].fill is 0.5: use a whole number.",
    ],
    [
      [{ property: "t", missing: "ffill", maxGap: "5 parsecs" }],
      'rules[0].maxGap is "5 parsecs": use a number of rows such as 5, or a time such as 30s, 5m or 2h.',
    ],
    [[{ property: "t", smooth: "mean", window: 20_000 }], "rules[0].window is 20000: use 10000 rows or less."],
    [
      [{ property: "t", smooth: "ewma", window: "5m" }],
      'rules[0].window is "5m": ewma counts rows: use a number such as 5.',
    ],
    [[{ property: "t", outlier: "iqr", k: -1 }], "rules[0].k is -1: use a number above 0."],
    [[{ property: "t", deadband: -1 }], "rules[0].deadband is -1: use 0 (off) or more."],
    [
      [{ property: "t", convert: "string", max: 5 }],
      'rules[0].convert is "string": min and max needs numbers: use number or integer, or leave that out.',
    ],
    [[{ property: "*", convert: "boolean" }], 'rules[0].convert is "boolean": * means all numbers: name the property.'],
    [
      [{ property: "t", sentinels: [{}] }],
      'rules[0].sentinels is a value of type object: use a list of numbers and texts such as [-999, "n/a"].',
    ],
  ];
  for (const [raw, expected] of faults)
    it(`${JSON.stringify(raw)} is refused`, () => assert.equal(message(raw), expected));

  it("a key that does not exist is refused, because the rule would silently do less than was meant", () => {
    assert.match(
      message([{ property: "t", mising: "ffill" }]),
      /^rules\[0\]\.mising is "ffill": there is no such key, use/,
    );
  });
});

describe("readSpan", () => {
  const spans: [unknown, unknown][] = [
    [5, { unit: "rows", size: 5 }],
    ["5", { unit: "rows", size: 5 }],
    ["500ms", { unit: "ms", size: 500 }],
    ["30 s", { unit: "ms", size: 30_000 }],
    ["5m", { unit: "ms", size: 300_000 }],
    ["5min", { unit: "ms", size: 300_000 }],
    ["1.5h", { unit: "ms", size: 5_400_000 }],
    ["2d", { unit: "ms", size: 172_800_000 }],
    [0, undefined],
    [1.5, undefined],
    ["1.5", undefined],
    ["0s", undefined],
    ["-5m", undefined],
    ["5 weeks", undefined],
    [Number.NaN, undefined],
    [{}, undefined],
  ];
  for (const [raw, span] of spans) it(`${String(raw)}`, () => assert.deepEqual(readSpan(raw), span));
});
