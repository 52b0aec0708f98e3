/** Lines as they stand in one record of the spool. */
export interface SpoolRecord {
  lines: string[];
  /** When the first of them came, ms since 1970. */
  since: number;
  /** Latest time of a sample in it, ms. */
  latest: number;
}

/** What a record says of itself without its lines. */
export type RecordHead = Omit<SpoolRecord, "lines"> & { count: number };

const headBytes = 20;

/**
 * Head (`since`, `latest`, count), the length of each line in UTF-16 code units (a text may hold line ends, so these do not tell
 * lines apart), then the lines as one text.
 */
export function encodeRecord({ lines, since, latest }: SpoolRecord): Buffer {
  const text = Buffer.from(lines.join("\n"));
  const start = headBytes + 4 * lines.length;
  const record = Buffer.allocUnsafe(start + text.length);
  record.writeDoubleLE(since, 0);
  record.writeDoubleLE(latest, 8);
  record.writeUInt32LE(lines.length, 16);
  for (let i = 0; i < lines.length; i++) record.writeUInt32LE((lines[i] as string).length, headBytes + 4 * i);
  text.copy(record, start);
  return record;
}

/** Undefined: this is no record. */
export function readHead(record: Buffer): RecordHead | undefined {
  if (record.length < headBytes) return undefined;
  const count = record.readUInt32LE(16);
  if (record.length < headBytes + 4 * count) return undefined;
  return { since: record.readDoubleLE(0), latest: record.readDoubleLE(8), count };
}

export function decodeRecord(record: Buffer): SpoolRecord | undefined {
  const head = readHead(record);
  if (!head) return undefined;
  const text = record.toString("utf8", headBytes + 4 * head.count);
  const lengths = Array.from({ length: head.count }, (_, i) => record.readUInt32LE(headBytes + 4 * i));
  if (lengths.reduce((sum, length) => sum + length + 1, -1) !== text.length) return undefined;
  return { lines: splitLines(text, lengths), since: head.since, latest: head.latest };
}

/** Takes lines apart that were joined by line ends and may hold some. Half a character came out of UTF-8 as another, as long. */
export function splitLines(text: string, lengths: readonly number[]): string[] {
  let at = 0;
  return lengths.map((length) => {
    const line = text.slice(at, at + length);
    at += length + 1;
    return line;
  });
}
