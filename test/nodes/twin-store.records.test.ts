import { strict as assert } from "node:assert";
import { reportSample } from "../../engine/twin/report";
import { decodeRecord, type Entry, encodeRecord, follow } from "../../nodes/twin-store/twin-records";

describe("the records of a twin", () => {
  it("count a document as long as it is, roughly, when its properties come one by one, also read back", () => {
    let entry: Entry | undefined;
    let replayed: Entry | undefined;
    for (let k = 0; k < 100; k++) {
      const at = { group: k + 1, line: 0 };
      const sample = { id: "a", ts: k, values: { [`property-${k % 50}`]: k } };
      const { document } = reportSample(entry?.document, sample, { now: k });
      const { text, entry: next } = encodeRecord("a", at, 0, entry, { document, staleAfter: 0 }, 0);
      entry = next;
      replayed = follow(replayed, decodeRecord(text, at.group, 0), at);
      const { length } = JSON.stringify(document);
      assert.ok(next.length > length / 2 && next.length < length * 2, `${next.length}, but ${length} after ${k}`);
      assert.equal(replayed?.length, next.length);
    }
  });
});
