import assert from "node:assert/strict";
import { createThrottle } from "../../../engine/security/throttle";

const options = { free: 3, firstWaitMs: 1000, maxWaitMs: 60_000, forgetAfterMs: 600_000 };

describe("throttle", () => {
  it("lets people mistype, then doubles the wait up to its bound", () => {
    const throttle = createThrottle(options);
    const waits = Array.from({ length: 12 }, () => throttle.failed("anna", 0));
    assert.deepEqual(waits, [0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    for (let more = 0; more < 5000; more++) throttle.failed("anna", 0);
    assert.equal(throttle.waitMs("anna", 0), 60_000);
    assert.equal(throttle.waitMs("anna", 59_000), 1000);
    assert.equal(throttle.waitMs("anna", 60_000), 0);
    assert.equal(throttle.waitMs("ben", 0), 0);
  });

  it("forgives after a success, and after a time without failures", () => {
    const throttle = createThrottle(options);
    for (let n = 0; n < 9; n++) throttle.failed("anna", 0);
    throttle.forgive("anna");
    assert.equal(throttle.failed("anna", 0), 0);
    for (let n = 0; n < 9; n++) throttle.failed("ben", 0);
    assert.equal(throttle.failed("ben", 600_001), 0);
  });

  it("never waits longer than its bound when the clock is set back", () => {
    const throttle = createThrottle(options);
    for (let n = 0; n < 12; n++) throttle.failed("anna", 1e12);
    assert.equal(throttle.waitMs("anna", 0), 60_000);
  });

  it("remembers a bounded number of keys, the latest ones", () => {
    const throttle = createThrottle({ ...options, maxKeys: 100 });
    for (let key = 0; key < 10_000; key++) for (let n = 0; n < 4; n++) throttle.failed(`${key}`, 0);
    const held = Array.from({ length: 10_000 }, (_, key) => throttle.waitMs(`${key}`, 0)).filter((wait) => wait > 0);
    assert.ok(held.length >= 100 && held.length <= 202, `${held.length}`);
    assert.equal(throttle.waitMs("9999", 0), 1000);
  });
});
