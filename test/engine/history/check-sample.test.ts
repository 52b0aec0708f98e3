import { strict as assert } from "node:assert";
import { checkSample } from "../../../engine/history/check-sample";

describe("checkSample", () => {
  it("refuses half a character, which UTF-8 would turn into another text", () => {
    const text = checkSample({ id: "t", ts: 1, values: { note: "a\ud800b" } });
    assert.ok("error" in text);
    assert.deepEqual([text.error.code, text.error.property], ["wrong-type", "note"]);
    const model = checkSample({ id: "t", ts: 1, model: "\udc00", values: { n: 1 } });
    assert.ok("error" in model);
    assert.equal(model.error.code, "bad-name");
    assert.deepEqual(checkSample({ id: "t", ts: 1, values: { note: "\u{1f527}" } }), {
      id: "t",
      ts: 1,
      model: "",
      fields: [["note", "\u{1f527}"]],
    });
  });
});
