import assert from "node:assert/strict";
import fc from "fast-check";
import { Refusal } from "../../../engine/contract/errors";
import { detectFormat } from "../../../engine/ingest/detect-format";
import { parseJson } from "../../../engine/ingest/parse-json";
import { readTime } from "../../../engine/ingest/read-time";
import { readCsv } from "../../../nodes/lib/read-csv";
import type { Encoding } from "../../../nodes/twin-ingest/decode";
import { readText } from "../../../nodes/twin-ingest/read-text";

function refusal(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    assert.ok(error.info.hint);
    return error;
  }
  throw new Error("nothing was refused");
}

describe("JSON", () => {
  const nest = (levels: number, open = "[", close = "]"): string => open.repeat(levels) + close.repeat(levels);

  it("is taken to depth 32 and refused beyond, brackets in texts not counted", () => {
    assert.ok(parseJson(nest(32), 32));
    assert.equal(refusal(() => parseJson(nest(33), 32)).code, "too-deep");
    assert.equal(refusal(() => parseJson(nest(20_000, '{"a":', "1}").replace("1}", "1}"), 32)).code, "too-deep");
    assert.deepEqual(parseJson(JSON.stringify({ a: '[[[["\\'.repeat(20) }), 32), { a: '[[[["\\'.repeat(20) });
  });

  it("says what is wrong, NaN by name", () => {
    assert.match(refusal(() => parseJson('{"a":NaN}', 32)).info.hint, /NaN.*null/);
    assert.equal(refusal(() => parseJson('{"a":', 32)).code, "bad-json");
    assert.doesNotMatch(refusal(() => parseJson('{"a":\n\u0007x}', 32)).message, /\p{Cc}/u);
  });

  it("refuses or parses any text, as JSON.parse does (fuzz)", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.string({ unit: "binary" })), (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          refusal(() => parseJson(text, 1000));
          return;
        }
        assert.deepEqual(parseJson(text, 1000), expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("times", () => {
  const at = Date.UTC(2026, 2, 31, 8, 5, 6, 789);
  for (const [value, expected] of [
    [at, at],
    [0, 0],
    [String(at), at],
    [` ${at} `, at],
    ["2026-03-31T08:05:06.789Z", at],
    ["2026-03-31T08:05:06.789999999Z", at],
    ["2026-03-31T08:05:06,789z", at],
    ["2026-03-31T16:05:06.789+08:00", at],
    ["2026-03-31T16:05:06.789+0800", at],
    ["2026-03-31T03:05:06.789-05", at],
    // Without a zone: UTC, whatever the computer's own zone is.
    ["2026-03-31 08:05:06.789", at],
    ["2026-03-31T08:05", Date.UTC(2026, 2, 31, 8, 5)],
    ["2026-03-31", Date.UTC(2026, 2, 31)],
    ["2024-02-29", Date.UTC(2024, 1, 29)],
  ] as const)
    it(`reads ${JSON.stringify(value)}`, () => assert.equal(readTime(value), expected));

  for (const value of [
    "",
    "  ",
    "yesterday",
    "31.03.2026",
    "03/31/2026",
    "2026-02-29",
    "2026-13-01",
    "2026-03-31T25:00:00Z",
    "2026-03-31T08:61:00Z",
    "2026-03-31T08:05:06+99:00:00",
    1.5,
    -1,
    9_223_372_036_855,
    8.64e15,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    {},
    [1],
    new Date(),
    10n,
    "99999999999999999999",
    "0x10",
    "1e12",
  ])
    it(`refuses ${typeof value === "bigint" ? "10n" : JSON.stringify(value)}`, () => {
      const result = readTime(value);
      assert.ok(typeof result === "object" && result.message && result.hint, String(result));
    });

  it("guesses that a number with a fraction near 1.7e9 was meant as seconds", () => {
    const result = readTime(1_790_000_000.25);
    assert.match(typeof result === "object" ? result.hint : "", /multiplied by 1000/);
  });

  it("gives back what Date writes, for any time (fuzz)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_223_372_036_854 }), (ms) => {
        assert.equal(readTime(new Date(ms).toISOString()), ms);
      }),
    );
  });
});

describe("CSV", () => {
  for (const [why, text, rows] of [
    [
      "commas",
      "a,b\n1,2\n3,4",
      [
        { a: "1", b: "2" },
        { a: "3", b: "4" },
      ],
    ],
    ["semicolons and decimal commas", "a;b\r\n6,8;x,y\r\n", [{ a: "6.8", b: "x,y" }]],
    ["tabs", "a\tb\n-1,5\t2", [{ a: "-1.5", b: "2" }]],
    ["quotes", 'a,"b, c"\n"1,000","say ""hi"""', [{ a: "1,000", "b, c": 'say "hi"' }]],
    ["a byte order mark, blanks and empty lines", "\uFEFFa , b\n\n 1 , 2 \n\n", [{ a: "1", b: "2" }]],
    ["one column", "speed\n1\n2", [{ speed: "1" }, { speed: "2" }]],
    ["a blank column at the end, as spreadsheets have it", "a,b,\n1,2,\n", [{ a: "1", b: "2" }]],
    ["Chinese names", "温度,湿度\n25,45", [{ 温度: "25", 湿度: "45" }]],
    ["blanks", "a,b\n,2", [{ a: "", b: "2" }]],
    ["bars", "a|b\n6,8|x", [{ a: "6.8", b: "x" }]],
    ["the separator that Excel says", "sep=;\r\na;b\r\n1,5;2", [{ a: "1.5", b: "2" }]],
  ] as const)
    it(`reads ${why}`, () => assert.deepEqual(readCsv(text).rows, rows));

  it("reads lines without a header, by the names of the node", () => {
    const rows = [
      { a: "1.5", b: "2" },
      { a: "3", b: "4" },
    ];
    assert.deepEqual(readCsv("1,5;2\n3;4", ["a", "b"]).rows, rows);
    // Some machines write the names now and then all the same.
    assert.deepEqual(readCsv("a;b\n1,5;2\n3;4", ["a", "b"]).rows, rows);
    const { faults } = readCsv("1,2\n3", ["a", "b"]);
    assert.match(faults.get(1)?.message ?? "", /Line 2 has 1 cells/);
    assert.equal(refusal(() => readCsv("", ["a", "b"])).code, "bad-csv");
    assert.deepEqual(readText("7;8", { format: "auto", columns: ["a", "b"] }).value, [{ a: "7", b: "8" }]);
  });

  it("marks a line with too many or too few cells, and reads the others", () => {
    const { rows, faults } = readCsv("a,b\n1,2\n1\n1,2,3\n5,6");
    assert.equal(rows.length, 4);
    assert.deepEqual([...faults.keys()], [1, 2]);
    assert.match(faults.get(1)?.message ?? "", /Line 3 has 1 cells, the header 2/);
  });

  for (const [why, text, code] of [
    ["an open quote", 'a,b\n"1,2', "bad-csv"],
    ["a column named twice", "a,a\n1,2", "bad-csv"],
    ["no line below the header", "a,b\n", "bad-csv"],
    ["__proto__ as a column", "__proto__,b\n1,2", "bad-name"],
    ["nothing", "", "bad-csv"],
  ] as const)
    it(`refuses ${why}`, () => assert.equal(refusal(() => readCsv(text)).code, code));

  it("reads or refuses any text (fuzz)", () => {
    const cells = fc.array(fc.array(fc.constantFrom("a", '"', ",", ";", "\n", "\t", "1,5", "__proto__", " ")), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          cells.map((lines) => lines.flat().join("")),
        ),
        (text) => {
          try {
            readCsv(text);
          } catch (error) {
            assert.ok(error instanceof Refusal, String(error));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("telling JSON from CSV", () => {
  for (const [text, format] of [
    [' {"a":1}', "json"],
    ["\n[1", "json"],
    ["a,b\n1,2", "csv"],
    ["a\n1", "csv"],
    ["25", undefined],
    ["hello", undefined],
    ["a,b\n", undefined],
    ["", undefined],
  ] as const)
    it(`${JSON.stringify(text)} is ${format}`, () => assert.equal(detectFormat(text), format));
});

describe("bytes", () => {
  it("are text in UTF-8, with or without a byte order mark", () => {
    assert.deepEqual(readText(Buffer.from('\uFEFF{"温度":25}'), { format: "auto" }).value, { 温度: 25 });
    assert.deepEqual(readText(new TextEncoder().encode('{"a":1}'), { format: "auto" }).value, { a: 1 });
    const gbk = Buffer.from([0x7b, 0x22, 0xce, 0xc2, 0x22, 0x3a, 0x31, 0x7d]);
    assert.match(refusal(() => readText(gbk, { format: "auto" })).info.hint, /UTF-8/);
    const csv = (bytes: Buffer, encoding: Encoding): unknown => readText(bytes, { format: "csv", encoding }).value;
    assert.deepEqual(csv(Buffer.concat([Buffer.from("a\n"), gbk.subarray(2, 4)]), "gb18030"), [{ a: "温" }]);
    // The table of windows-1252 (WHATWG Encoding Standard, index-windows-1252.txt): 0x80 is U+20AC, 0x92 U+2019, 0xb0 U+00B0.
    assert.deepEqual(csv(Buffer.from("a\n\x80\x92\xb0\xfc", "latin1"), "windows-1252"), [{ a: "€’°ü" }]);
    assert.deepEqual(csv(Buffer.from("\uFEFFa\n温", "utf16le"), "utf-16le"), [{ a: "温" }]);
    assert.equal(refusal(() => csv(Buffer.from([0x61, 0x0a, 0xff, 0xff]), "gb18030")).code, "bad-payload");
  });

  it("are taken to 1 MiB and refused beyond, before they are parsed", () => {
    const text = (bytes: number): string => `{"a":"${"x".repeat(bytes - 8)}"}`;
    assert.ok(readText(text(1_048_576), { format: "auto" }));
    for (const payload of [
      text(1_048_577),
      Buffer.from(text(1_048_577)),
      Buffer.alloc(5_000_000),
      "温".repeat(349_526),
    ])
      assert.equal(refusal(() => readText(payload, { format: "auto" })).code, "too-large");
  });

  it("are parsed as the format setting says, or the door knows", () => {
    assert.equal(refusal(() => readText("a,b\n1,2", { format: "json" })).code, "bad-json");
    assert.equal(refusal(() => readText("a,b\n1,2", { format: "auto" }, { format: "json" })).code, "bad-json");
    assert.deepEqual(readText("[a],b\n1,2", { format: "csv" }).value, [{ "[a]": "1", b: "2" }]);
    assert.equal(refusal(() => readText("hello", { format: "auto" })).code, "bad-payload");
  });

  it("give back objects as they are", () => {
    const payload = { a: 1 };
    assert.equal(readText(payload, { format: "csv" }).value, payload);
  });
});
