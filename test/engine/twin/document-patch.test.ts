import { strict as assert } from "node:assert";
import fc from "fast-check";
import { applyPatch, diffDocuments, onlyReplaces, replaceIn } from "../../../engine/twin/document-patch";

const name = fc.constantFrom("a", "b", "c", "constructor", "__proto__", "motor.speed", "7");
const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.constant(null));
const map = (value: fc.Arbitrary<unknown>) => fc.dictionary(name, value, { noNullPrototype: true });
const document = fc.record(
  {
    rev: fc.integer(),
    model: fc.option(fc.string()),
    modelTs: fc.integer(),
    reported: map(scalar),
    meta: map(fc.record({ ts: fc.integer() }, { noNullPrototype: true })),
    ack: fc.option(fc.record({ version: fc.integer(), code: fc.constantFrom(200, 202) }, { noNullPrototype: true })),
    list: fc.array(fc.integer()),
  },
  { requiredKeys: ["rev", "model", "reported", "meta", "ack"], noNullPrototype: true },
);

const valuesFrom = (map: Record<string, unknown>, value: unknown): Record<string, unknown> =>
  Object.fromEntries(Object.keys(map).map((one, at) => [one, at % 2 === 0 ? value : map[one]]));

describe("document patch", () => {
  it("makes the second document of the first, whatever they are, written down in between", () => {
    fc.assert(
      fc.property(document, document, (before, after) => {
        const patch = JSON.parse(JSON.stringify(diffDocuments(before, after)));
        const untouched = structuredClone(before);
        assert.deepEqual(applyPatch(before, patch), after);
        assert.deepEqual(before, untouched);
      }),
    );
  });

  it("made in the document itself gives the same, and what it returns takes it back, to the order of the keys", () => {
    let made = 0;
    fc.assert(
      fc.property(document, document, fc.boolean(), (before, other, isSimilar) => {
        // Else hardly any two documents have the same names.
        const after = isSimilar
          ? { ...before, rev: other.rev, reported: valuesFrom(before.reported, other.rev) }
          : other;
        const patch = diffDocuments(before, after);
        if (!onlyReplaces(before, patch)) return;
        made++;
        const place = structuredClone(before);
        const undo = replaceIn(place, patch);
        assert.equal(JSON.stringify(place), JSON.stringify(applyPatch(before, patch)));
        replaceIn(place, undo);
        assert.equal(JSON.stringify(place), JSON.stringify(before));
      }),
    );
    assert.ok(made > 20, String(made));
  });

  it("that adds or takes away is not made in the document itself", () => {
    const before = { rev: 1, reported: { x: 1 } as Record<string, unknown>, modelTs: undefined };
    for (const after of [
      { ...before, reported: { x: 1, y: 2 } },
      { ...before, reported: {} },
      { ...before, loop: {} },
      { ...before, modelTs: 5 },
      { rev: undefined, reported: { x: 1 } },
      { ...before, reported: { x: 1, valueOf: 3 } },
    ])
      assert.equal(onlyReplaces(before, diffDocuments(before, after)), false, JSON.stringify(after));
    assert.equal(onlyReplaces(before, diffDocuments(before, { rev: 2, reported: { x: 7 } })), true);
  });

  it("holds only what differs", () => {
    const meta = { x: { ts: 1 }, y: { ts: 1 } };
    const before = { id: "a", rev: 1, reported: { x: 1, y: 2 }, meta, ack: null };
    const after = { ...before, rev: 2, reported: { x: 3, y: 2 }, meta: { ...meta, x: { ts: 2 } } };
    assert.deepEqual(JSON.parse(JSON.stringify(diffDocuments(before, after))), {
      set: { rev: 2 },
      put: { reported: ["x", 3], meta: ["x", { ts: 2 }] },
    });
    assert.deepEqual(diffDocuments(before, { ...before }), {});
  });

  it("tells once what several entries share, and they share it again", () => {
    const shared = { ts: 2, quality: "good" };
    const meta = { x: { ts: 1 }, y: { ts: 1 }, z: { ts: 1 }, u: { ts: 1 } };
    const before = { rev: 1, meta };
    const after = { rev: 1, meta: { ...meta, x: shared, y: shared, z: { ts: 3 }, u: shared } };
    const patch = JSON.parse(JSON.stringify(diffDocuments(before, after)));
    assert.deepEqual(patch, { put: { meta: [["x", "y"], shared, "z", { ts: 3 }, "u", shared] } });
    const again = applyPatch(before, patch);
    assert.deepEqual(again, after);
    assert.equal(again.meta.x, again.meta.y);
  });

  it("takes what is undefined for what is not there, as JSON does", () => {
    const before = { rev: 1, loop: { since: 1, until: 2 }, reported: { x: 1 } };
    const after = { rev: 1, loop: { since: undefined, until: 2 }, reported: undefined };
    const patch = JSON.parse(JSON.stringify(diffDocuments(before, after)));
    assert.deepEqual(applyPatch(before, patch), { rev: 1, loop: { until: 2 } });
  });

  it("keeps the order of the keys when nothing is taken away and put back at once", () => {
    const before = { rev: 1, reported: { x: 1, y: 2 } };
    const after = { rev: 2, reported: { x: 2, y: 2, z: 3 }, modelTs: 5 };
    assert.equal(JSON.stringify(applyPatch(before, diffDocuments(before, after))), JSON.stringify(after));
  });
});
