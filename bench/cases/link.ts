import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createLinkMeter, type LinkMeter } from "../../engine/link/link-meter";
import { type ArrivedMessage, areArrivalsWatched, tellArrival, watchArrivals } from "../../nodes/lib/arrivals";
import { countArrival } from "../../nodes/twin-link/measuring";
import { createDice } from "../../test/support/dice";
import { spreadOf } from "../lib/statistics";
import type { BenchCase, Row } from "./bench-case";

const perRound = 400_000;
const goalUs = 2;

/** What twin-link adds to each sample that twin-ingest reads, what it keeps for 10,000 twins, and what a period of them costs. */
export const link: BenchCase = {
  name: "link",
  title: `twin-link: ${perRound.toLocaleString("en")} samples a round, with seq, device time, 1 % lost, repeated and out of order`,
  async run({ rounds, log }) {
    const rows: Row[] = [];
    for (const twins of [100, 10_000]) {
      const messages = messagesOf(twins);
      const meter = meterOf();
      // As twin-ingest does it: asked whether anybody listens, told, heard.
      const tell = (): number => {
        const begun = performance.now();
        for (const message of messages)
          if (areArrivalsWatched()) tellArrival({ ...message, now: message.now + 1_000_000 });
        return (1000 * (performance.now() - begun)) / messages.length;
      };
      tell();
      const alone = Array.from({ length: rounds }, tell);
      const stop = watchArrivals((message) => countArrival(meter, message, "*"));
      tell();
      const watched = Array.from({ length: rounds }, tell);
      stop();
      const { median, min, max } = spreadOf(watched);
      rows.push({
        what: `added to a sample, ${twins.toLocaleString("en")} twins in turn`,
        value: `${median.toFixed(2)} us (${min.toFixed(2)} to ${max.toFixed(2)}); ${spreadOf(alone).median.toFixed(3)} us while nobody listens`,
        goal: `< ${goalUs} us`,
        met: median < goalUs,
      });
      log(`${rows.at(-1)?.what}: ${rows.at(-1)?.value}`);
      if (twins === 100) continue;
      const before = heapBytes();
      const another = meterOf();
      for (const message of messages) countArrival(another, message, "*");
      const bytes = heapBytes() - before;
      const periods = Array.from({ length: rounds }, () => periodOf(meter, tell));
      rows.push({
        what: "memory",
        value: `${(bytes / 1e6).toFixed(0)} MB, ${(bytes / another.twins / 1000).toFixed(1)} kB a twin`,
      });
      rows.push({
        what: "figures of a period of all",
        value: `${spreadOf(periods).median.toFixed(0)} ms, in turns of 500 twins`,
      });
    }
    return rows;
  },
};

const meterOf = (): LinkMeter =>
  createLinkMeter({
    outageAfterMs: 60_000,
    windowMs: 86_400_000,
    clock: "minimum",
    clockWindowMs: 600_000,
    seqWrap: 0,
    capacityBytes: 100_000,
    capacityMessages: 0,
  });

function periodOf(meter: LinkMeter, tell: () => number): number {
  tell();
  const begun = performance.now();
  for (const id of meter.ids()) meter.take(id, begun);
  return performance.now() - begun;
}

/** Messages of twins in turn, over a line that loses, repeats and swaps, with delays of two decades. */
function messagesOf(twins: number): ArrivedMessage[] {
  const dice = createDice(1);
  const seqs = new Array<number>(twins).fill(0);
  const source = { id: "door", name: "" };
  return Array.from({ length: perRound }, (_, i): ArrivedMessage => {
    const twin = i % twins;
    const fate = dice(100);
    if (fate === 0) seqs[twin]! += 2;
    else if (fate !== 1) seqs[twin]!++;
    const seq = fate === 2 ? Math.max(0, seqs[twin]! - 2) : seqs[twin]!;
    const now = 1_790_000_000_000 + Math.floor(i / 10);
    const sample = { id: `press-${twin}`, ts: now - dice(50) * dice(10), seq, values: { force: 5.2 } };
    return { source, reading: { kind: "sample", sample }, bytes: 60, now, isTimed: true };
  });
}

/** Heap and typed arrays after a collection of garbage. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
