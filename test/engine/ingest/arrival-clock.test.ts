import { strict as assert } from "node:assert";
import { createArrivalClock } from "../../../engine/ingest/arrival-clock";

describe("createArrivalClock", () => {
  it("never gives two readings of one twin the same millisecond, and keeps their order", () => {
    const stamp = createArrivalClock();
    const stamps = [5000, 5000, 5000, 5001, 5010, 5010].map((now) => stamp("a", now));
    assert.deepEqual(stamps, [5000, 5001, 5002, 5003, 5010, 5011]);
    const careless = [5000, 5000, 5000, 5001, 5010, 5010];
    assert.notEqual(new Set(careless).size, careless.length, "the clock alone would (the broken variant)");
  });

  it("stamps each twin by itself", () => {
    const stamp = createArrivalClock();
    assert.deepEqual([stamp("a", 5000), stamp("b", 5000), stamp("a", 5000)], [5000, 5000, 5001]);
  });

  it("does not run ahead of the clock without bound, and follows a clock that was set back", () => {
    const stamp = createArrivalClock();
    const stamps = Array.from({ length: 5000 }, () => stamp("a", 5000));
    assert.ok(Math.max(...stamps) <= 6000);
    assert.equal(stamp("a", 1000), 1000);
  });

  it("remembers the 10,000 twins heard of last, and at most twice as many", () => {
    const stamp = createArrivalClock();
    for (let k = 0; k < 10_000; k++) stamp(`t${k}`, 5000);
    assert.equal(stamp("t0", 5000), 5001, "known, and now the one heard of last");
    for (let k = 0; k < 10_000; k++) stamp(`new${k}`, 5000);
    assert.equal(stamp("new0", 5000), 5001);
    for (let k = 0; k < 10_002; k++) stamp(`newer${k}`, 5000);
    assert.equal(stamp("t1", 5000), 5000, "forgotten");
  });
});
