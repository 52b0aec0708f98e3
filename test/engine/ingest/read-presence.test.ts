import { strict as assert } from "node:assert";
import { createPresenceReader } from "../../../engine/ingest/read-presence";

const read = createPresenceReader({ id: { from: "topic", level: 0 } });
const arrival = { topic: "press-6/status", now: 1000 };

describe("createPresenceReader", () => {
  for (const [payload, status] of [
    ["online", "online"],
    [" OFFLINE ", "offline"],
    ["1", "online"],
    [0, "offline"],
    [true, "online"],
    [{ status: "offline" }, "offline"],
    [{ state: "online" }, "online"],
    [{ online: false, timestamp: 5 }, "offline"],
  ] as const)
    it(`takes ${JSON.stringify(payload)} for ${status}`, () => {
      const sample = { id: "press-6", ts: 1000, values: {}, status };
      assert.deepEqual(read(payload, arrival), { kind: "sample", sample });
    });

  for (const [what, payload, from, code] of [
    ["another word", "asleep", arrival, "bad-payload"],
    ["nothing", "", arrival, "bad-payload"],
    ["a name that every object has", "constructor", arrival, "bad-payload"],
    ["an object that says nothing of it", { temperature: 25 }, arrival, "bad-payload"],
    ["a topic that names no twin", "online", { topic: "+", now: 1 }, "bad-id"],
  ] as const)
    it(`refuses ${what}`, () => {
      const result = read(payload, from);
      assert.ok(result.kind === "refused");
      assert.equal(result.error.code, code);
    });
});
