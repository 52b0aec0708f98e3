import { strict as assert } from "node:assert";
import { checkFrame, readFields, type StoredValue } from "../../../engine/history/check-sample";

describe("the check of a sample for the history", () => {
  it("refuses half a character, which UTF-8 would turn into another text", () => {
    const error = readFields({ id: "t", ts: 1, values: { note: "a\ud800b" } }, () => undefined);
    assert.deepEqual([error?.code, error?.property], ["wrong-type", "note"]);
    assert.equal(checkFrame({ id: "t", ts: 1, model: "\udc00", values: { n: 1 } })?.code, "bad-name");
    const whole = { id: "t", ts: 1, values: { note: "\u{1f527}" } };
    const told: [string, StoredValue][] = [];
    assert.equal(checkFrame(whole), undefined);
    assert.equal(
      readFields(whole, (property, value) => told.push([property, value])),
      undefined,
    );
    assert.deepEqual(told, [["note", "\u{1f527}"]]);
  });
});
