import { openSegmentLog } from "../lib/segment-log";
import type { Journal } from "./store";

/** Most that may wait unreleased, on disk. Beyond that nothing more is acknowledged until some of it is done. */
const maxBytes = 256 * 1024 * 1024;
/**
 * What a released entry led to is in files that are flushed once a second (see twin-history): at level `power` an entry is
 * kept for longer than that. Entries that a stop finds in that time come again.
 */
const flushedMs = 5000;

/** The ingest journal in append-only segments. An entry is its source's length (1 byte), source and data. */
export function createJournal(
  folder: string,
  durability: "process" | "power",
  warn: (text: string) => void,
): Journal & { close(): void } {
  const log = openSegmentLog({ folder, maxBytes, keptSegments: 1, warn });
  const releases = durability === "power" ? createDelay(flushedMs, log.release) : undefined;

  function* of<Entry>(entries: Generator<Entry>, source: string, payloadOf: (entry: Entry) => Buffer) {
    const start = startOf(source);
    for (const entry of entries) if (payloadOf(entry).subarray(0, start.length).equals(start)) yield entry;
  }

  return {
    append(source, data, soon = false) {
      const start = startOf(source);
      return soon ? log.appendSoon(data, start) : log.append(Buffer.concat([start, Buffer.from(data)]));
    },
    durable() {
      const written = log.written();
      if (!releases) return written;
      return written ? Promise.all([written, log.synced()]).then(() => undefined) : log.synced();
    },
    release: releases?.add ?? log.release,
    *unreleased(source) {
      for (const { number, payload } of of(log.pending(), source, (entry) => entry.payload))
        if (!releases?.has(number)) yield { number, data: dataOf(payload) };
    },
    read(number) {
      const payload = log.read(number);
      return payload && dataOf(payload);
    },
    *recent(source) {
      for (const payload of of(log.recent(), source, (one) => one)) yield dataOf(payload);
    },
    get size() {
      return log.size;
    },
    close() {
      releases?.stop();
      log.close();
    },
  };
}

const starts = new Map<string, Buffer>();

function startOf(source: string): Buffer {
  let start = starts.get(source);
  if (!start) {
    const name = Buffer.from(source.slice(0, 80));
    start = Buffer.concat([Buffer.from([name.length]), name]);
    if (starts.size > 1000) starts.clear();
    starts.set(source, start);
  }
  return start;
}

const dataOf = (payload: Buffer): Buffer => payload.subarray(1 + (payload[0] ?? 0));

/** Calls `act` for each number `delayMs` after it was added, by a clock that nobody sets. */
function createDelay(delayMs: number, act: (number: number) => void) {
  const waiting = new Map<number, number>();
  const timer = setInterval(() => {
    const before = performance.now() - delayMs;
    for (const [number, at] of waiting) {
      if (at > before) return;
      waiting.delete(number);
      act(number);
    }
  }, 500).unref();
  return {
    add: (number: number): void => void waiting.set(number, performance.now()),
    has: (number: number): boolean => waiting.has(number),
    stop: (): void => clearInterval(timer),
  };
}
