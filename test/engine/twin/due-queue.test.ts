import { strict as assert } from "node:assert";
import fc from "fast-check";
import { createDueQueue } from "../../../engine/twin/due-queue";

describe("createDueQueue", () => {
  it("gives what is due, earliest first, as a plain map does, whatever is set, replaced and deleted", () => {
    const step = fc.record({
      key: fc.nat({ max: 20 }),
      at: fc.nat({ max: 100 }),
      does: fc.constantFrom("set", "delete", "take"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = createDueQueue();
        const known = new Map<string, number>();
        for (const { key, at, does } of steps) {
          const name = `k${key}`;
          if (does === "set") {
            queue.set(name, at);
            known.set(name, at);
          } else if (does === "delete") {
            queue.delete(name);
            known.delete(name);
          } else {
            const max = 1 + (key % 5);
            const expected = [...known]
              .filter(([, due]) => due <= at)
              .sort((a, b) => a[1] - b[1])
              .slice(0, max);
            const taken = queue.take(at, max);
            assert.deepEqual(
              taken.map((one) => known.get(one)),
              expected.map(([, due]) => due),
            );
            for (const one of taken) known.delete(one);
          }
          assert.equal(queue.size, known.size);
          assert.equal(queue.next(), known.size > 0 ? Math.min(...known.values()) : undefined);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it("does not grow with times that were replaced", () => {
    const queue = createDueQueue();
    for (let at = 0; at < 100_000; at++) queue.set("one", at);
    assert.ok(queue.held() <= 1002, `${queue.held()} entries are held`);
    assert.deepEqual(queue.take(99_999, 10), ["one"]);
  });
});
