import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { delayByMinimum, delayByOffset, newClockFilter, offsetOf } from "../../../engine/link/clock-filter";
import { heard, newOutageTrack, outageFigures } from "../../../engine/link/outages";
import { planLink } from "../../../engine/link/plan-link";
import { roundTripOf } from "../../../engine/link/round-trip";
import { createDice } from "../../support/dice";

const fixture = (name: string) =>
  JSON.parse(readFileSync(path.join(__dirname, "../../../../test/fixtures/link", name), "utf8"));
const minute = 60_000;

describe("delays, with a clock that may be wrong", () => {
  it("are what exceeds the fastest sample's, whatever the device's clock says", () => {
    for (const wrong of [0, -3_600_000, 1_790_000_000_000]) {
      const filter = newClockFilter();
      const delays = [20, 5, 30, 105].map((delay, i) => delayByMinimum(filter, wrong + delay, i * 1000, 10 * minute));
      assert.deepEqual(delays, [0, 0, 25, 100]);
      assert.equal(offsetOf(filter), wrong + 5);
    }
  });

  it("follow a clock that drifts: the offset is that of the last minutes", () => {
    const filter = newClockFilter();
    // 100 ppm for an hour: 360 ms in all.
    let worst = 0;
    for (let at = 0; at <= 60 * minute; at += 1000)
      worst = Math.max(worst, delayByMinimum(filter, at * 100e-6, at, 10 * minute));
    assert.ok(worst <= 10 * minute * 100e-6 + 1, `${worst}`);
    assert.ok(offsetOf(filter) > 290);
  });

  it("take one absurd time for absurd, and three in a row for a clock that was set", () => {
    const filter = newClockFilter();
    const by = (difference: number, i: number) => delayByMinimum(filter, difference, i * 1000, 10 * minute);
    assert.deepEqual([100, 110, -7e12, 105].map(by), [0, 10, Number.NaN, 5]);
    assert.equal(filter.steps, 0);
    assert.deepEqual([-59_900, -59_890, -59_880, -59_870].map(by), [Number.NaN, Number.NaN, 0, 10]);
    assert.deepEqual([filter.steps, offsetOf(filter)], [1, -59_880]);
    assert.deepEqual([1e13, Number.NaN, Number.POSITIVE_INFINITY].map(by), [Number.NaN, Number.NaN, Number.NaN]);
  });

  it("of synchronised clocks are never below 0, and absent beyond a second early or a day late", () => {
    assert.deepEqual(
      [5, -3, -2000, 90_000_000, Number.NaN].map((difference) => delayByOffset(difference, 0)),
      [5, 0, Number.NaN, Number.NaN, Number.NaN],
    );
  });

  it("of a round trip are those of NTP", () => {
    // RFC 5905, section 8, with a device 1000 ms ahead, 30 ms there, 40 ms of its own, 50 ms back.
    assert.deepEqual(roundTripOf({ sent: 5000, received: 6030, answered: 6070, returned: 5120 }), {
      offset: -990,
      delay: 80,
    });
  });

  for (const [what, times] of Object.entries({
    "a missing time": { sent: 1, received: 2, answered: 3 },
    text: { sent: 1, received: "2", answered: 3, returned: 4 },
    "an answer before the question": { sent: 10, received: 2, answered: 3, returned: 4 },
    "a device that answered before it was asked": { sent: 0, received: 100, answered: 50, returned: 200 },
    "a device that took longer than the whole": { sent: 0, received: 0, answered: 100, returned: 50 },
    infinity: { sent: 0, received: 1e308, answered: 1e308, returned: Number.POSITIVE_INFINITY },
  }))
    it(`refuse a round trip with ${what}`, () => {
      const { error } = roundTripOf(times) as { error: { code: string } };
      assert.equal(error.code, "bad-time");
    });
});

describe("outages", () => {
  const options = { outageAfterMs: 10_000, windowMs: 24 * minute };

  it("last from the last sample before them to the first after", () => {
    const track = newOutageTrack(0);
    for (let at = 0; at <= 4 * minute; at += 1000) heard(track, at, options);
    assert.equal(heard(track, 6 * minute, options), true);
    for (let at = 6 * minute; at <= 10 * minute; at += 1000) heard(track, at, options);
    assert.deepEqual(outageFigures(track, 10 * minute, options), {
      isOut: false,
      silentMs: 0,
      availability: 0.8,
      outages: 1,
      betweenMs: 8 * minute,
      meanOutMs: 2 * minute,
    });
  });

  it("count while they last", () => {
    const track = newOutageTrack(0);
    heard(track, 5 * minute - 5000, { ...options, outageAfterMs: 10 * minute });
    const { isOut, silentMs, availability } = outageFigures(track, 6 * minute, options);
    assert.deepEqual([isOut, silentMs, availability], [true, 65_000, 1 - 65 / 360]);
  });

  it("are forgotten with the window, which moves by a 24th", () => {
    const track = newOutageTrack(0);
    heard(track, 2 * minute, options);
    for (let at = 2 * minute; at <= 40 * minute; at += 5000) heard(track, at, options);
    assert.deepEqual([outageFigures(track, 40 * minute, options).availability], [1]);
    // One that is longer than the window is all of it.
    assert.equal(outageFigures(track, 100 * minute, options).availability, 0);
    heard(track, 100 * minute, options);
    assert.ok(outageFigures(track, 100 * minute, options).availability < 1e-9);
  });

  it("are never more than the time that was watched, whatever the lengths", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const dice = createDice(seed);
      const begin = dice(1e9) / 7;
      const track = newOutageTrack(begin);
      for (let at = begin, turn = 0; turn < 40; turn++) {
        at += 10_001 + dice(3_000_000) / 3;
        heard(track, at, options);
        const { availability, betweenMs = 0 } = outageFigures(track, at, options);
        assert.ok(availability >= 0 && availability < 0.05 && betweenMs >= 0, `seed ${seed}: ${availability}`);
      }
    }
  });

  it("stay within 0 and 1 when time stands still or goes back", () => {
    const track = newOutageTrack(1000);
    for (const at of [1000, 500, 1000, 0, 60_000, 0]) heard(track, at, options);
    for (const at of [0, 500, 60_000]) {
      const { availability } = outageFigures(track, at, options);
      assert.ok(availability >= 0 && availability <= 1, `${availability}`);
    }
  });
});

describe("how many devices fit a link", () => {
  const plan = { devices: 1, rate: 1, bytes: 1000, capacityBytes: 1000, capacityMessages: 0, targetMs: 5000 };

  // 4 million messages through a queue, by Lindley's recursion in numpy: see make.py. Its own error is below 1 %.
  for (const { queue, load, waiting, delay, p95 } of fixture("queues.json").simulated)
    it(`${queue} at a load of ${load} waits as long as it was simulated`, () => {
      const got = planLink({ ...plan, queue, rate: load });
      const near = (value: number | undefined, wanted: number) =>
        assert.ok(Math.abs(value! / 1000 - wanted) < 0.01 * wanted, `${value} for ${wanted}`);
      near(got.waitingMs, waiting);
      near(got.delayMs, delay);
      if (queue === "M/M/1") near(got.delayP95Ms, p95);
      else assert.equal(got.delayP95Ms, undefined);
    });

  it("says as many devices as just keep to the target, and just leave some of the link free", () => {
    for (const queue of ["M/D/1", "M/M/1"] as const) {
      const link = { ...plan, queue, rate: 0.5, bytes: 200, capacityBytes: 10_000, targetMs: 60 };
      const { devicesWithinTarget, mostDevices } = planLink(link);
      assert.ok(planLink({ ...link, devices: devicesWithinTarget }).delayMs! <= 60 + 1e-6);
      assert.ok(planLink({ ...link, devices: devicesWithinTarget + 1 }).delayMs! > 60);
      assert.equal(mostDevices, 99);
      assert.ok(planLink({ ...link, devices: mostDevices }).load < 1);
      assert.deepEqual(planLink({ ...link, devices: 100 }).delayMs, undefined);
    }
  });

  it("takes the narrower of bytes and messages", () => {
    const both = { ...plan, queue: "M/D/1" as const, bytes: 100, capacityBytes: 10_000, capacityMessages: 50 };
    assert.equal(planLink(both).serviceMs, 20);
    assert.equal(planLink({ ...both, bytes: 500 }).serviceMs, 50);
    assert.equal(planLink({ ...both, targetMs: 1 }).devicesWithinTarget, 0);
    assert.equal(planLink({ ...both, rate: 1e12 }).mostDevices, 0);
  });
});
