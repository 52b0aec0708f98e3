import { strict as assert } from "node:assert";
import type { Sample } from "../../../engine/contract/messages";
import { reportPatch, reportSample } from "../../../engine/twin/report";

const sample = (ts: number, values: Sample["values"], more: Partial<Sample> = {}): Sample => ({
  id: "press-6",
  ts,
  values,
  ...more,
});
const live = reportSample(undefined, sample(10, { x: 1 }), { now: 10 }).document;
const offline = reportSample(live, sample(20, {}, { status: "offline" }), { now: 20 });

describe("whether a twin lives", () => {
  it("ends with a last will, and nothing that was measured or wished changes with it", () => {
    assert.equal(offline.document.status, "offline");
    assert.deepEqual([offline.effective, offline.changed, offline.document.rev], [true, {}, live.rev]);
    assert.deepEqual(offline.document.reported, live.reported);
    const again = reportSample(offline.document, sample(30, {}, { status: "offline" }), { now: 30 });
    assert.equal(again.effective, false);
  });

  it("ends with values, too, such as a Sparkplug death that says of each that there is none", () => {
    const { document } = reportSample(live, sample(20, { x: null }, { status: "offline" }), { now: 20 });
    assert.deepEqual([document.status, document.reported.x, document.meta.x?.quality], ["offline", 1, "bad"]);
    const late = reportSample(live, sample(5, { x: null }, { status: "offline" }), { now: 20 });
    assert.deepEqual([late.document.status, late.document.meta.x, late.historical], ["offline", live.meta.x, true]);
  });

  for (const [what, one] of [
    ["the next report", sample(30, { x: 2 })],
    ["a repeat", sample(10, { x: 1 })],
    ["word that it is there", sample(30, {}, { status: "online" })],
  ] as const)
    it(`begins again with ${what}`, () => {
      const back = reportSample(offline.document, one, { now: 30 });
      assert.deepEqual([back.document.status, back.effective], ["live", true]);
    });

  for (const [what, one] of [
    ["what is historical", sample(5, { x: 0 })],
    ["what the broker had kept", sample(30, { x: 2 }, { retained: true })],
    ["word that the broker had kept", sample(30, {}, { status: "online", retained: true })],
  ] as const)
    it(`does not begin again with ${what}`, () => {
      assert.equal(reportSample(offline.document, one, { now: 30 }).document.status, "offline");
    });

  it("is not told by what the journal hands on again and was told before", () => {
    const back = reportSample(offline.document, sample(30, { x: 2 }), { now: 30 }).document;
    assert.equal(back.statusAt, 30);
    const again = reportSample(back, sample(20, {}, { status: "offline" }), { now: 40, redelivered: true });
    assert.deepEqual([again.document.status, again.effective], ["live", false]);
    const now = reportSample(back, sample(41, {}, { status: "offline" }), { now: 41, redelivered: true }).document;
    assert.deepEqual([now.status, now.statusAt], ["offline", 41]);
    for (const one of [sample(30, {}, { status: "online" }), sample(30, { x: 2 })])
      assert.equal(reportSample(now, one, { now: 50, redelivered: true }).document.status, "offline");
    const unheard = reportSample(now, sample(40, { x: 3 }), { now: 50, redelivered: true });
    assert.equal(unheard.document.status, "live", "a report that was not told before is news");
  });

  it("is offline for a twin of which only what the broker had kept is known; its values are taken", () => {
    const { document } = reportSample(undefined, sample(30, { x: 2 }, { retained: true }), { now: 30 });
    assert.deepEqual([document.status, document.reported], ["offline", { x: 2 }]);
    assert.equal(reportPatch(undefined, "a", { x: 1 }, { now: 1, retained: true }).document.status, "offline");
  });

  it("is not brought back, for a twin that was deleted, by a last will that the broker keeps", () => {
    const one = sample(30, {}, { status: "offline", retained: true });
    const result = reportSample(undefined, one, { now: 30 });
    assert.deepEqual([result.effective, result.historical, result.document.rev], [false, true, 0]);
  });
});
