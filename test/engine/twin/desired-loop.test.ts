import { strict as assert } from "node:assert";
import type { TwinDocument } from "../../../engine/contract/document";
import { desire } from "../../../engine/twin/desired";
import {
  answeredDocument,
  begunLoop,
  lateDocument,
  nextReminder,
  type Spread,
} from "../../../engine/twin/desired-loop";
import { emptyDocument } from "../../../engine/twin/empty-document";
import { reportSample } from "../../../engine/twin/report";

const timing = { retryMs: 5000, retryMaxMs: 300_000, timeoutMs: 60_000 };
const none: Spread = () => 0;
const late: Spread = () => 0.999;

/** All reminders of a loop that began at 0, until `end`. */
function reminders(end: number, spread: Spread, every = 1): { at: number; attempt: number }[] {
  const loop = begunLoop(timing, 0);
  const found: { at: number; attempt: number }[] = [];
  for (let now = 0; now < end; ) {
    const next = nextReminder(loop, now, spread);
    assert.ok(next && next.at > now, "a reminder is to come");
    if (next.at >= end) break;
    found.push(next);
    now = next.at + every - 1;
  }
  return found;
}

const sample = (ts: number, values: Record<string, number>) => ({ id: "press-6", ts, values });
const reported = reportSample(undefined, sample(10, { speed: 100 }), { now: 10 }).document;
function wished(
  current: TwinDocument = reported,
  patch: Record<string, unknown> = { speed: 80 },
  now = 1000,
): TwinDocument {
  const result = desire(current, patch, { now, timing, by: { user: "anna", reason: "trial" } });
  assert.ok("document" in result);
  return result.document;
}

describe("the desired loop", () => {
  describe("reminders", () => {
    it("come after 5 s, and then after twice the time each, up to 5 minutes", () => {
      const at = reminders(1_300_000, none).map((one) => one.at / 1000);
      assert.deepEqual(at, [5, 15, 35, 75, 155, 315, 615, 915, 1215]);
      assert.deepEqual(
        reminders(100_000, none).map((one) => one.attempt),
        [1, 2, 3, 4],
      );
    });

    it("are spread by up to a fifth of their wait, and keep their order", () => {
      const spread = reminders(1_300_000, late).map((one) => Math.round(one.at / 1000));
      assert.deepEqual(spread, [6, 17, 39, 83, 171, 347, 675, 975, 1275]);
    });

    it("are the same whenever they are asked for: a restart neither repeats nor hurries one", () => {
      const loop = begunLoop(timing, 0);
      const all = reminders(3_000_000, late);
      for (let now = 0; now < 2_500_000; now += 777) {
        const expected = all.find((one) => one.at > now);
        assert.deepEqual(nextReminder(loop, now, late), expected, `at ${now}`);
      }
    });

    it("go on when the clock is set back, no later than the first wait", () => {
      assert.equal(nextReminder(begunLoop(timing, 1_000_000), 500, none)?.at, 5500);
    });

    it("stay at one distance where the first wait is also the longest", () => {
      const loop = begunLoop({ retryMs: 2000, retryMaxMs: 2000, timeoutMs: 0 }, 0);
      assert.deepEqual(
        [1, 2001, 9999].map((now) => nextReminder(loop, now, none)?.at),
        [2000, 4000, 10_000],
      );
      assert.equal(loop.until, undefined, "0: never late");
    });
  });

  it("keeps who and why with the wish", () => {
    assert.deepEqual(wished().desiredBy, { at: 1000, user: "anna", reason: "trial" });
  });

  it("ends when reported meets desired, and begins anew when the device leaves it", () => {
    const met = reportSample(wished(), sample(2000, { speed: 80 }), { now: 2000 }).document;
    assert.deepEqual([met.ack?.code, met.loop?.since, met.loop?.until], [200, undefined, undefined]);
    const left = reportSample(met, sample(3000, { speed: 70 }), { now: 3000 }).document;
    assert.deepEqual(left.ack, { version: met.ack?.version, code: 202, text: "the device left what is desired" });
    assert.deepEqual([left.loop?.since, left.loop?.until], [3000, 63_000]);
  });

  it("is late once, and goes on", () => {
    const wish = wished();
    assert.equal(lateDocument(wish, 60_999), undefined);
    const document = lateDocument(wish, 61_000);
    assert.deepEqual(document?.ack, { version: wish.rev, code: 504, text: "not met within 60 s" });
    assert.equal(document?.loop?.since, 1000, "reminders go on");
    assert.equal(document && lateDocument(document, 99_000), undefined, "late once");
    const met = document && reportSample(document, sample(99_000, { speed: 80 }), { now: 99_000 }).document;
    assert.equal(met?.ack?.code, 200);
  });

  it("tells a device that is back as if for the first time", () => {
    const away = { ...wished(), status: "offline" as const };
    const back = reportSample(away, sample(50_000, { speed: 100 }), { now: 50_000 }).document;
    assert.deepEqual([back.status, back.loop?.since, back.loop?.until], ["live", 50_000, 61_000]);
  });

  describe("a device's answer", () => {
    it("refuses in its own words, which ends the reminders until something else is desired", () => {
      const refused = answeredDocument(wished(), { code: 423, text: "guard open" }, 2000);
      assert.deepEqual(refused?.ack, { version: 2, code: 423, text: "guard open" });
      assert.equal(nextReminder(refused?.loop, 2000, none), undefined);
      assert.deepEqual(refused?.delta, { speed: 80 }, "it is still not met");
      const again = wished(refused, { speed: 80 }, 5000);
      assert.deepEqual([again.ack?.code, again.ack?.version, again.loop?.since], [202, 3, 5000]);
    });

    it("that it is at it changes only the text", () => {
      const busy = answeredDocument(wished(), { code: 202, text: "running up" }, 2000);
      assert.deepEqual(busy?.ack, { version: 2, code: 202, text: "running up" });
      assert.equal(busy?.loop?.since, 1000);
    });

    it("to an earlier wish, or where nothing is open, says nothing", () => {
      assert.equal(answeredDocument(wished(), { version: 1, code: 423, text: "guard open" }, 2000), undefined);
      assert.equal(answeredDocument(reported, { code: 423, text: "guard open" }, 2000), undefined);
    });

    it("of 409 is no wish that the device took over", () => {
      const refused = answeredDocument(wished(), { code: 409, text: "in cleaning" }, 2000) as TwinDocument;
      const other = reportSample(refused, sample(3000, { speed: 90 }), { now: 3000 }).document;
      assert.deepEqual([other.ack?.code, other.ack?.text], [409, "in cleaning"]);
    });
  });

  describe("deviceWins", () => {
    const met = reportSample(wished(), sample(2000, { speed: 80 }), { now: 2000 }).document;
    const speeds = (ts: number, deviceWins = true) =>
      reportSample(met, sample(ts, { speed: 60 }), { now: 3000, deviceWins }).document.desired.speed;

    it("takes over what the device did after the wish, by its own clock", () => {
      assert.equal(speeds(2500), 60);
      assert.equal(speeds(2500, false), 80);
    });

    it("does not take over what it did before the wish and is heard of late", () => {
      const early = reportSample(undefined, sample(10, { speed: 80 }), { now: 10 }).document;
      const wish = wished(early);
      assert.equal(wish.ack?.code, 200, "met at once");
      const before = reportSample(wish, sample(900, { speed: 60 }), { now: 1100, deviceWins: true }).document;
      assert.deepEqual([before.desired.speed, before.delta.speed, before.ack?.code], [80, 80, 202]);
    });
  });

  it("changes nothing for the same wish while it waits, and is wished anew where it is late", () => {
    const wish = wished();
    assert.equal(wished(wish), wish);
    const tooLate = lateDocument(wish, 70_000) as TwinDocument;
    assert.equal(wished(tooLate, { speed: 80 }, 71_000).loop?.until, 131_000);
  });

  it("asks nothing of a device when nothing is desired any more", () => {
    const back = wished(wished(), { speed: null }, 2000);
    assert.deepEqual([back.ack, back.loop, back.delta], [null, undefined, {}]);
    assert.equal(back.desiredBy?.at, 2000, "who took it back");
  });

  it("knows a device of which nothing is known yet", () => {
    const wish = wished(emptyDocument("new", 1), { speed: 80 });
    assert.deepEqual([wish.delta, wish.ack?.code], [{ speed: 80 }, 202]);
  });
});
