import fs from "node:fs";

/** How a write fails. `torn`: half of it reaches the file. `short`: half of it, and no error, as a full disk does. */
export type WriteFault = "refused" | "torn" | "short";

export interface DiskPlan {
  /** Which call fails, counted from 1. */
  nth: number;
  /** How many in a row. @default 1 */
  times?: number;
  /** @default "EIO" */
  code?: "EIO" | "ENOSPC";
}

export interface FailingDisk {
  /** Calls that failed so far. */
  failed(): number;
  restore(): void;
}

/**
 * Stands in for a failing disk, which cannot be had here: node:fs itself refuses the n-th write. The code under test calls it as
 * always. Everything of this process that writes through `writeSync` meanwhile is hit too.
 */
export function failWrites(
  { nth, times = 1, code = "EIO" }: DiskPlan,
  fault: WriteFault,
  cutsFail = false,
): FailingDisk {
  const { writeSync, ftruncateSync } = fs;
  let calls = 0;
  let failed = 0;
  const isDue = (): boolean => ++calls >= nth && calls < nth + times;
  const mutable = fs as unknown as Record<string, unknown>;
  mutable.writeSync = (fd: number, content: Buffer): number => {
    if (!isDue()) return writeSync(fd, content);
    failed++;
    const half = content.subarray(0, content.length >> 1);
    if (fault !== "refused") writeSync(fd, half);
    if (fault === "short") return half.length;
    throw errorOf(code, "write");
  };
  mutable.ftruncateSync = (fd: number, length: number): void => {
    if (cutsFail) throw errorOf(code, "ftruncate");
    ftruncateSync(fd, length);
  };
  return { failed: () => failed, restore: () => Object.assign(mutable, { writeSync, ftruncateSync }) };
}

/**
 * The n-th `fdatasync` fails, and what it should have flushed is gone, although later ones succeed: so Linux does it
 * (https://wiki.postgresql.org/wiki/Fsync_Errors). `powerCut` puts the files into the state that a power cut would leave.
 */
export function failFlushes({ nth, times = 1, code = "EIO" }: DiskPlan): FailingDisk & { powerCut(): void } {
  const { fdatasync } = fs;
  let calls = 0;
  let failed = 0;
  const flushedTo = new Map<string, number>();
  const lost: { file: string; from: number; to: number }[] = [];
  const mutable = fs as unknown as Record<string, unknown>;
  mutable.fdatasync = (fd: number, done: (error: Error | null) => void): void => {
    const file = fs.readlinkSync(`/proc/self/fd/${fd}`);
    const range = { file, from: flushedTo.get(file) ?? 0, to: fs.fstatSync(fd).size };
    flushedTo.set(file, range.to);
    calls++;
    if (calls < nth || calls >= nth + times) {
      fdatasync(fd, done);
      return;
    }
    failed++;
    setTimeout(() => {
      // What was written while the flush was under way may have been in it, and go the same way.
      range.to = fs.statSync(file).size;
      flushedTo.set(file, range.to);
      lost.push(range);
      done(errorOf(code, "fdatasync"));
    }, 2);
  };
  return {
    failed: () => failed,
    restore: () => Object.assign(mutable, { fdatasync }),
    powerCut() {
      for (const { file, from, to } of lost) {
        if (!fs.existsSync(file)) continue;
        const content = fs.readFileSync(file);
        fs.writeFileSync(file, content.fill(0, from, to));
      }
      for (const [file, to] of flushedTo)
        if (fs.existsSync(file)) fs.truncateSync(file, Math.min(to, fs.statSync(file).size));
    },
  };
}

const errorOf = (code: string, call: string): Error =>
  Object.assign(new Error(`${code}: simulated, ${call}`), { code });
