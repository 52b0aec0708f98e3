import assert from "node:assert/strict";
import { beginPeriod, followSequence, lostOf, newSequenceTrack, settleGap } from "../../../engine/link/sequence-track";
import { overBadLine } from "./bad-line";

function follow(numbers: readonly number[], wrap = 0) {
  const track = newSequenceTrack();
  for (const seq of numbers) followSequence(track, seq, Number.NaN, wrap);
  settleGap(track);
  return track;
}
const counts = (numbers: readonly number[], wrap = 0) => {
  const track = follow(numbers, wrap);
  const { expected, received, repeated, reordered, bursts, longestBurst, restarts } = track;
  return { expected, received, lost: lostOf(track), repeated, reordered, bursts, longestBurst, restarts };
};
const clean = { lost: 0, repeated: 0, reordered: 0, bursts: 0, longestBurst: 0, restarts: 0 };

describe("what a producer's numbers tell", () => {
  // A packet is reordered when its number is less than one that came before: RFC 4737, 3.3, and the orders of arrival of its section 7.
  for (const { arrived, reordered } of [
    { arrived: [1, 2, 3, 5, 6, 7, 8, 4, 9, 10], reordered: 1 },
    { arrived: [1, 2, 3, 4, 7, 5, 6, 8, 9, 10], reordered: 2 },
    { arrived: [1, 2, 3, 7, 8, 9, 10, 4, 5, 6], reordered: 3 },
  ])
    it(`counts ${reordered} of ${arrived.join(" ")} as out of order, and none as lost`, () => {
      assert.deepEqual(counts(arrived), { ...clean, expected: 10, received: 10, reordered });
    });

  it("counts what is missing, in runs", () => {
    assert.deepEqual(counts([1, 2, 5, 6, 10, 11]), {
      ...clean,
      expected: 11,
      received: 6,
      lost: 5,
      bursts: 2,
      longestBurst: 3,
    });
  });

  it("makes a run two, shorter or none when a late one fills it", () => {
    assert.equal(counts([1, 7, 4]).bursts, 2);
    assert.equal(counts([1, 7, 2, 6]).bursts, 1);
    assert.equal(counts([1, 7, 2, 6]).longestBurst, 3);
    assert.equal(counts([1, 3, 2]).bursts, 0);
  });

  it("counts a number once, however often it comes", () => {
    assert.deepEqual(counts([1, 2, 2, 3, 1, 2]), { ...clean, expected: 3, received: 3, repeated: 3 });
  });

  for (const wrap of [256, 65_536, 2 ** 32])
    it(`goes on after ${wrap - 1} with 0`, () => {
      assert.deepEqual(counts([wrap - 2, wrap - 1, 1, 0, 2, 1], wrap), {
        ...clean,
        expected: 5,
        received: 5,
        reordered: 1,
        repeated: 1,
      });
      // Round after round, two of each lost.
      const numbers = Array.from({ length: 700 }, (_, i) => (10 * wrap - 300 + i) % wrap).filter(
        (seq) => seq % 256 > 1,
      );
      assert.deepEqual([lostOf(follow(numbers, wrap)), follow(numbers, wrap).restarts], [6, 0]);
    });

  it("knows a producer that began anew: by two in sequence (RFC 3550, A.1), or at once by the time of the sample", () => {
    const high = [100_000, 100_001];
    assert.deepEqual(counts([...high, 0, 1, 2]), { ...clean, expected: 5, received: 5, reordered: 1, restarts: 1 });
    const track = newSequenceTrack();
    for (const [i, seq] of [50, 51, 52, 0, 1, 52].entries()) followSequence(track, seq, 1000 * i);
    assert.deepEqual([track.restarts, track.repeated, lostOf(track)], [1, 0, 50]);
  });

  it("takes an old sample that comes very late for late, and not for a producer that began anew", () => {
    const track = newSequenceTrack();
    for (let seq = 0; seq < 300; seq++) if (seq !== 20) followSequence(track, seq, seq * 100);
    assert.equal(lostOf(track), 1);
    assert.equal(followSequence(track, 20, 2000), "late");
    assert.deepEqual([lostOf(track), track.restarts, track.highest], [0, 0, 299]);
  });

  it("loses nothing between two periods, and none less than nothing when a late one comes in the next", () => {
    const track = newSequenceTrack();
    for (const seq of [1, 2, 4]) followSequence(track, seq);
    assert.equal(lostOf(track), 1);
    beginPeriod(track);
    for (const seq of [3, 5, 6, 8]) followSequence(track, seq);
    assert.deepEqual([track.expected, track.received, lostOf(track)], [4, 4, 0]);
  });

  it("agrees with what was done to the samples, whatever was done", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const line = { lose: 0.05, repeat: 0.1, reorder: 0.1, delayMs: [0] };
      const { samples, truth } = overBadLine(line, 2000, 100, seed);
      const track = newSequenceTrack();
      for (const { seq, ts } of samples) followSequence(track, seq, ts);
      const got = { ...track, lost: lostOf(track) };
      for (const what of ["lost", "repeated", "reordered", "bursts"] as const)
        assert.equal(got[what], truth[what], `seed ${seed}: ${what}`);
      assert.equal(track.restarts, 0);
    }
  });

  it("stays finite for absurd numbers", () => {
    for (const wrap of [0, 256]) {
      const got = counts([0, Number.MAX_SAFE_INTEGER, 5, 2 ** 40, 3, Number.MAX_SAFE_INTEGER, 0], wrap);
      for (const value of Object.values(got)) assert.ok(Number.isSafeInteger(value) && value >= 0, JSON.stringify(got));
      assert.ok(got.expected < 2000, "no jump is taken for a million lost ones");
    }
  });

  it("of a counter that wrapped know a late number from before the first again", () => {
    const track = newSequenceTrack();
    const arrivals = [2, 255, 255, 254, 254, 3].map((seq) => followSequence(track, seq, Number.NaN, 256));
    assert.deepEqual(arrivals, ["new", "late", "repeated", "late", "repeated", "new"]);
    assert.deepEqual([track.expected, track.received, track.repeated], [4, 4, 2]);
  });
});
