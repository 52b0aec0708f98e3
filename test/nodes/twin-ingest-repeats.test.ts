import assert from "node:assert/strict";
import type { Reading } from "../../engine/ingest/read-payload";
import { createSequenceWatch } from "../../engine/ingest/sequence-watch";
import { createRepeats, type Repeats } from "../../nodes/twin-ingest/repeats";

const reading: Reading = { kind: "sample", sample: { id: "press-6", ts: 1, values: { n: 1 } } };

describe("what twin-ingest remembers of repeats", () => {
  let repeats: Repeats;
  beforeEach(() => {
    repeats = createRepeats(createSequenceWatch());
  });

  it("knows a message by packet identifier, topic and payload", () => {
    repeats.took("a", { messageId: 7, crc: 1 }, reading);
    assert.equal(repeats.isRepeat("a", { messageId: 7, crc: 1 }), true);
    assert.equal(repeats.isRepeat("b", { messageId: 7, crc: 1 }), false);
    assert.equal(repeats.isRepeat("a", { messageId: 7, crc: 2 }), false);
    assert.equal(repeats.isRepeat("a", { messageId: 8, crc: 1 }), false);
    repeats.forget();
    assert.equal(repeats.isRepeat("a", { messageId: 7, crc: 1 }), false, "it was not recorded after all");
  });

  it("is bounded: 5,000 packet identifiers and 10,000 keys, and at most twice as many; 100 verdicts a key", () => {
    for (let messageId = 1; messageId <= 10_002; messageId++) repeats.took("a", { messageId, crc: 1 }, reading);
    assert.equal(repeats.isRepeat("a", { messageId: 1, crc: 1 }), false);
    assert.equal(repeats.isRepeat("a", { messageId: 5003, crc: 1 }), true);
    for (let key = 0; key <= 20_002; key++) repeats.took("a", { key: String(key), crc: 1 }, reading);
    assert.equal(repeats.answered("0"), undefined);
    assert.equal(repeats.answered("10003")?.accepted, 1);
    const error = { code: "out-of-range" as const, message: "n", hint: "n" };
    const rows = Array.from({ length: 500 }, () => ({}));
    repeats.took("a", { key: "rows", crc: 1 }, { kind: "batch", samples: [], rows, errors: rows.map(() => error) });
    assert.deepEqual([repeats.answered("rows")?.refused, repeats.answered("rows")?.errors.length], [500, 100]);
  });
});
