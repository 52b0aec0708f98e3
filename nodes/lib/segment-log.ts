import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { Failure } from "../../engine/contract/errors";

/**
 * An append-only log of records on disk: what a journal and a spool are made of. A record is written with one `write` call
 * (1.7 us where an SQLite insert takes 13 to 24), carries a checksum, and is kept until it is released. Records may be
 * released in any order; a segment whose records are all released is deleted.
 *
 * A record: magic (4 bytes), length of the payload (4), CRC-32 of number and payload (4), number (8), payload.
 * Released numbers stand, each with a CRC-32, in a file beside the segment. Losing some of those only means that a record comes
 * again: whoever reads the log must bear repeats.
 */
export interface SegmentLog {
  /**
   * Writes a record and returns its number (from 1, rising). When it returns, the record survives the end of the process;
   * see {@link SegmentLog.synced} for a power cut. Throws `Failure` `busy` when the log is full, `store-failed` when the disk refuses.
   */
  append(payload: Buffer): number;
  /** Resolves when everything appended so far has reached the disk. Calls in the meantime share one fdatasync. */
  synced(): Promise<void>;
  release(number: number): void;
  /** Unreleased records, oldest first, as of now; read from disk as they are asked for. */
  pending(): Generator<{ number: number; payload: Buffer }>;
  /** The payload of an unreleased record. */
  read(number: number): Buffer | undefined;
  /** Payloads that the log held when it was opened, released ones too, as far as their segments are still there. */
  recent(): Generator<Buffer>;
  readonly size: { records: number; bytes: number };
  /** Whether a record of that many bytes fits now. */
  hasRoom(bytes: number): boolean;
  close(): void;
}

export interface SegmentLogOptions {
  folder: string;
  /** Bound of all segments together. */
  maxBytes: number;
  /** @default 4 MiB */
  segmentBytes?: number;
  /** Segments that stay for {@link SegmentLog.recent} beside the one being written, although all of it was released. @default 0 */
  keptSegments?: number;
  warn(text: string): void;
}

const magic = 0x4d545731; // "MTW1"
const headerBytes = 20;
/** A released number and its CRC-32. */
const releaseBytes = 12;
const releaseFlushMs = 200;
/** Longest payload that is believed when a damaged file is read. */
const maxPayload = 64 * 1024 * 1024;

interface Segment {
  /** Number of the first record, which names the files. */
  first: number;
  file: string;
  fd: number;
  bytes: number;
  /** Unreleased records: where each payload lies in the file. */
  records: Map<number, { offset: number; length: number }>;
  /** Released numbers that are not in the file beside the segment yet. */
  unsaved: number[];
  /** A torn record could not be taken back: nothing more is written here. */
  sealed?: boolean;
}

export function openSegmentLog(options: SegmentLogOptions): SegmentLog {
  const { folder, maxBytes, warn, segmentBytes = 4 * 1024 * 1024, keptSegments = 0 } = options;
  mkdirSync(folder, { recursive: true });
  const segments: Segment[] = [];
  const where = new Map<number, Segment>();
  let total = 0;
  let next = 1;
  let closed = false;
  /** A file was made that its folder may not tell of after a power cut. */
  let hasNewFile = false;

  const names = readdirSync(folder)
    .filter((one) => /^\d{16}\.log$/.test(one))
    .sort();
  const found: Recovered[] = [];
  for (const [index, name] of names.entries()) {
    const recovered = recover(folder, name, warn);
    next = Math.max(next, recovered.highest + 1);
    const isRecent = index >= names.length - keptSegments;
    if (isRecent) found.push(recovered);
    if (recovered.segment.records.size === 0 && !isRecent) discard(recovered.segment);
    else keep(recovered.segment);
  }
  // Numbers are never given twice, even when the highest records were released and their segments are gone.
  next = Math.max(next, Date.now() * 1000);

  function keep(segment: Segment): void {
    segments.push(segment);
    total += segment.bytes;
    for (const number of segment.records.keys()) where.set(number, segment);
  }

  /** Deletes segments of which nothing is needed any more; the last ones stay, unless room is needed. */
  function prune(kept = 1 + keptSegments): void {
    for (const segment of segments.slice(0, Math.max(0, segments.length - kept))) {
      if (segment.records.size > 0) continue;
      segments.splice(segments.indexOf(segment), 1);
      total -= segment.bytes;
      discard(segment);
    }
  }

  function begin(): Segment {
    const file = path.join(folder, `${String(next).padStart(16, "0")}.log`);
    try {
      const segment = { first: next, file, fd: openSync(file, "a+"), bytes: 0, records: new Map(), unsaved: [] };
      segments.push(segment);
      hasNewFile = true;
      prune();
      return segment;
    } catch (error) {
      throw diskFailure(error);
    }
  }

  function append(payload: Buffer): number {
    if (closed) throw new Failure("store-failed", "The log is closed.", "", true);
    const bytes = headerBytes + payload.length;
    if (total + bytes > maxBytes) prune(0);
    if (total + bytes > maxBytes)
      throw new Failure(
        "busy",
        `The log in ${folder} is full (${maxBytes} bytes).`,
        "Wait until it drains, or allow more.",
        true,
      );
    let segment = segments.at(-1);
    if (!segment || segment.sealed || segment.bytes + bytes > segmentBytes) segment = begin();
    const number = next;
    const record = Buffer.allocUnsafe(bytes);
    record.writeUInt32LE(magic, 0);
    record.writeUInt32LE(payload.length, 4);
    record.writeBigUInt64LE(BigInt(number), 12);
    payload.copy(record, headerBytes);
    record.writeUInt32LE(crc32(record.subarray(12)), 8);
    try {
      const written = writeSync(segment.fd, record);
      if (written !== bytes) throw new Error(`only ${written} of ${bytes} bytes were written`);
    } catch (error) {
      // Take back what stands half written: a later record must not follow a torn one.
      try {
        ftruncateSync(segment.fd, segment.bytes);
      } catch {
        segment.sealed = true;
      }
      throw diskFailure(error);
    }
    segment.records.set(number, { offset: segment.bytes + headerBytes, length: payload.length });
    where.set(number, segment);
    segment.bytes += bytes;
    total += bytes;
    next++;
    return number;
  }

  function release(number: number): void {
    const segment = where.get(number);
    if (!segment) return;
    where.delete(number);
    segment.records.delete(number);
    segment.unsaved.push(number);
    if (segment.records.size === 0 && segment !== segments.at(-1)) prune();
  }

  /** Writes down what was released. */
  function saveReleases(): void {
    for (const segment of segments) {
      if (segment.unsaved.length === 0) continue;
      const numbers = Buffer.allocUnsafe(segment.unsaved.length * releaseBytes);
      for (const [index, number] of segment.unsaved.entries()) {
        const at = index * releaseBytes;
        numbers.writeBigUInt64LE(BigInt(number), at);
        numbers.writeUInt32LE(crc32(numbers.subarray(at, at + 8)), at + 8);
      }
      try {
        const fd = openSync(releasesOf(segment.file), "a");
        writeSync(fd, numbers);
        closeSync(fd);
        segment.unsaved = [];
      } catch (error) {
        warn(`Released records could not be noted (${String(error)}): they may be delivered again after a restart.`);
        return;
      }
    }
  }
  const timer = setInterval(saveReleases, releaseFlushMs);
  timer.unref();

  let syncing: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  async function syncNow(): Promise<void> {
    const written = segments.filter((segment) => segment.records.size > 0).slice(-2);
    const isNew = hasNewFile;
    hasNewFile = false;
    try {
      await Promise.all(written.map(({ fd }) => flushed(fd)));
      // A file is only there after a power cut when its folder's entry is.
      if (isNew) await flushedFolder(folder);
    } catch (error) {
      hasNewFile ||= isNew;
      throw diskFailure(error);
    }
  }
  /** A sync that is under way may miss the latest record: the next one, shared by all who ask meanwhile, will not. */
  function synced(): Promise<void> {
    if (!syncing) {
      syncing = syncNow().finally(() => {
        syncing = undefined;
      });
      return syncing;
    }
    queued ??= syncing
      .catch(() => undefined)
      .then(() => {
        queued = undefined;
        return synced();
      });
    return queued;
  }

  function read(number: number): Buffer | undefined {
    const segment = where.get(number);
    const place = segment?.records.get(number);
    return segment && place ? readPayload(segment, place) : undefined;
  }

  function* pending(): Generator<{ number: number; payload: Buffer }> {
    for (const segment of [...segments]) {
      for (const number of [...segment.records.keys()]) {
        const payload = read(number);
        if (payload) yield { number, payload };
      }
    }
  }

  function* recent(): Generator<Buffer> {
    for (const { segment, all } of found)
      for (const place of all.values()) {
        if (!segments.includes(segment)) break;
        yield readPayload(segment, place);
      }
  }

  return {
    append,
    synced,
    release,
    read,
    recent,
    pending,
    get size() {
      return { records: where.size, bytes: total };
    },
    hasRoom: (bytes) => total + headerBytes + bytes <= maxBytes,
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      saveReleases();
      for (const segment of segments) {
        try {
          fdatasyncSync(segment.fd);
        } catch {
          // The process level does not need it.
        }
        closeSync(segment.fd);
      }
    },
  };
}

const flushed = promisify(fdatasync);

async function flushedFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const releasesOf = (file: string): string => file.replace(/\.log$/, ".released");

function readPayload(segment: Segment, place: { offset: number; length: number }): Buffer {
  const payload = Buffer.allocUnsafe(place.length);
  readSync(segment.fd, payload, 0, place.length, place.offset);
  return payload;
}

function discard(segment: Segment): void {
  closeSync(segment.fd);
  rmSync(segment.file, { force: true });
  rmSync(releasesOf(segment.file), { force: true });
}

interface Recovered {
  segment: Segment;
  highest: number;
  /** Every whole record, released ones too. */
  all: Segment["records"];
}

/**
 * Reads a segment as it was left. Where something is no whole record (a torn end, a flipped bit) the file is put aside and
 * every whole record is kept.
 */
function recover(folder: string, name: string, warn: (text: string) => void): Recovered {
  const file = path.join(folder, name);
  const content = readFileSync(file);
  const { records: all, highest, damaged } = scan(content);
  const records = new Map(all);
  for (const number of readReleases(releasesOf(file))) records.delete(number);
  if (damaged > 0) {
    const aside = `${file}.damaged-${Date.now()}`;
    renameSync(file, aside);
    warn(
      `${damaged} bytes of the log ${file} are damaged. The file was put aside as ${aside}; its whole records are kept.`,
    );
    const segment = rewrite(file, content, records);
    return { segment, highest, all: segment.records };
  }
  const first = Number(name.slice(0, 16));
  const segment = { first, file, fd: openSync(file, "a+"), bytes: content.length, records, unsaved: [] };
  return { segment, highest, all };
}

interface Scan {
  records: Segment["records"];
  highest: number;
  /** Bytes that belong to no whole record. */
  damaged: number;
}

function scan(content: Buffer): Scan {
  const records: Segment["records"] = new Map();
  let highest = 0;
  let end = 0;
  let damaged = 0;
  let at = 0;
  const marker = Buffer.alloc(4);
  marker.writeUInt32LE(magic, 0);
  while (at + headerBytes <= content.length) {
    const length = content.readUInt32LE(at + 4);
    const whole =
      content.readUInt32LE(at) === magic &&
      length <= maxPayload &&
      at + headerBytes + length <= content.length &&
      crc32(content.subarray(at + 12, at + headerBytes + length)) === content.readUInt32LE(at + 8);
    if (!whole) {
      const found = content.indexOf(marker, at + 1);
      if (found < 0) break;
      at = found;
      continue;
    }
    damaged += at - end;
    const number = Number(content.readBigUInt64LE(at + 12));
    records.set(number, { offset: at + headerBytes, length });
    highest = Math.max(highest, number);
    at += headerBytes + length;
    end = at;
  }
  return { records, highest, damaged: damaged + content.length - end };
}

function readReleases(file: string): number[] {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch {
    return [];
  }
  const numbers: number[] = [];
  for (let at = 0; at + releaseBytes <= content.length; at += releaseBytes) {
    // A damaged entry is passed over: its record comes again, which whoever reads the log bears.
    if (crc32(content.subarray(at, at + 8)) === content.readUInt32LE(at + 8))
      numbers.push(Number(content.readBigUInt64LE(at)));
  }
  return numbers;
}

function rewrite(file: string, content: Buffer, records: Segment["records"]): Segment {
  const fd = openSync(file, "a+");
  const kept: Segment["records"] = new Map();
  let bytes = 0;
  for (const [number, { offset, length }] of records) {
    writeSync(fd, content.subarray(offset - headerBytes, offset + length));
    kept.set(number, { offset: bytes + headerBytes, length });
    bytes += headerBytes + length;
  }
  return { first: Number(path.basename(file).slice(0, 16)), file, fd, bytes, records: kept, unsaved: [] };
}

const diskFailure = (error: unknown): Failure =>
  new Failure(
    "store-failed",
    `The log could not be written: ${error instanceof Error ? error.message : String(error)}.`,
    "Free space on the disk, or look at the rights of the home folder.",
    true,
  );
