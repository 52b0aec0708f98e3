import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../../engine/contract/document";
import type { Sample } from "../../../engine/contract/messages";
import { compareReadings, type Reading } from "../../../engine/twin/reading";
import { reportSample } from "../../../engine/twin/report";
import { checkFinalState, type Report } from "./final-state";

const second = 1000;
const day = 86_400 * second;
const noon = Date.UTC(2026, 0, 1, 12);
const maxSkewMs = 300 * second;

const sample = (ts: number, values: Sample["values"], more: Partial<Sample> = {}): Sample => ({
  id: "press-6",
  ts,
  values,
  ...more,
});
/** Each sample with its arrival. */
const arrive = (arrivals: [now: number, sample: Sample][], start?: TwinDocument): TwinDocument =>
  arrivals.reduce<TwinDocument | undefined>(
    (doc, [now, one]) => reportSample(doc, one, { now, maxSkewMs }).document,
    start,
  ) as TwinDocument;

describe("the order of reports", () => {
  it("is kept property by property: a sample moves what it is newer for, and is historical only when it is for nothing", () => {
    const doc = arrive([[noon, sample(noon - 10, { force: 1, speed: 1 })]]);
    const newer = arrive([[noon, sample(noon - 5, { speed: 2 })]], doc);
    const mixed = reportSample(newer, sample(noon - 8, { force: 3, speed: 3 }), { now: noon });
    assert.deepEqual(mixed.document.reported, { force: 3, speed: 2 });
    assert.deepEqual(mixed.changed, { force: { before: 1, after: 3 } });
    assert.equal(mixed.historical, false);
    assert.equal(
      reportSample(mixed.document, sample(noon - 9, { force: 4, speed: 4 }), { now: noon }).historical,
      true,
    );
  });

  describe("of a clock that runs ahead", () => {
    it("takes what is within the limit as it is", () => {
      const result = reportSample(undefined, sample(noon + maxSkewMs, { x: 1 }), { now: noon, maxSkewMs });
      assert.equal(result.skewMs, 0);
      assert.deepEqual(result.document.meta.x, { ts: noon + maxSkewMs, quality: "good" });
    });

    it("marks what is beyond: uncertain, of its arrival, with the device's own time beside it", () => {
      const result = reportSample(undefined, sample(noon + day, { x: 1, y: null }), { now: noon, maxSkewMs });
      assert.equal(result.skewMs, day);
      assert.deepEqual(result.document.meta, {
        x: { ts: noon, quality: "uncertain", deviceTs: noon + day },
        y: { ts: noon, quality: "bad", deviceTs: noon + day },
      });
    });

    it("stays live through a jump of a day and back, without a value lost", () => {
      let doc: TwinDocument | undefined;
      for (let k = 0; k < 30; k++) {
        const now = noon + 10 * second * k;
        const isAhead = k >= 10 && k < 20;
        const result = reportSample(doc, sample(now + (isAhead ? day : 0), { x: k }), { now, maxSkewMs });
        assert.equal(result.historical, false, `sample ${k}`);
        assert.equal(result.document.reported.x, k);
        assert.equal(result.document.meta.x?.quality, isAhead ? "uncertain" : "good");
        doc = result.document;
      }
      assert.equal(doc?.rev, 30);
    });

    it("would freeze for that day without the limit (negative control)", () => {
      const ahead = reportSample(undefined, sample(noon + day, { x: 1 }), { now: noon }).document;
      assert.equal(reportSample(ahead, sample(noon + second, { x: 2 }), { now: noon + second }).historical, true);
    });

    it("frees a property that stands at a time of the future, from before the limit or from a clock of ours that was wrong", () => {
      const frozen = reportSample(undefined, sample(noon + 365 * day, { x: 1 }), { now: noon }).document;
      assert.equal(arrive([[noon, sample(noon - second, { x: 2 })]], frozen).reported.x, 2);
      const ours = reportSample(undefined, sample(noon + 365 * day, { x: 1 }), { now: noon + 100 * day, maxSkewMs });
      assert.equal(arrive([[noon, sample(noon - second, { x: 2 })]], ours.document).reported.x, 2);
    });

    it("compares its readings by that clock, whenever they arrive, and a repeat changes nothing", () => {
      const older: [number, Sample] = [noon, sample(noon + day, { x: 1 })];
      const newer: [number, Sample] = [noon + 5, sample(noon + day + 5, { x: 2 })];
      assert.equal(arrive([older, newer]).reported.x, 2);
      const late = arrive([newer, [noon + 9, older[1]]]);
      assert.equal(late.reported.x, 2);
      assert.deepEqual(arrive([[noon + 99, newer[1]]], late), late);
    });

    it("cannot be told from a right clock but by arrival: there, and only there, the order shows", () => {
      const right = sample(noon, { x: 1 });
      const ahead = sample(noon + day, { x: 2 });
      assert.equal(
        arrive([
          [noon + 1, right],
          [noon + 2, ahead],
        ]).reported.x,
        2,
      );
      assert.equal(
        arrive([
          [noon - 1, ahead],
          [noon + 2, right],
        ]).reported.x,
        1,
      );
      for (const order of [
        [right, ahead],
        [ahead, right],
      ] as const)
        assert.equal(arrive(order.map((one) => [noon + 1, one])).reported.x, 2, "one instant: independent");
    });

    it("does not decide the model for long", () => {
      const doc = arrive([
        [noon, sample(noon + day, { x: 1 }, { model: "wrong" })],
        [noon + second, sample(noon + second, { x: 1 }, { model: "right" })],
      ]);
      assert.equal(doc.model, "right");
    });
  });

  describe("whatever the order and the repeats, with clocks ahead that arrive in one instant (fast-check)", () => {
    it("ends in one state", () => {
      assert.equal(checkFinalState(2000, reportSample, { maxSkewMs: 6 }).broken, undefined);
    });

    it("would be caught if the limit held for the first sample only (broken variant)", () => {
      const once: Report = (doc, one, options) => reportSample(doc, one, doc ? { now: options.now } : options);
      assert.ok(checkFinalState(2000, once, { maxSkewMs: 6 }).broken);
    });

    it("does not let a right clock and two readings of a clock ahead win in a circle", () => {
      const right: Reading = { value: 1, meta: { ts: 5, quality: "good", seq: 3 } };
      const ahead: Reading = { value: 1, meta: { ts: 5, quality: "good", seq: 5, deviceTs: 10 } };
      const further: Reading = { value: 1, meta: { ts: 5, quality: "good", seq: 1, deviceTs: 20 } };
      for (const [winner, loser] of [
        [further, ahead],
        [right, ahead],
        [right, further],
      ] as const)
        assert.ok(compareReadings(winner, loser) > 0 && compareReadings(loser, winner) < 0);
    });
  });
});
