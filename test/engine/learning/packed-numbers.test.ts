import assert from "node:assert/strict";
import { fromBase64, toBase64 } from "../../../engine/learning/base64";
import { packNumbers, unpackNumbers } from "../../../engine/learning/packed-numbers";

describe("base64", () => {
  it("is that of Node.js, at every length and at the end of each piece", () => {
    for (const length of [...Array(10).keys(), 6143, 6144, 6145, 12288, 20_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255);
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"), `${length}`);
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
    }
  });
  it("refuses what is none", () => {
    for (const text of ["A", "AAA", "A*AA", "AA=A", "ÄAAA"]) assert.throws(() => fromBase64(text), RangeError, text);
  });
});

describe("packed numbers", () => {
  const cases: [string, number[], string][] = [
    ["none", [], "uint8"],
    ["few different ones, in a table", Array.from({ length: 1000 }, (_, i) => (i % 7) / 3), "uint8"],
    ["some hundred different ones", Array.from({ length: 5000 }, (_, i) => (i % 700) / 3), "uint16"],
    ["four bytes where these are exact", Array.from({ length: 300 }, (_, i) => i + 0.5), "float32"],
    ["eight bytes where not", Array.from({ length: 300 }, (_, i) => i + 0.1), "float64"],
    ["whatever stands for nothing", [Number.NaN, Number.POSITIVE_INFINITY, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], "uint8"],
  ];
  for (const [what, numbers, as] of cases)
    it(`${what}: ${as}, and come back as they were`, () => {
      const values = Float64Array.from(numbers);
      const packed = packNumbers(values);
      assert.equal(packed.as, as);
      assert.deepEqual(unpackNumbers(JSON.parse(JSON.stringify(packed))), values);
    });
  it("are refused where a place is not in the table", () => {
    const packed = packNumbers(Float64Array.from(cases[1]![1]));
    assert.throws(
      () => unpackNumbers({ ...packed, table: packed.table!.slice(0, 32) }),
      /number \d+ is not in the table/,
    );
  });
});
