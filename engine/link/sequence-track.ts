/**
 * Follows one producer's sequence numbers (`seq`): what is expected, came, came again or out of order, and in what runs
 * numbers are missing. Memory is constant: which of the last 64 numbers came is a ring of bits, as in RFC 6479.
 *
 * Expected and lost: RFC 3550, A.1 and A.3. Reordered: RFC 4737, section 3.3 (less than a number that came before).
 */
export interface SequenceTrack {
  /** Highest number so far; -1 before the first. */
  highest: number;
  /** The first that came since the producer began. Of lower ones nobody knows whether they came before. */
  first: number;
  /** Device time of the sample with the highest number. NaN where it has none. */
  highestTs: number;
  /** Bit n of word w: number 32 w + n, modulo 64, came. */
  seen: Uint32Array;
  /** The number that, coming next, says that the producer began anew. */
  newStart: number;
  /** The newest gap, which may yet be filled. */
  gapFrom: number;
  gapTo: number;
  gapOpen: number;

  /** Of the present period: numbers that should have come, and different ones that did. */
  expected: number;
  received: number;
  repeated: number;
  reordered: number;
  /** Runs of missing numbers. */
  bursts: number;
  /** Longest of them. */
  longestBurst: number;
  /** Times that the producer began anew. */
  restarts: number;
}

export type Arrival = "new" | "late" | "repeated" | "restarted";

/** How many numbers back a late one is told from a repeated one. */
const windowSize = 64;
/** A jump that is longer is no gap. */
const maxGap = 1_000_000;

export const newSequenceTrack = (): SequenceTrack => ({
  highest: -1,
  first: -1,
  highestTs: Number.NaN,
  seen: new Uint32Array(2),
  newStart: -1,
  gapFrom: -1,
  gapTo: -1,
  gapOpen: 0,
  expected: 0,
  received: 0,
  repeated: 0,
  reordered: 0,
  bursts: 0,
  longestBurst: 0,
  restarts: 0,
});

/** Numbers of the period that have not come: RFC 3550, A.3. A late one from the period before makes it no less than 0. */
export const lostOf = ({ expected, received }: SequenceTrack): number => Math.max(0, expected - received);

/**
 * Takes a number in.
 *
 * @param ts device time in ms, where there is one: a lower number that was sent later is a producer that began anew
 * @param wrap the counter begins again at 0 after `wrap - 1`: 256, 65536, 2^32; 0: it does not
 */
export function followSequence(track: SequenceTrack, seq: number, ts = Number.NaN, wrap = 0): Arrival {
  if (track.highest < 0) {
    begin(track, seq, ts);
    return "new";
  }
  let step = seq - track.highest;
  if (wrap > 0) {
    step %= wrap;
    if (step < 0) step += wrap;
    if (step >= wrap / 2) step -= wrap;
  }
  if (step > 0 && step <= maxGap) {
    advance(track, step, ts);
    return "new";
  }
  if (step > 0 || startsAnew(track, seq, step, ts)) {
    begin(track, seq, ts);
    track.restarts++;
    return "restarted";
  }
  const number = track.highest + step;
  if (step > -windowSize && hasCome(track, number)) {
    track.repeated++;
    return "repeated";
  }
  track.received++;
  track.reordered++;
  if (number < track.first) track.expected++;
  if (step > -windowSize) fill(track, number);
  return "late";
}

function begin(track: SequenceTrack, seq: number, ts: number): void {
  track.highest = seq;
  track.first = seq;
  track.highestTs = ts;
  track.seen.fill(0);
  track.newStart = -1;
  track.gapOpen = 0;
  track.gapFrom = -1;
  track.gapTo = -1;
  track.expected++;
  track.received++;
  mark(track, seq);
}

function advance(track: SequenceTrack, step: number, ts: number): void {
  const before = track.highest;
  track.highest += step;
  track.highestTs = ts;
  track.newStart = -1;
  track.expected += step;
  track.received++;
  if (step >= windowSize) track.seen.fill(0);
  else for (let number = before + 1; number < track.highest; number++) unmark(track, number);
  mark(track, track.highest);
  if (step === 1) return;
  settleGap(track);
  track.bursts++;
  track.gapFrom = before + 1;
  track.gapTo = track.highest - 1;
  track.gapOpen = step - 1;
}

/** A late one takes a number out of a run: the run is shorter, gone, or two. */
function fill(track: SequenceTrack, number: number): void {
  const isMissing = (other: number): boolean =>
    other > track.first && other > track.highest - windowSize && other < track.highest && !hasCome(track, other);
  const neighbours = Number(isMissing(number - 1)) + Number(isMissing(number + 1));
  if (number > track.first) track.bursts += neighbours - 1;
  mark(track, number);
  if (number >= track.gapFrom && number <= track.gapTo && track.gapOpen > 0) track.gapOpen--;
}

/** The newest gap counts for what was not filled of it. */
export function settleGap(track: SequenceTrack): void {
  if (track.gapOpen > track.longestBurst) track.longestBurst = track.gapOpen;
}

/**
 * With device times: sent after the sample with the highest number. Without: far back, and followed by its successor
 * (RFC 3550, A.1: two in sequence).
 */
function startsAnew(track: SequenceTrack, seq: number, step: number, ts: number): boolean {
  if (!Number.isNaN(ts) && !Number.isNaN(track.highestTs)) return ts > track.highestTs;
  if (step > -windowSize) return false;
  if (seq === track.newStart) return true;
  track.newStart = seq + 1;
  return false;
}

/** Counts of the next period. What came stays known. */
export function beginPeriod(track: SequenceTrack): void {
  track.expected = 0;
  track.received = 0;
  track.repeated = 0;
  track.reordered = 0;
  track.bursts = 0;
  track.longestBurst = 0;
  track.restarts = 0;
  track.gapOpen = 0;
}

/** Numbers before the first are below 0 where the counter had wrapped. */
const wordOf = (number: number): number => (number & 63) >>> 5;
const bitOf = (number: number): number => 1 << (number & 31);

const hasCome = ({ seen }: SequenceTrack, number: number): boolean => (seen[wordOf(number)]! & bitOf(number)) !== 0;

function mark({ seen }: SequenceTrack, number: number): void {
  seen[wordOf(number)]! |= bitOf(number);
}

function unmark({ seen }: SequenceTrack, number: number): void {
  seen[wordOf(number)]! &= ~bitOf(number);
}
