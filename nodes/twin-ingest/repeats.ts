import { createRecentMap } from "../../engine/contract/recent-map";
import { type ArrivalClock, createArrivalClock } from "../../engine/ingest/arrival-clock";
import type { Reading } from "../../engine/ingest/read-payload";
import { createSequenceWatch, type SequenceWatch } from "../../engine/ingest/sequence-watch";
import type { Host } from "../lib/define-node";
import { acquire } from "../lib/shared";
import type { Journal } from "../twin-store/store";
import { type Outcome, outcomeOf, samplesOf } from "./outcome";
import { decodeParcel, type Mark } from "./parcel";

/** What a node has taken in lately, to recognise what comes again. */
export interface Repeats {
  /** Whether the broker sends again what was taken in already: same packet identifier, topic and payload. */
  isRepeat(topic: string, mark: Mark): boolean;
  /** What became of the request with that Idempotency-Key. */
  answered(key: string): Answered | undefined;
  /** Remembers what was taken in. */
  took(topic: string, mark: Mark | undefined, reading: Reading): void;
  /** Takes samples out that were taken in before: same twin, `seq` and values. Gives their number, and no reading when nothing is left. */
  withoutRepeats(reading: Reading): { reading: Reading | undefined; repeated: number };
  /** What was taken is not durable after all. */
  forget(): void;
}

export interface Answered extends Outcome {
  /** CRC-32 of its body. */
  crc: number;
}

/** MQTT gives a packet identifier again after 65,535 others at the earliest. */
const maxMessageIds = 5000;
const maxKeys = 10_000;
/** Verdicts of rows that are kept for a repeated request. */
const maxErrors = 100;

/** The memory of that node. It outlives a deploy, and after a start the journal fills it. */
export function acquireRepeats(host: Host, journal: Journal, sequences: SequenceWatch): Repeats {
  const lease = acquire(`repeats:${host.id}`, () => {
    const repeats = createRepeats(sequences);
    for (const data of journal.recent(host.id)) {
      const { topic, mark, reading } = decodeParcel(data);
      for (const sample of samplesOf(reading)) sequences.took(sample);
      repeats.took(topic, mark, reading);
    }
    return { value: repeats, dispose: () => undefined };
  });
  host.onClose(lease.release);
  return lease.value;
}

/** What a node's reading remembers. It outlives a deploy. */
export interface ReadingMemory {
  sequences: SequenceWatch;
  stampArrival: ArrivalClock;
}

export function acquireMemory(host: Host): ReadingMemory {
  const lease = acquire(`reading:${host.id}`, () => ({
    value: { sequences: createSequenceWatch(), stampArrival: createArrivalClock() },
    dispose: () => undefined,
  }));
  host.onClose(lease.release);
  return lease.value;
}

export function createRepeats(sequences: SequenceWatch): Repeats {
  const messages = createRecentMap<number, { topic: string; crc: number }>(maxMessageIds);
  const keys = createRecentMap<string, Answered>(maxKeys);

  return {
    isRepeat(topic, { messageId, crc }) {
      const known = messageId === undefined ? undefined : messages.get(messageId);
      return known?.crc === crc && known.topic === topic;
    },
    answered: (key) => keys.get(key),
    took(topic, mark, reading) {
      if (mark?.messageId !== undefined) messages.set(mark.messageId, { topic, crc: mark.crc });
      if (mark?.key === undefined) return;
      const { accepted, refused, errors } = outcomeOf(reading);
      const answer = { accepted: accepted + (mark.repeated ?? 0), refused, errors: errors.slice(0, maxErrors) };
      keys.set(mark.key, { crc: mark.crc, ...answer });
    },
    withoutRepeats(reading) {
      if (reading.kind === "refused") return { reading, repeated: 0 };
      if (reading.kind === "sample")
        return sequences.isRepeat(reading.sample) ? { reading: undefined, repeated: 1 } : { reading, repeated: 0 };
      const samples = reading.samples.filter((sample) => !sequences.isRepeat(sample));
      const isEmpty = samples.length === 0 && reading.errors.length === 0;
      return {
        reading: isEmpty ? undefined : { ...reading, samples },
        repeated: reading.samples.length - samples.length,
      };
    },
    forget: () => messages.clear(),
  };
}
