import { strict as assert } from "node:assert";
import { createRollingWindow } from "../../../engine/cleaning/rolling-window";
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

  it("forgets the twins not heard of for longest when together they hold too much, never the last one", () => {
    const memories = memoriesOf(100, 5000);
    const fill = (id: string, properties: number) => {
      const memory = memories.of(id);
      for (let p = 0; p < properties; p++) {
        const lane = memory.lane(0, `p${p}`);
        lane.outlier = createRollingWindow({ unit: "rows", size: 100 });
        for (let k = 0; k < 100; k++) lane.outlier.push(k, k);
      }
      memories.took(100);
    };
    for (let k = 0; k < 30; k++) fill(`t${k}`, 1);
    assert.ok(memories.values <= 5000 && memories.values > 4000, `${memories.values} values`);
    assert.ok(memories.size > 15 && memories.size < 30, `${memories.size} twins`);
    assert.equal(memories.ids()[0], "t29");
    assert.equal(memories.save("t0"), undefined, "forgotten");
    fill("large", 200);
    assert.deepEqual(memories.ids(), ["large"]);
    assert.equal(memories.save("large")!.lanes.get("rule")!.size, 200);
  });
});
