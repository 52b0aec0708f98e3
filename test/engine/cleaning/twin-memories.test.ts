import { strict as assert } from "node:assert";
import { createTwinMemories } from "../../../engine/cleaning/twin-memories";

const memoriesOf = (maxTwins: number, maxValues = Number.POSITIVE_INFINITY) =>
  createTwinMemories({ maxTwins, maxValues, keys: { rules: ["rule"], features: [], grid: "" } });

describe("createTwinMemories", () => {
  it("remembers so many twins, and forgets the one not heard of for longest", () => {
    const memories = memoriesOf(3);
    const [a, b] = [memories.of("a"), memories.of("b")];
    memories.of("c");
    memories.of("a");
    memories.of("d");
    assert.equal(memories.size, 3);
    assert.equal(memories.of("a"), a);
    assert.notEqual(memories.of("b"), b);
  });

  it("remembers 2,000 properties of a rule, and 64 samples", () => {
    const memory = memoriesOf(1).of("a");
    const first = memory.lane(0, "p0");
    for (let k = 1; k < 2000; k++) memory.lane(0, `p${k}`);
    assert.equal(memory.lane(0, "p0"), first);
    memory.lane(0, "one more");
    assert.notEqual(memory.lane(0, "p0"), first);

    for (let k = 0; k < 64; k++) assert.equal(memory.seen(`s${k}`), false);
    assert.equal(memory.seen("s0"), true);
    assert.equal(memory.seen("s64"), false);
    assert.equal(memory.seen("s0"), false, "forgotten");
  });
});
