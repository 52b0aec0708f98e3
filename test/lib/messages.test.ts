import { strict as assert } from "node:assert";
import { readMessage, readSamples } from "../../nodes/lib/messages";

describe("readMessage", () => {
  it("gives samples without a time their arrival, and two of one twin never the same millisecond", () => {
    const now = 1_700_000_000_000;
    const rows = [1, 2].map((x) => ({ id: "rows", values: { x } }));
    const stamps = [
      ...readSamples({ payload: rows }, now).samples,
      ...readSamples({ topic: "rows", payload: { x: 3 } }, now).samples,
      ...readSamples({ topic: "other", payload: { x: 3 } }, now).samples,
    ].map(({ ts }) => ts);
    assert.deepEqual(stamps, [now, now + 1, now + 2, now]);
  });

  it("leaves a time alone", () => {
    const ts = 1_700_000_000_000;
    const times = [0, 1].map(() => readMessage({ payload: { x: 1 }, twin: { id: "timed", ts } }, 5));
    assert.deepEqual(
      times.map((one) => one.kind === "sample" && one.sample.ts),
      [ts, ts],
    );
  });
});
