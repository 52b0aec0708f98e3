import assert from "node:assert/strict";
import { cleanTable } from "../../../engine/cleaning/clean-table";
import { convertValue, wrongType } from "../../../engine/cleaning/convert-value";
import { readNumber } from "../../../engine/cleaning/read-number";
import { createTimeReader } from "../../../engine/cleaning/time-reader";
import { readFixture, rule } from "./references";

describe("readNumber", () => {
  /** Text -> what it is by `auto`, `point` and `comma`. */
  const texts: [string, number | undefined, number | undefined, number | undefined][] = [
    ["12", 12, 12, 12],
    ["-1.5", -1.5, -1.5, undefined],
    ["1,23", 1.23, undefined, 1.23],
    ["1.234", 1.234, 1.234, 1234],
    ["1,234", undefined, 1234, 1.234],
    ["0,234", 0.234, undefined, 0.234],
    ["1.234,5", 1234.5, undefined, 1234.5],
    ["1,234.5", 1234.5, 1234.5, undefined],
    ["1.234.567", 1234567, undefined, 1234567],
    ["1,234,567", 1234567, 1234567, undefined],
    ["12.345.67", undefined, undefined, undefined],
    ["1.23.456", undefined, undefined, undefined],
    ["1 234,5", 1234.5, undefined, 1234.5],
    ["1\u00a0234\u00a0567", 1234567, 1234567, 1234567],
    ["1'234.5", 1234.5, 1234.5, undefined],
    ["1 2", undefined, undefined, undefined],
    ["12345,678", 12345.678, undefined, 12345.678],
    [",5", 0.5, undefined, 0.5],
    [".5", 0.5, 0.5, undefined],
    ["+7", 7, 7, 7],
    ["\u22125,5", -5.5, undefined, -5.5],
    ["1,5e3", 1500, undefined, 1500],
    ["1.5E-3", 0.0015, 0.0015, undefined],
    ["  42  ", 42, 42, 42],
    ["1e999", undefined, undefined, undefined],
    ["", undefined, undefined, undefined],
    [",", undefined, undefined, undefined],
    ["0x10", undefined, undefined, undefined],
    ["hot", undefined, undefined, undefined],
    ["--5", undefined, undefined, undefined],
    [`1${"0".repeat(200)}`, undefined, undefined, undefined],
  ];
  for (const [text, auto, point, comma] of texts)
    it(JSON.stringify(text).slice(0, 40), () => {
      const value = (decimal: "auto" | "point" | "comma"): number | undefined => {
        const found = readNumber(text, decimal);
        return found && (found.unit === "" ? found.value : undefined);
      };
      assert.deepEqual([value("auto"), value("point"), value("comma")], [auto, point, comma]);
    });

  it("gives what stands behind the number", () => {
    for (const [text, value, unit] of [
      ["12 mm", 12, "mm"],
      ["1,5mm", 1.5, "mm"],
      ["45.7 %", 45.7, "%"],
      ["-20 °C", -20, "°C"],
      ["1.2e3 N·m", 1200, "N·m"],
      ["3 l / min", 3, "l / min"],
    ] as const)
      assert.deepEqual(readNumber(text, "auto"), { value, unit });
  });

  it("takes no longer for a long text", () => {
    for (const text of ["1 ".repeat(50_000), "1,".repeat(50_000), "9".repeat(100_000), `1${" ".repeat(99)}x`])
      assert.equal(readNumber(text, "auto")?.unit ?? "x", "x");
  });
});

describe("numbers in text", () => {
  const convert = (value: unknown, raw: Record<string, unknown>) =>
    convertValue(value, rule({ property: "x", ...raw })[0]!);

  it("by convert number and integer, with a unit that is known", () => {
    assert.equal(convert("1.234,5", { convert: "number" }), 1234.5);
    assert.equal(convert("12 mm", { convert: "number" }), 12);
    assert.equal(convert("2,5 kg", { convert: "integer" }), 3);
    for (const text of ["12 parsecs", "12:30", "7-8", "2019-09-06", "1/2", "20M"])
      assert.equal(convert(text, { convert: "number" }), wrongType, text);
  });

  it("a rule that only calculates takes plain decimals, as before", () => {
    assert.equal(convert("12.5", { max: 50 }), 12.5);
    for (const text of ["12,5", "12 mm"]) assert.equal(convert(text, { max: 50 }), wrongType);
  });

  it("under * a text such as 20M is a name, not a quantity", () => {
    const table = [{ strength: "20 m", weight: "1,5" }];
    const { rows } = cleanTable(table, rule({ property: "*", convert: "number" }));
    assert.deepEqual(rows, [{ strength: "20 m", weight: 1.5 }]);
  });

  it("the error says what to do", () => {
    const { dropped } = cleanTable([{ x: "1,234" }], rule({ property: "x", convert: "number" }));
    assert.match(dropped[0]!.error.hint, /say in the rule's decimal whether a point or a comma parts decimals/);
    assert.throws(() => rule({ property: "x", convert: "number", decimal: "dot" }), {
      message: 'rules[0].decimal is "dot": use auto, point or comma.',
    });
  });
});

describe("convert: time", () => {
  const { clocks, ...zones } = readFixture<Record<string, number[]> & { clocks: string[] }>("zones.json");
  for (const [zone, expected] of Object.entries(zones))
    if (zone !== "source")
      it(`clocks of ${zone} are those of Python, where they jump too`, () => {
        const auto = createTimeReader(zone, "auto");
        const pattern = createTimeReader(zone, "dd.MM.yyyy HH:mm:ss");
        clocks.forEach((clock, i) => {
          assert.equal(auto(clock), expected[i], clock);
          const german = clock.replace(/^(\d+)-(\d+)-(\d+)T/, "$3.$2.$1 ");
          assert.equal(pattern(german), expected[i], german);
          assert.equal(auto(german), expected[i], german);
        });
      });

  const utc = Date.UTC(2019, 8, 6, 9, 31, 43);
  const cases: [string, string, unknown, number][] = [
    ["UTC", "auto", utc, utc],
    ["Asia/Tokyo", "auto", String(utc), utc],
    ["UTC", "auto", utc + 0.7, utc],
    ["Asia/Tokyo", "auto", "2019-09-06T09:31:43Z", utc],
    ["Asia/Tokyo", "auto", "2019-09-06T11:31:43+02:00", utc],
    ["Asia/Tokyo", "auto", "2019-09-06T11:31:43.250+0200", utc + 250],
    ["+02:00", "auto", "2019-09-06 11:31:43", utc],
    ["UTC+2", "auto", "2019/9/6 11:31:43", utc],
    ["-0530", "auto", "06.09.2019 04:01:43", utc],
    ["Asia/Tokyo", "auto", "20190906T093143Z", utc],
    ["UTC", "auto", "20190906T0931", utc - 43_000],
    ["UTC", "auto", "2019-09-06", Date.UTC(2019, 8, 6)],
    ["Asia/Shanghai", "auto", "2019-09-06", Date.UTC(2019, 8, 5, 16)],
    ["UTC", "auto", new Date(utc), utc],
    ["UTC", "X", utc / 1000, utc],
    ["UTC", "X", String(utc / 1000 + 0.25), utc + 250],
    ["UTC", "x", utc, utc],
    ["UTC", "MMM d yyyy h:mm a", "Sep 6 2019 9:31 AM", utc - 43_000],
    ["Asia/Tokyo", "yyyy-MM-dd'T'HH:mm:ssZZ", "2019-09-06T11:31:43+02:00", utc],
    ["UTC", "yyyyMMddHHmmss", "20190906093143", utc],
    ["UTC", "auto", "nov.18", Number.NaN],
    ["UTC", "auto", "09/06/2019", Number.NaN],
    ["UTC", "auto", "2019-02-31", Number.NaN],
    ["UTC", "auto", "2019-09-06 25:00", Number.NaN],
    ["UTC", "auto", Number.NaN, Number.NaN],
    ["UTC", "auto", -5, Number.NaN],
    ["UTC", "auto", 1e300, Number.NaN],
    ["UTC", "auto", true, Number.NaN],
    ["UTC", "auto", {}, Number.NaN],
    ["UTC", "dd.MM.yyyy", "31.02.2019", Number.NaN],
    ["UTC", "dd.MM.yyyy", 20190906, Number.NaN],
    ["UTC", "X", "soon", Number.NaN],
  ];
  for (const [zone, pattern, value, expected] of cases)
    it(`${String(value)} by ${pattern} in ${zone}`, () =>
      assert.equal(createTimeReader(zone, pattern)(value), expected));

  it("makes whole milliseconds of a column, and a wrong one drops its row", () => {
    const raw = { property: "at", convert: "time", zone: "Europe/Berlin", timeFormat: "dd.MM.yyyy HH:mm" };
    const { rows, dropped } = cleanTable([{ at: "06.09.2019 11:31" }, { at: "soon" }, { at: "" }], rule(raw));
    assert.deepEqual(rows, [{ at: utc - 43_000 }, { at: null }]);
    assert.equal(dropped[0]!.error.message, 'at is "soon", which cannot be made a time.');
    assert.match(dropped[0]!.error.hint, /^Send times as dd\.MM\.yyyy HH:mm/);
  });

  const faults: [Record<string, unknown>, string][] = [
    [
      { zone: "Berlin" },
      'rules[0].zone is "Berlin": use an IANA zone such as Europe/Berlin, or an offset such as +02:00.',
    ],
    [
      { zone: "+25:00" },
      'rules[0].zone is "+25:00": use an IANA zone such as Europe/Berlin, or an offset such as +02:00.',
    ],
    [
      { timeFormat: "DD.MM.YYYY" },
      'rules[0].timeFormat is "DD.MM.YYYY": use auto, X (seconds), x (ms), or a pattern with year, month and day such as dd.MM.yyyy HH:mm:ss.',
    ],
    [
      { timeFormat: "HH:mm" },
      'rules[0].timeFormat is "HH:mm": use auto, X (seconds), x (ms), or a pattern with year, month and day such as dd.MM.yyyy HH:mm:ss.',
    ],
  ];
  for (const [raw, message] of faults)
    it(`${JSON.stringify(raw)} is refused`, () =>
      assert.throws(() => rule({ property: "x", convert: "time", ...raw }), { code: "bad-setting", message }));
});
