import { readFileSync } from "node:fs";

/** Bytes of the file's header, and of the one before each page (https://sqlite.org/fileformat2.html#walformat). */
const headerBytes = 32;
const frameHeaderBytes = 24;

/**
 * What is wrong with a write-ahead log that a process left behind, or undefined. SQLite itself leaves out, without a
 * word, everything from the first frame on whose checksum does not fit, however many commits that are.
 *
 * A frame of an older round of the log has neither the salts nor the checksum of this one; a damaged frame has one of the two.
 * A log that was cut exactly between two commits looks like one that ended there.
 */
export function findWalDamage(file: string): string | undefined {
  let wal: Buffer;
  try {
    wal = readFileSync(file);
  } catch {
    return undefined;
  }
  if (wal.length === 0) return undefined;
  if (wal.length < headerBytes) return `its header has ${wal.length} bytes of ${headerBytes}`;
  const isBigEndian = (wal.readUInt32BE(0) & 1) === 1;
  const sum = (from: number, bytes: number, start: Sums): Sums => checksum(wal, from, bytes, start, isBigEndian);
  let sums = sum(0, 24, [0, 0]);
  if ((wal.readUInt32BE(0) & ~1) >>> 0 !== 0x377f0682 || !isSum(sums, wal, 24)) return "its header is damaged";
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
  let isCommitted = true;
  let at = headerBytes;
  for (; at + frameBytes <= wal.length; at += frameBytes) {
    const hasSalts = wal.compare(wal, 16, 24, at + 8, at + 16) === 0;
    const next = sum(at + frameHeaderBytes, frameBytes - frameHeaderBytes, sum(at, 8, sums));
    const hasSum = isSum(next, wal, at + 16);
    if (hasSalts !== hasSum) return `the frame at byte ${at} is damaged`;
    if (!hasSum) break;
    sums = next;
    isCommitted = wal.readUInt32BE(at + 4) !== 0;
  }
  if (!isCommitted) return `it ends at byte ${at} in the middle of a commit`;
  const rest = wal.length - at;
  if (rest > 0 && rest < frameBytes) return `it ends at byte ${wal.length} in the middle of a frame`;
  return undefined;
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
