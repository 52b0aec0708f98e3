import { readFileSync } from "node:fs";

/** Bytes of the log's header, and of the one before each page (https://sqlite.org/fileformat2.html#walformat). */
const headerBytes = 32;
const frameHeaderBytes = 24;

/**
 * What is wrong with the write-ahead log that a process left behind, or undefined. SQLite itself leaves out, without a
 * word, everything from the first frame on whose checksum does not fit, however many commits that are.
 *
 * How far the log should reach says the index beside it (`-shm`), which outlives `kill -9`. Where that is of no use (a power
 * cut), a damaged frame is told from the end of the log by having one of two things, the salts or the checksum of this round: a frame
 * of an older round has neither.
 *
 * @param file of the database
 */
export function findWalDamage(file: string): string | undefined {
  const wal = read(`${file}-wal`);
  const index = readIndex(`${file}-shm`);
  const log = wal && wal.length >= headerBytes ? readLog(wal) : undefined;
  if (index && (!log?.salts || index.salts.equals(log.salts))) {
    const missing = index.frames - (log?.frames ?? 0);
    return missing > 0 ? `${missing} of ${index.frames} pages are damaged or missing` : undefined;
  }
  if (!wal || wal.length === 0) return undefined;
  return log ? log.damage : `its header has ${wal.length} bytes of ${headerBytes}`;
}

interface Log {
  /** Frames up to the last whole commit. */
  frames: number;
  /** Which round of the log it is. Absent: its header is damaged. */
  salts?: Buffer;
  damage?: string;
}

function readLog(wal: Buffer): Log {
  const isBigEndian = (wal.readUInt32BE(0) & 1) === 1;
  const sum = (from: number, bytes: number, start: Sums): Sums => checksum(wal, from, bytes, start, isBigEndian);
  let sums = sum(0, 24, [0, 0]);
  if ((wal.readUInt32BE(0) & ~1) >>> 0 !== 0x377f0682 || !isSum(sums, wal, 24))
    return { frames: 0, damage: "its header is damaged" };
  const salts = wal.subarray(16, 24);
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
  let frames = 0;
  for (let at = headerBytes, count = 1; at + frameBytes <= wal.length; at += frameBytes, count++) {
    const hasSalts = salts.equals(wal.subarray(at + 8, at + 16));
    const next = sum(at + frameHeaderBytes, frameBytes - frameHeaderBytes, sum(at, 8, sums));
    const hasSum = isSum(next, wal, at + 16);
    if (hasSalts !== hasSum) return { frames, salts, damage: `the page at byte ${at} is damaged` };
    if (!hasSum) break;
    sums = next;
    const isCommit = wal.readUInt32BE(at + 4) !== 0;
    if (isCommit) frames = count;
  }
  return { frames, salts };
}

/**
 * How many frames were committed, and in which round, as the index has it (https://sqlite.org/walformat.html, 2.1). Its header
 * stands there twice, in the machine's own order of bytes.
 */
function readIndex(file: string): { frames: number; salts: Buffer } | undefined {
  const header = read(file)?.subarray(0, 96);
  if (!header || header.length < 96 || header[12] !== 1) return undefined;
  if (!header.subarray(0, 48).equals(header.subarray(48))) return undefined;
  const [frames = 0] = new Uint32Array(Uint8Array.from(header.subarray(16, 20)).buffer);
  return { frames, salts: header.subarray(32, 40) };
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

type Sums = [number, number];

const isSum = (sums: Sums, wal: Buffer, at: number): boolean =>
  sums[0] === wal.readUInt32BE(at) && sums[1] === wal.readUInt32BE(at + 4);

function checksum(wal: Buffer, from: number, bytes: number, [s0, s1]: Sums, isBigEndian: boolean): Sums {
  let [a, b] = [s0, s1];
  for (let at = from; at < from + bytes; at += 8) {
    const x = isBigEndian ? wal.readUInt32BE(at) : wal.readUInt32LE(at);
    const y = isBigEndian ? wal.readUInt32BE(at + 4) : wal.readUInt32LE(at + 4);
    a = (a + x + b) >>> 0;
    b = (b + y + a) >>> 0;
  }
  return [a, b];
}
