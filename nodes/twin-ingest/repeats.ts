import type { Reading } from "../../engine/ingest/read-payload";
import { createSequenceWatch, type SequenceCounts } from "../../engine/ingest/sequence-watch";
import { acquire } from "../lib/shared";
import type { Journal } from "../twin-store/store";
import { type Outcome, outcomeOf } from "./outcome";
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
  readonly counts: SequenceCounts;
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
export function acquireRepeats(id: string, journal: Journal): { repeats: Repeats; release(): void } {
  const lease = acquire(`repeats:${id}`, () => {
    const repeats = createRepeats();
    for (const data of journal.recent(id)) {
      const { topic, mark, reading } = decodeParcel(data);
      repeats.took(topic, mark, reading);
    }
    return { value: repeats, dispose: () => undefined };
  });
  return { repeats: lease.value, release: lease.release };
}

function createRepeats(): Repeats {
  const messages = new Map<number, { topic: string; crc: number }>();
  const keys = new Map<string, Answered>();
  const sequences = createSequenceWatch();

  return {
    isRepeat(topic, { messageId, crc }) {
      const known = messageId === undefined ? undefined : messages.get(messageId);
      return known?.crc === crc && known.topic === topic;
    },
    answered: (key) => keys.get(key),
    took(topic, mark, reading) {
      if (reading.kind === "sample") sequences.took(reading.sample);
      else if (reading.kind === "batch") for (const sample of reading.samples) sequences.took(sample);
      if (mark?.messageId !== undefined) remember(messages, mark.messageId, { topic, crc: mark.crc }, maxMessageIds);
      if (mark?.key === undefined) return;
      const { accepted, refused, errors } = outcomeOf(reading);
      const answer = { accepted: accepted + (mark.repeated ?? 0), refused, errors: errors.slice(0, maxErrors) };
      remember(keys, mark.key, { crc: mark.crc, ...answer }, maxKeys);
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
    get counts() {
      return sequences.counts;
    },
  };
}

function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value as Key);
}
