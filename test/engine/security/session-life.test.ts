import assert from "node:assert/strict";
import { roles } from "../../../engine/security/roles";
import { sessionLimits, whyOver } from "../../../engine/security/session-life";

describe("the life of a session", () => {
  for (const role of roles)
    it(`of a ${role} ends when nothing was done for long, and in any case at its limit`, () => {
      const { idleMs, totalMs } = sessionLimits[role];
      assert.ok(idleMs > 0 && idleMs <= totalMs && Number.isFinite(totalMs));
      const at = (seenMs: number, nowMs: number) => whyOver({ startedMs: 1000, seenMs }, sessionLimits[role], nowMs);
      assert.equal(at(1000, 1000), undefined);
      assert.equal(at(1000, 1000 + idleMs - 1), undefined);
      assert.ok(at(1000, 1000 + idleMs));
      assert.equal(at(1000 + totalMs, 1000 + totalMs), "too long");
      assert.equal(at(1000, 0), undefined, "a clock that was set back");
    });

  it("of somebody who may act is a shift at most, and an hour without doing anything", () => {
    for (const role of roles.filter((one) => one !== "viewer"))
      assert.deepEqual(sessionLimits[role], { idleMs: 3_600_000, totalMs: 43_200_000 });
    assert.equal(whyOver({ startedMs: 0, seenMs: 0 }, sessionLimits.operator, 3_600_000), "idle");
  });
});
