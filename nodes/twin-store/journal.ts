import { openSegmentLog } from "../lib/segment-log";
import type { Journal, JournalEntry, JournalRecord } from "./store";

/** Most that may wait unreleased, on disk. Beyond that nothing more is acknowledged until some of it is done. */
const maxBytes = 256 * 1024 * 1024;

/**
 * The ingest journal in append-only segments. An entry is its length of header (2 bytes), header (JSON), payload as it came.
 */
export function createJournal(
  folder: string,
  fsync: boolean,
  warn: (text: string) => void,
): Journal & { close(): void } {
  const log = openSegmentLog({ folder, maxBytes, warn });
  return {
    async append(entry) {
      const number = log.append(encode(entry));
      if (fsync) await log.synced();
      return number;
    },
    release: log.release,
    *unreleased(source) {
      for (const { number, payload } of log.pending()) {
        const record = decode(number, payload);
        if (record.source === source) yield record;
      }
    },
    read(number) {
      const payload = log.read(number);
      return payload && decode(number, payload);
    },
    get size() {
      return log.size;
    },
    close: log.close,
  };
}

function encode({ payload, ...header }: JournalEntry): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const record = Buffer.allocUnsafe(2 + text.length + payload.length);
  record.writeUInt16LE(text.length, 0);
  text.copy(record, 2);
  payload.copy(record, 2 + text.length);
  return record;
}

function decode(number: number, record: Buffer): JournalRecord {
  const end = 2 + record.readUInt16LE(0);
  const header = JSON.parse(record.toString("utf8", 2, end)) as Omit<JournalEntry, "payload">;
  return { ...header, number, payload: record.subarray(end) };
}
