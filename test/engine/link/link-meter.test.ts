import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createLinkMeter, type LinkMeter } from "../../../engine/link/link-meter";
import type { LinkOptions } from "../../../engine/link/link-options";
import { assertLatencies, overBadLine } from "./bad-line";

const options: LinkOptions = {
  outageAfterMs: 60_000,
  windowMs: 86_400_000,
  clock: "minimum",
  clockWindowMs: 600_000,
  seqWrap: 0,
  capacityBytes: 10_000,
  capacityMessages: 0,
};
/** The computer's clock is far from the device's. */
const ours = 1_790_000_000_000;

function pass(meter: LinkMeter, id: string, seq: number | undefined, ts: number, at: number, bytes = 50): void {
  meter.message("door", bytes, at);
  meter.sample("door", { id, ts, seq, bytes }, { now: ours + at, at });
}

describe("the figures of a link", () => {
  it("agree with what was done to the samples, within the stated error", () => {
    const delayMs = [0, 0, 1, 2, 3, 5, 8, 20, 40, 90, 400];
    for (const [i, line] of [
      { lose: 0, repeat: 0, reorder: 0, delayMs: [0] },
      { lose: 0.02, repeat: 0, reorder: 0, delayMs },
      { lose: 0.1, repeat: 0.05, reorder: 0.08, delayMs },
    ].entries()) {
      const meter = createLinkMeter(options);
      const { samples, truth } = overBadLine(line, 3000, 500, 10 + i);
      for (const { seq, ts, at } of samples) pass(meter, "press-6", seq, ts, at);
      const end = samples.at(-1)!.at;
      const { values, clock, connection } = meter.take("press-6", end)!;
      assert.deepEqual([clock, connection, values["clock.offset"]], ["minimum", "door", ours]);
      for (const what of ["lost", "repeated", "reordered", "bursts", "longestBurst"] as const)
        assert.equal(values[what], truth[what], what);
      assert.equal(values.expected, truth.sent);
      assert.equal(values.delivery, Math.round((1 - truth.lost / truth.sent) * 1e6) / 1e6);
      assertLatencies(values, truth.delays);
      assert.equal(values.samplesPerSecond, Math.round((samples.length / end) * 1e6) / 1000);
      const whole = meter.takeConnection("door", end)!.values;
      for (const what of ["lost", "repeated", "reordered", "expected", "delivery", "latency.p95", "bytesPerSecond"])
        assert.equal(whole[what], values[what], what);
      assert.equal(whole.utilisation, Math.round((Number(whole.bytesPerSecond) / 10_000) * 1000) / 1000);
    }
  });

  it("have the jitter of RFC 3550, whatever the clocks", () => {
    // The code of A.8 in numpy: see make.py.
    const { sent, arrived, jitter } = JSON.parse(
      readFileSync(path.join(__dirname, "../../../../test/fixtures/link/jitter.json"), "utf8"),
    ) as { sent: number[]; arrived: number[]; jitter: number };
    const meter = createLinkMeter(options);
    for (const [i, ts] of sent.entries())
      meter.sample("door", { id: "a", ts: ts - 1e12, seq: i, bytes: 1 }, { now: arrived[i]!, at: arrived[i]! });
    assert.ok(Math.abs(Number(meter.take("a", 1e6)!.values.jitter) - jitter) < 0.001);
  });

  it("have no loss without numbers, no latency without times, and no load without a capacity", () => {
    const meter = createLinkMeter({ ...options, capacityBytes: 0 });
    for (let at = 0; at < 5000; at += 1000) pass(meter, "a", undefined, Number.NaN, at);
    const { values, clock } = meter.take("a", 5000)!;
    assert.deepEqual(values, {
      seconds: 5,
      samples: 5,
      bytes: 250,
      samplesPerSecond: 1,
      bytesPerSecond: 50,
      out: 0,
      silent: 1,
      availability: 1,
      outages: 0,
    });
    assert.equal(clock, undefined);
    assert.deepEqual(meter.takeConnection("door", 5000)!.values, {
      seconds: 5,
      messages: 5,
      samples: 5,
      bytes: 250,
      samplesPerSecond: 1,
      bytesPerSecond: 50,
      messagesPerSecond: 1,
      twins: 1,
      out: 0,
      refused: 0,
    });
  });

  it("are finite for every absurd time and number, and right again after it", () => {
    const absurd = [0, -1, 9_223_372_036_854, Number.MAX_SAFE_INTEGER, -1e300, 1e300, Number.POSITIVE_INFINITY];
    const meter = createLinkMeter(options);
    let at = 0;
    for (let round = 0; round < 50; round++)
      for (const odd of absurd) {
        pass(meter, "a", Math.abs(odd % 1000) || 0, odd, at++);
        pass(meter, "a", round, ours + at - 20, at++);
      }
    for (const { values } of [meter.take("a", at)!, meter.takeConnection("door", at)!])
      for (const [name, value] of Object.entries(values)) assert.ok(Number.isFinite(value), `${name}: ${value}`);
    for (let seq = 0; seq < 100; seq++, at += 100) pass(meter, "a", 1000 + seq, at, at + 30);
    meter.take("a", at);
    for (let seq = 0; seq < 100; seq++, at += 100) pass(meter, "a", 1100 + seq, at, at + 30);
    const { values } = meter.take("a", at)!;
    assert.deepEqual([values["latency.max"], values.lost, values.untimed], [0, 0, undefined]);
  });

  it("go by the round trip where there is one, and by the minimum filter until then", () => {
    const meter = createLinkMeter({ ...options, clock: "round-trip" });
    pass(meter, "a", 1, 0, 50);
    assert.equal(meter.take("a", 100)!.clock, "minimum");
    assert.equal(meter.roundTrip("a", { offset: ours - 30, delay: 60 }), true);
    assert.equal(meter.roundTrip("b", { offset: 0, delay: 60 }), false);
    pass(meter, "a", 2, 1000, 1050);
    const { clock, values } = meter.take("a", 1100)!;
    assert.deepEqual(
      [clock, values["clock.offset"], values["latency.max"], values.roundTrip],
      ["round-trip", ours - 30, 80, 60],
    );
  });

  it("count refusals by reason, and remember no twin for them", () => {
    const meter = createLinkMeter(options);
    pass(meter, "a", 1, 0, 0);
    meter.refused("door", "wrong-type", "a", 1);
    meter.refused("door", "wrong-type", "made-up", 2);
    meter.refused("door", "bad-json", undefined, 3);
    assert.equal(meter.twins, 1);
    assert.equal(meter.take("a", 10)!.values.refused, 1);
    const { values } = meter.takeConnection("door", 10)!;
    assert.deepEqual([values.refused, values["refused.wrong-type"], values["refused.bad-json"]], [3, 2, 1]);
    assert.equal(meter.takeConnection("door", 20)!.values.refused, 0);
  });

  it("put the worst links first: out, then loss, then delay", () => {
    const meter = createLinkMeter({ ...options, outageAfterMs: 5000 });
    pass(meter, "silent", 1, 0, 0);
    for (let seq = 0; seq < 10; seq++)
      for (const id of ["good", "slow", "lossy", "fine"]) {
        if (id === "lossy" && seq === 5) continue;
        pass(meter, id, seq, seq * 1000, seq * 1000 + (id === "slow" && seq > 0 ? 300 : 0));
      }
    for (const id of meter.ids()) meter.take(id, 10_000);
    assert.deepEqual(
      meter.worst(4).map(({ id }) => id),
      ["silent", "lossy", "slow", "fine"],
    );
  });

  it("are of 10,000 twins at most, those heard of last, and of none that was silent for the whole window", () => {
    const meter = createLinkMeter({ ...options, maxTwins: 100, windowMs: 1000 });
    for (let i = 0; i < 1000; i++) {
      pass(meter, "kept", i, 0, 0);
      pass(meter, `t${i}`, 1, 0, 0);
      if (i % 50 === 0) meter.take("kept", 0);
    }
    assert.ok(meter.twins <= 100 && meter.twins > 80, `${meter.twins}`);
    assert.ok(meter.ids().includes("t999") && !meter.ids().includes("t1"));
    assert.equal(meter.take("t999", 1001), undefined);
    assert.ok(!meter.ids().includes("t999"));
  });

  it("are of no connection that was silent for the whole window, such as one of a node that was deleted", () => {
    const meter = createLinkMeter({ ...options, windowMs: 1000 });
    pass(meter, "a", 1, ours, 0);
    assert.equal(meter.takeConnection("door", 900)!.values.messages, 1);
    meter.message("door", 10, 950);
    assert.equal(meter.takeConnection("door", 1900)!.values.messages, 1);
    assert.equal(meter.takeConnection("door", 2000), undefined);
    assert.deepEqual(meter.connectionIds(), []);
  });
});
