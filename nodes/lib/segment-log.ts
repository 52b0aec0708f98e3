import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { Failure } from "../../engine/contract/errors";
import {
  discard,
  emptySegment,
  encodeRecord,
  headerBytes,
  putRecord,
  type Recovered,
  readRecord,
  recover,
  type Segment,
  saveNotes,
  writeWhole,
} from "./segment-files";

/**
 * An append-only log of records on disk: what a journal and a spool are made of. A record is written with one `write` call
 * (1.7 us where an SQLite insert takes 13 to 24), carries a checksum, and is kept until it is released. Records may be
 * released in any order; a segment whose records are all released is deleted.
 *
 * Whoever reads the log must bear repeats: what was released is only noted now and then. See segment-files.ts for what lies on disk.
 */
export interface SegmentLog {
  /**
   * Writes a record and returns its number (from 1, rising). When it returns, the record survives the end of the process;
   * see {@link SegmentLog.synced} for a power cut. Throws `Failure` `busy` when the log is full, `store-failed` when the disk refuses.
   */
  append(payload: Buffer): number;
  /**
   * Like `append`, but written at the end of this turn, in one write with what else comes until then: see {@link SegmentLog.written}.
   *
   * @param head stands before the text in the payload
   */
  appendSoon(text: string, head?: Buffer): number;
  /** Resolves when all that was appended is written, rejects when it is not; undefined when nothing waits to be. */
  written(): Promise<void> | undefined;
  /** Resolves when everything appended so far has reached the disk. Calls in the meantime share one fdatasync. */
  synced(): Promise<void>;
  release(number: number): void;
  /** Releases records up to that number, those of one segment at a time. Whether there are more. */
  releaseThrough(number: number): boolean;
  /** The number that the next record will have. */
  readonly next: number;
  /** No record below this number is left. */
  readonly oldest: number;
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
  /** Takes over the file of a segment whose records are all released, which is deleted otherwise. */
  retire?(file: string): void;
  /** No record gets this number or one below it. @default 0 */
  above?: number;
  warn(text: string): void;
}

const releaseFlushMs = 200;
/** Most that waits for the end of the turn. */
const maxGroupBytes = 256 * 1024;
const noHead = Buffer.alloc(0);

/** Records that go to the disk in one write. */
interface Group {
  segment: Segment;
  /** Where it begins in the file. */
  start: number;
  numbers: number[];
  written: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

export function openSegmentLog(options: SegmentLogOptions): SegmentLog {
  const { folder, maxBytes, warn, retire, segmentBytes = 4 * 1024 * 1024, keptSegments = 0, above = 0 } = options;
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
    if (recovered.segment.records.size === 0 && !isRecent) discard(recovered.segment, retire);
    else keep(recovered.segment);
  }
  // Numbers are never given twice, even when the highest records were released and their segments are gone.
  next = Math.max(next, above + 1, Date.now() * 1000);

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
      discard(segment, retire);
    }
  }

  function begin(): Segment {
    const file = path.join(folder, `${String(next).padStart(16, "0")}.log`);
    try {
      const segment = { ...emptySegment(file), first: next, fd: openSync(file, "a+") };
      segments.push(segment);
      hasNewFile = true;
      prune();
      return segment;
    } catch (error) {
      throw diskFailure(error);
    }
  }

  let group: Group | undefined;
  /** The records of the group, as they go to the disk. */
  let gathered: Buffer | undefined;
  /** The last write failed: until one succeeds, nothing is taken on trust. */
  let isFailing = false;

  /** The segment that the next record goes to. */
  function segmentFor(bytes: number): Segment {
    if (closed) throw new Failure("store-failed", "The log is closed.", "", true);
    if (total + bytes > maxBytes) prune(0);
    if (total + bytes > maxBytes)
      throw new Failure(
        "busy",
        `The log in ${folder} is full (${maxBytes} bytes).`,
        "Wait until it drains, or allow more.",
        true,
      );
    const segment = segments.at(-1);
    if (segment && !segment.sealed && segment.bytes + bytes <= segmentBytes) return segment;
    writeGroup();
    return begin();
  }

  function write(segment: Segment, records: Buffer): void {
    try {
      writeWhole(segment.fd, records);
      isFailing = false;
    } catch (error) {
      isFailing = true;
      // Take back what stands half written: a later record must not follow a torn one.
      try {
        ftruncateSync(segment.fd, segment.bytes);
      } catch {
        segment.sealed = true;
      }
      throw diskFailure(error);
    }
  }

  function note(segment: Segment, number: number, bytes: number): void {
    segment.records.set(number, { offset: segment.bytes + headerBytes, length: bytes - headerBytes });
    where.set(number, segment);
    segment.highest = number;
    segment.isDirty = true;
    segment.bytes += bytes;
    total += bytes;
  }

  function append(payload: Buffer): number {
    writeGroup();
    const bytes = headerBytes + payload.length;
    const segment = segmentFor(bytes);
    const number = next++;
    write(segment, encodeRecord(number, payload));
    note(segment, number, bytes);
    return number;
  }

  function appendSoon(text: string, head = noHead): number {
    const bytes = headerBytes + head.length + Buffer.byteLength(text);
    if (isFailing || bytes > maxGroupBytes) return append(Buffer.concat([head, Buffer.from(text)]));
    const segment = segmentFor(bytes);
    const number = next++;
    group ??= beginGroup(segment);
    gathered ??= Buffer.allocUnsafe(2 * maxGroupBytes);
    putRecord(gathered, segment.bytes - group.start, number, head, text);
    group.numbers.push(number);
    note(segment, number, bytes);
    if (segment.bytes - group.start >= maxGroupBytes) writeGroup();
    return number;
  }

  function beginGroup(segment: Segment): Group {
    setImmediate(writeGroup);
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    const written = new Promise<void>((onWritten, onFailed) => {
      resolve = onWritten;
      reject = onFailed;
    });
    // Whoever acknowledges hears of a failure; it is no crash where nobody does.
    written.catch(() => undefined);
    return { segment, start: segment.bytes, numbers: [], written, resolve, reject };
  }

  function writeGroup(): void {
    if (!group) return;
    const { segment, start, numbers, resolve, reject } = group;
    group = undefined;
    const end = segment.bytes;
    segment.bytes = start;
    try {
      write(segment, (gathered as Buffer).subarray(0, end - start));
      segment.bytes = end;
      resolve();
    } catch (error) {
      total -= end - start;
      for (const number of numbers) {
        segment.records.delete(number);
        where.delete(number);
      }
      reject(error as Error);
    }
  }

  function release(number: number): void {
    const segment = where.get(number);
    if (!segment) return;
    where.delete(number);
    segment.records.delete(number);
    segment.unsaved.push(number);
    if (segment.records.size === 0 && segment !== segments.at(-1)) prune();
  }

  function releaseThrough(number: number): boolean {
    const segment = segments.find(({ records }) => records.size > 0);
    if (!segment || segment.first > number) return false;
    for (const one of segment.records.keys()) {
      if (one > number) return false;
      where.delete(one);
      segment.records.delete(one);
      segment.unsaved.push(one);
      segment.releasedThrough = one;
    }
    prune();
    return true;
  }

  let isNoting = true;
  /** Writes down what was released, and how far each segment reaches. */
  function saveReleases(): void {
    for (const segment of segments) {
      if (segment.unsaved.length === 0 && segment.highest === segment.notedHighest) continue;
      try {
        saveNotes(segment);
        isNoting = true;
      } catch (error) {
        if (isNoting)
          warn(`Released records could not be noted (${String(error)}): they may be delivered again after a restart.`);
        isNoting = false;
        return;
      }
    }
  }
  const timer = setInterval(saveReleases, releaseFlushMs);
  timer.unref();

  let syncing: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  async function syncNow(): Promise<void> {
    const written = segments.filter((segment) => segment.isDirty);
    for (const segment of written) segment.isDirty = false;
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
  /**
   * A sync that is under way may miss the latest record: the next one, shared by all who ask meanwhile, will not. When the
   * first fails, so does the next: the system forgets what it could not write, and its next flush succeeds without that.
   */
  function synced(): Promise<void> {
    writeGroup();
    if (!syncing) {
      syncing = syncNow().finally(() => {
        syncing = undefined;
      });
      return syncing;
    }
    queued ??= syncing
      .finally(() => {
        queued = undefined;
      })
      .then(synced);
    return queued;
  }

  function read(number: number): Buffer | undefined {
    if (group) writeGroup();
    const segment = where.get(number);
    const place = segment?.records.get(number);
    if (!segment || !place) return undefined;
    const payload = readRecord(segment, number, place);
    if (payload) return payload;
    warn(`Record ${number} of the log ${segment.file} is damaged and cannot be read any more.`);
    release(number);
    return undefined;
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
      for (const [number, place] of all) {
        if (!segments.includes(segment)) break;
        const payload = readRecord(segment, number, place);
        if (payload) yield payload;
      }
  }

  return {
    append,
    appendSoon,
    written: () => group?.written,
    synced,
    release,
    releaseThrough,
    get next() {
      return next;
    },
    get oldest() {
      return segments[0]?.first ?? next;
    },
    read,
    recent,
    pending,
    get size() {
      return { records: where.size, bytes: total };
    },
    hasRoom: (bytes) => total + headerBytes + bytes <= maxBytes,
    close() {
      if (closed) return;
      clearInterval(timer);
      writeGroup();
      closed = true;
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

const flushed = (fd: number): Promise<void> => promisify(fdatasync)(fd);

async function flushedFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const diskFailure = (error: unknown): Failure =>
  new Failure(
    "store-failed",
    `The log could not be written: ${error instanceof Error ? error.message : String(error)}.`,
    "Free space on the disk, or look at the rights of the home folder.",
    true,
  );
