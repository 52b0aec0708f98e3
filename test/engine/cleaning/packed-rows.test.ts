import assert from "node:assert/strict";
import fc from "fast-check";
import { packRows, unpackRows } from "../../../engine/cleaning/packed-rows";
import type { Row } from "../../../engine/contract/messages";

/** Through the structured clone, as between threads. */
function handedOver(rows: readonly unknown[], only?: ReadonlySet<string>): unknown[] {
  const out: unknown[] = [];
  for (let at = 0; at < rows.length; ) {
    const packed = structuredClone(packRows(rows, at, only));
    out.push(...unpackRows(packed));
    at += packed.rows;
  }
  return out;
}

describe("packed rows", () => {
  it("are the rows again, whatever their cells hold; NaN, which is missing, as undefined", () => {
    const cell = fc.oneof(
      fc.double(),
      fc.string({ unit: "binary" }),
      fc.boolean(),
      fc.constantFrom(null, undefined, "", "  ", new Date(0), new Date(Number.NaN)),
      fc.constant({ nested: [1, { deep: "ü" }] }),
    );
    const row = fc.dictionary(fc.constantFrom("a", "b", "c", "time"), cell);
    const other = fc.constantFrom(5, "text", null, undefined, true);
    fc.assert(
      fc.property(fc.array(fc.oneof({ arbitrary: row, weight: 9 }, { arbitrary: other, weight: 1 })), (rows) => {
        const expected = rows.map((one) =>
          typeof one === "object" && one !== null
            ? Object.fromEntries(Object.entries(one).map(([name, x]) => [name, Number.isNaN(x) ? undefined : x]))
            : one,
        );
        assert.deepEqual(handedOver(rows), expected);
      }),
    );
  });

  it("of a large table come in parts, and of the wanted columns only", () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => ({ a: i, b: `row ${i}`, c: i % 2 === 0 }));
    assert.ok(packRows(rows, 0).rows < 20_000);
    assert.deepEqual(handedOver(rows), rows);
    assert.deepEqual(
      handedOver(rows, new Set(["b", "none"])),
      rows.map(({ b }) => ({ b })),
    );
  });

  it("do not grow with the square of columns that stand in one row each", () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({ [`c${i}`]: i }));
    for (let at = 0; at < rows.length; ) {
      const { rows: count, kinds } = packRows(rows, at);
      assert.ok(kinds.length < 100_000, `${kinds.length} cells`);
      at += count;
    }
    assert.deepEqual(handedOver(rows), rows);
  });

  it("what cannot be handed over reads the same in an error, and is the same as nothing", () => {
    const cyclic: Row = {};
    cyclic.self = cyclic;
    const [row, list, fn] = handedOver([{ cyclic, big: 1n, fn: () => 1 }, [1, 2, 3], () => 1]) as [
      Row,
      unknown[],
      unknown,
    ];
    for (const name of ["cyclic", "big", "fn"]) assert.throws(() => JSON.stringify(row[name]), TypeError);
    assert.equal(list.length, 3);
    assert.equal(fn, undefined);
  });

  it("have no __proto__", () => {
    const [row] = handedOver([JSON.parse('{"__proto__": {"polluted": 1}, "x": 1}')]) as [Row];
    assert.equal(Object.getPrototypeOf(row), Object.prototype);
    assert.deepEqual(Object.keys(row), ["x"]);
  });
});
