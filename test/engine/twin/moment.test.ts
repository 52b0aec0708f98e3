import { strict as assert } from "node:assert";
import { readMoment } from "../../../engine/twin/moment";

describe("a moment in a twin's past", () => {
  const now = Date.parse("2026-11-24T12:00:00Z");
  for (const [value, moment] of [
    [12, { rev: 12 }],
    ["12", { rev: 12 }],
    [0, { rev: 0 }],
    [{ rev: 12 }, { rev: 12 }],
    [{ rev: "12" }, { rev: 12 }],
    [9_999_999_999, { rev: 9_999_999_999 }],
    [1e10, { time: 1e10 }],
    [now, { time: now }],
    [String(now), { time: now }],
    [{ time: 5 }, { time: 5 }],
    ["2026-11-24T11:00:00Z", { time: now - 3_600_000 }],
    ["-1h", { time: now - 3_600_000 }],
    ["now", { time: now }],
    [new Date(now), { time: now }],
    [undefined, undefined],
    [null, undefined],
    ["", undefined],
    ["yesterday", undefined],
    [-3, undefined],
    [1.5, undefined],
    [{ rev: -1 }, undefined],
    [{ rev: "x" }, undefined],
    [{}, undefined],
    [[], undefined],
    [true, undefined],
  ] as const)
    it(`of ${JSON.stringify(value)} is ${JSON.stringify(moment)}`, () => {
      assert.deepEqual(readMoment(value, now), moment);
    });
});
