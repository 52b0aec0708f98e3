import assert from "node:assert/strict";
import { createSequenceWatch } from "../../../engine/ingest/sequence-watch";

const sample = (seq: number | undefined, n = seq ?? 0, id = "press-6") => ({ id, ts: 0, seq, values: { n } });

describe("sequence watch", () => {
  const following = (...numbers: number[]) => {
    const watch = createSequenceWatch();
    for (const seq of numbers) watch.took(sample(seq));
    return watch;
  };

  it("counts what is missing, per twin", () => {
    assert.equal(following(1, 2, 5, 6, 9).counts.missing, 4);
    const watch = following(1, 4);
    watch.took(sample(100, 0, "press-7"));
    assert.deepEqual(watch.counts, { missing: 2, repeated: 0, restarts: 0 });
  });

  it("takes it back when it comes late", () => {
    assert.equal(following(1, 2, 5, 3, 4, 6).counts.missing, 0);
    assert.equal(following(5, 3, 4, 9).counts.missing, 3, "what came before the first is no gap");
  });

  it("counts a producer that began anew, and no gap for it", () => {
    assert.deepEqual(following(...Array.from({ length: 200 }, (_, k) => k), 0, 1, 2).counts, {
      missing: 0,
      repeated: 0,
      restarts: 1,
    });
    assert.equal(following(1, 5_000_000).counts.restarts, 1);
  });

  it("still knows what it took when the first number comes late", () => {
    const watch = following(2, 3, 1);
    assert.deepEqual(
      [1, 2, 3].map((seq) => watch.isRepeat(sample(seq))),
      [true, true, true],
    );
  });

  it("knows a repeat by twin, seq and values, among the last 64", () => {
    const watch = following(...Array.from({ length: 100 }, (_, k) => k));
    assert.equal(watch.isRepeat(sample(99)), true);
    assert.equal(watch.isRepeat(sample(36)), true);
    assert.equal(watch.isRepeat(sample(35)), false, "forgotten");
    assert.equal(watch.isRepeat(sample(99, 98)), false, "other values");
    assert.equal(watch.isRepeat(sample(99, 99, "press-7")), false, "another twin");
    assert.equal(watch.isRepeat(sample(undefined)), false);
    assert.equal(watch.counts.repeated, 2);
  });

  it("is bounded: the twin heard of least recently is forgotten", () => {
    const watch = createSequenceWatch();
    for (let k = 0; k <= 20_002; k++) watch.took(sample(1, 1, `twin-${k}`));
    assert.equal(watch.isRepeat(sample(1, 1, "twin-0")), false);
    assert.equal(watch.isRepeat(sample(1, 1, "twin-10003")), true);
  });
});
