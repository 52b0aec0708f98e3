import assert from "node:assert/strict";
import { createRecentMap } from "../../engine/contract/recent-map";

describe("recent map", () => {
  it("holds the keys that were set last, and at most twice as many", () => {
    const map = createRecentMap<number, number>(100);
    for (let key = 0; key < 1000; key++) {
      map.set(key, key);
      for (let back = 0; back < Math.min(100, key); back++) assert.equal(map.get(key - back), key - back);
    }
    let held = 0;
    for (let key = 0; key < 1000; key++) if (map.get(key) !== undefined) held++;
    assert.ok(held >= 100 && held <= 202, `${held}`);
  });

  it("gives the value that was set last, and none that was deleted", () => {
    const map = createRecentMap<string, number>(2);
    for (const [key, value] of [
      ["a", 1],
      ["b", 1],
      ["c", 1],
      ["a", 2],
    ] as const)
      map.set(key, value);
    assert.equal(map.get("a"), 2);
    map.delete("a");
    assert.equal(map.get("a"), undefined);
    map.clear();
    assert.equal(map.get("c"), undefined);
  });
});
