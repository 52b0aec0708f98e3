import { strict as assert } from "node:assert";
import { type AliasMove, rollbackTarget } from "../../../engine/learning/rollback-target";

const promote = (version: number, before?: number): AliasMove => ({
  action: "promote",
  version,
  ...(before !== undefined && { before }),
});
const rollback = (version: number): AliasMove => ({ action: "rollback", version });
const any = () => true;

describe("rollbackTarget", () => {
  const cases: [string, AliasMove[], number | undefined][] = [
    ["nothing was promoted", [], undefined],
    ["one version only", [promote(1)], undefined],
    ["two versions", [promote(1), promote(2, 1)], 1],
    ["a promotion before the record began", [promote(5, 4)], 4],
    ["back once: further back the next time", [promote(1), promote(2, 1), promote(3, 2), rollback(2)], 1],
    ["back twice: nothing is left", [promote(1), promote(2, 1), promote(3, 2), rollback(2), rollback(1)], undefined],
    ["forward again after a roll-back", [promote(1), promote(2, 1), rollback(1), promote(3, 1)], 1],
    ["the same version promoted twice", [promote(1), promote(2, 1), promote(2, 2)], 1],
    ["the record lost the promotion that a roll-back goes to", [rollback(2), promote(4, 2)], 2],
  ];
  for (const [title, moves, expected] of cases)
    it(title, () => {
      assert.equal(rollbackTarget(moves, any), expected);
    });

  it("passes over versions that cannot be used", () => {
    const moves = [promote(1), promote(2, 1), promote(3, 2)];
    assert.equal(
      rollbackTarget(moves, (version) => version !== 2),
      1,
    );
  });
});
