import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { asideFor } from "./put-aside";

/**
 * What a segment log lays on disk. A record: magic (4 bytes), length of the payload (4), CRC-32 of number and payload (4),
 * number (8), payload; little-endian. Beside each segment a file of notes: released numbers, up to which all are, and how far the segment reaches,
 * each 8 bytes with a CRC-32. Losing notes only means that a record comes again.
 */
const magic = 0x4d545731; // "MTW1"
export const headerBytes = 20;
/** A released number and its CRC-32. */
const releaseBytes = 12;
/** Stands before the number of a segment's last record, among the released ones: an end that was cut off is noticed. */
const highestMark = 1n << 63n;
/** Stands before the number up to which all was released: where that is done in order, damage must not bring one of them back alone. */
const throughMark = 1n << 62n;
/** Longest payload that is believed when a damaged file is read. */
const maxPayload = 64 * 1024 * 1024;

/** One file of a log, and what is known of it. */
export interface Segment {
  /** Number of the first record, which names the files. */
  first: number;
  file: string;
  fd: number;
  bytes: number;
  /** Unreleased records: where each payload lies in the file. */
  records: Map<number, { offset: number; length: number }>;
  /** Released numbers that are not in the file beside the segment yet. */
  unsaved: number[];
  /** Everything up to this number was released at once. 0: never. */
  releasedThrough: number;
  /** Number of the last record written, and the one that the file beside the segment tells of. */
  highest: number;
  notedHighest: number;
  /** Something was appended that no flush was asked for yet. */
  isDirty: boolean;
  /** A torn record could not be taken back: nothing more is written here. */
  sealed?: boolean;
}

const releasesOf = (file: string): string => file.replace(/\.log$/, ".released");

export function encodeRecord(number: number, payload: Buffer): Buffer {
  const record = Buffer.allocUnsafe(headerBytes + payload.length);
  payload.copy(record, headerBytes);
  putHeader(record, 0, record.length, number);
  return record;
}

/** Writes a record into a buffer that has room for it, its payload made of a head and a text (UTF-8), and gives its end. */
export function putRecord(target: Buffer, at: number, number: number, head: Buffer, text: string): number {
  head.copy(target, at + headerBytes);
  const textAt = at + headerBytes + head.length;
  const end = textAt + target.write(text, textAt);
  putHeader(target, at, end, number);
  return end;
}

function putHeader(target: Buffer, at: number, end: number, number: number): void {
  target.writeUInt32LE(magic, at);
  target.writeUInt32LE(end - at - headerBytes, at + 4);
  target.writeUInt32LE(number % 2 ** 32, at + 12);
  target.writeUInt32LE(Math.floor(number / 2 ** 32), at + 16);
  target.writeUInt32LE(crc32(target.subarray(at + 12, end)), at + 8);
}

/** The payload, when the record on disk is still whole. */
export function readRecord(
  segment: Segment,
  number: number,
  place: { offset: number; length: number },
): Buffer | undefined {
  const record = Buffer.allocUnsafe(headerBytes + place.length);
  try {
    const read = readSync(segment.fd, record, 0, record.length, place.offset - headerBytes);
    if (read !== record.length || !isWhole(record, 0)) return undefined;
  } catch {
    return undefined;
  }
  if (record.readBigUInt64LE(12) !== BigInt(number)) return undefined;
  return record.subarray(headerBytes);
}

/** Whether a whole record begins there. */
function isWhole(content: Buffer, at: number): boolean {
  if (at + headerBytes > content.length || content.readUInt32LE(at) !== magic) return false;
  const length = content.readUInt32LE(at + 4);
  if (length > maxPayload || at + headerBytes + length > content.length) return false;
  return crc32(content.subarray(at + 12, at + headerBytes + length)) === content.readUInt32LE(at + 8);
}

/** A full disk may take a part of what it is given, without an error. */
export function writeWhole(fd: number, content: Buffer): void {
  const written = writeSync(fd, content);
  if (written !== content.length) throw new Error(`only ${written} of ${content.length} bytes were written`);
}

/** All of it or nothing. */
function appendWhole(file: string, content: Buffer): void {
  const fd = openSync(file, "a");
  try {
    const { size } = fstatSync(fd);
    try {
      writeWhole(fd, content);
    } catch (error) {
      ftruncateSync(fd, size);
      throw error;
    }
  } finally {
    closeSync(fd);
  }
}

/** Deletes the files, or hands the segment over. Where the disk refuses, they stay, and what was in them comes again after a restart. */
export function discard(segment: Segment, retire?: (file: string) => void): void {
  for (const act of [
    () => closeSync(segment.fd),
    () => (retire && segment.bytes > 0 ? retire(segment.file) : rmSync(segment.file, { force: true })),
    () => rmSync(releasesOf(segment.file), { force: true }),
  ]) {
    try {
      act();
    } catch {
      // The next one may still work.
    }
  }
}

export interface Recovered {
  segment: Segment;
  highest: number;
  /** Every whole record, released ones too. */
  all: Segment["records"];
}

/**
 * Reads a segment as it was left. Where something is no whole record (a torn end, a flipped bit) the file is put aside and
 * every whole record is kept.
 */
export function recover(folder: string, name: string, warn: (text: string) => void): Recovered {
  const file = path.join(folder, name);
  const content = readFileSync(file);
  const { records: all, highest, damaged } = scan(content);
  const records = new Map(all);
  const notes = readNotes(releasesOf(file));
  for (const number of notes.released) records.delete(number);
  for (const number of records.keys()) if (number <= notes.through) records.delete(number);
  const isCut = notes.highest > highest;
  const said: string[] = [];
  if (notes.damaged > 0) said.push(`${notes.damaged} bytes of its list of released records are damaged`);
  if (damaged > 0) said.push(`${damaged} bytes of it are damaged`);
  if (isCut) said.push("its last records are missing");
  const whole: Omit<Segment, "fd"> = {
    ...emptySegment(file),
    first: Number(name.slice(0, 16)),
    bytes: content.length,
    records,
    highest,
    notedHighest: notes.highest,
  };
  if (said.length === 0) return { segment: { ...whole, fd: openSync(file, "a+") }, highest, all };
  const tell = (what: string): void => warn(`The log ${file} is damaged (${said.join(", ")}). ${what}`);
  try {
    const aside = asideFor(file);
    const rewritten = rewrite(whole, content, aside);
    tell(`The file was put aside as ${aside}; its whole records are kept.`);
    return { segment: rewritten, highest, all: rewritten.records };
  } catch (error) {
    tell(`Its whole records are kept. It could not be put aside (${String(error)}).`);
    return { segment: { ...whole, fd: openSync(file, "a+"), sealed: true }, highest, all };
  }
}

export const emptySegment = (file: string) => ({
  file,
  bytes: 0,
  records: new Map<number, { offset: number; length: number }>(),
  unsaved: [] as number[],
  releasedThrough: 0,
  highest: 0,
  notedHighest: 0,
  isDirty: false,
});

export interface Scan {
  records: Segment["records"];
  highest: number;
  /** Bytes that belong to no whole record. */
  damaged: number;
}

/** Finds every whole record of a file. */
export function scan(content: Buffer): Scan {
  const records: Segment["records"] = new Map();
  let highest = 0;
  let end = 0;
  let damaged = 0;
  let at = 0;
  const marker = Buffer.alloc(4);
  marker.writeUInt32LE(magic, 0);
  while (at + headerBytes <= content.length) {
    if (!isWhole(content, at)) {
      const found = content.indexOf(marker, at + 1);
      if (found < 0) break;
      at = found;
      continue;
    }
    damaged += at - end;
    const length = content.readUInt32LE(at + 4);
    const number = Number(content.readBigUInt64LE(at + 12));
    records.set(number, { offset: at + headerBytes, length });
    highest = Math.max(highest, number);
    at += headerBytes + length;
    end = at;
  }
  return { records, highest, damaged: damaged + content.length - end };
}

/** Notes what was released since the last time, and how far the segment reaches. */
export function saveNotes(segment: Segment): void {
  const notes = [...segment.unsaved.map(BigInt), highestMark | BigInt(segment.highest)];
  if (segment.releasedThrough > 0) notes.push(throughMark | BigInt(segment.releasedThrough));
  const content = Buffer.allocUnsafe(notes.length * releaseBytes);
  for (const [index, note] of notes.entries()) {
    const at = index * releaseBytes;
    content.writeBigUInt64LE(note, at);
    content.writeUInt32LE(crc32(content.subarray(at, at + 8)), at + 8);
  }
  appendWhole(releasesOf(segment.file), content);
  segment.unsaved = [];
  segment.notedHighest = segment.highest;
}

function readNotes(file: string): { released: number[]; through: number; highest: number; damaged: number } {
  const notes = { released: [] as number[], through: 0, highest: 0, damaged: 0 };
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch {
    return notes;
  }
  let at = 0;
  for (; at + releaseBytes <= content.length; at += releaseBytes) {
    const note = content.readBigUInt64LE(at);
    // A damaged entry is passed over: its record comes again, which whoever reads the log bears.
    if (crc32(content.subarray(at, at + 8)) !== content.readUInt32LE(at + 8)) notes.damaged += releaseBytes;
    else if (note >= highestMark) notes.highest = Math.max(notes.highest, Number(note - highestMark));
    else if (note >= throughMark) notes.through = Math.max(notes.through, Number(note - throughMark));
    else notes.released.push(Number(note));
  }
  notes.damaged += content.length - at;
  return notes;
}

/** Puts the damaged file aside and writes what was whole and unreleased in it into a new one of its name. */
function rewrite(segment: Omit<Segment, "fd">, content: Buffer, aside: string): Segment {
  const { file } = segment;
  const records: Segment["records"] = new Map();
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const [number, { offset, length }] of segment.records) {
    parts.push(content.subarray(offset - headerBytes, offset + length));
    records.set(number, { offset: bytes + headerBytes, length });
    bytes += headerBytes + length;
  }
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  try {
    appendWhole(fresh, Buffer.concat(parts));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  renameSync(file, aside);
  renameSync(fresh, file);
  rmSync(releasesOf(file), { force: true });
  return { ...segment, bytes, records, notedHighest: 0, fd: openSync(file, "a+") };
}
