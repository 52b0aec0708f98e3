import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { scan } from "../lib/segment-files";
import { readPart } from "./replay-twins";

const pattern = /^(\d{16})\.log$/;

export interface PastOptions {
  /** Folder of the log, whose segments come here when they are folded. */
  logFolder: string;
  /** Folder of the segments that are kept. */
  folder: string;
  keepMs: number;
  keepBytes: number;
  now(): number;
  warn(text: string): void;
}

/** The segments of the log after they were folded: nothing is written for the past beyond what was written anyway. */
export interface PastSegments {
  /** Takes over a segment. */
  retire(file: string): void;
  /** No group below this number is kept. Undefined: none is. */
  oldest(): number | undefined;
  /** Reads groups of the log, for one question. */
  reader(): PastReader;
}

interface KeptSegment {
  file: string;
  /** Number of its first group. */
  first: number;
  bytes: number;
  writtenAt: number;
}

export interface PastReader {
  /** The lines of a group and when it began; undefined when it is not kept, or damaged. */
  group(number: number): Promise<{ time: number; lines: string[] } | undefined>;
}

export function openTwinPast({ logFolder, folder, keepMs, keepBytes, now, warn }: PastOptions): PastSegments {
  mkdirSync(folder, { recursive: true });
  /** Oldest first. */
  let kept = readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .map(describe);
  const atStart = Math.min(now(), kept.at(-1)?.writtenAt ?? Number.POSITIVE_INFINITY);
  const started = performance.now();
  prune();

  function describe(name: string): KeptSegment {
    const file = path.join(folder, name);
    const { size, mtimeMs } = statSync(file);
    return { file, first: Number.parseInt(name, 10), bytes: size, writtenAt: mtimeMs };
  }

  /** What age is counted from: what was written last, and how long we have run since. A clock a year ahead deletes nothing. */
  function today(): number {
    return Math.min(now(), atStart + performance.now() - started);
  }

  function prune(): void {
    let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
    const oldestAllowed = today() - keepMs;
    const isOld = ({ writtenAt }: KeptSegment): boolean => writtenAt < oldestAllowed;
    while (kept[0] && (bytes > keepBytes || isOld(kept[0]))) {
      const [oldest, ...rest] = kept;
      kept = rest;
      bytes -= oldest.bytes;
      try {
        rmSync(oldest.file, { force: true });
      } catch (error) {
        warn(`${oldest.file} could not be deleted: ${String(error)}.`);
      }
    }
  }

  /** The segment that holds that group. It may move from one folder to the other meanwhile. */
  async function load(number: number): Promise<Buffer | undefined> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const places = [...(await namesIn(folder)), ...(await namesIn(logFolder))];
      const [found] = places.filter(({ first }) => first <= number).sort((a, b) => b.first - a.first);
      if (!found) return undefined;
      const content = await readFile(found.file).catch(() => undefined);
      if (content) return content;
    }
    return undefined;
  }

  return {
    retire(file) {
      const name = path.basename(file);
      renameSync(file, path.join(folder, name));
      kept.push(describe(name));
      prune();
    },

    oldest: () => kept[0]?.first,

    reader() {
      let groups = new Map<number, Buffer>();
      let latest: { number: number; group: { time: number; lines: string[] } } | undefined;
      return {
        async group(number) {
          if (latest?.number === number) return latest.group;
          if (!groups.has(number)) {
            const content = await load(number);
            if (!content) return undefined;
            groups = new Map();
            for (const [one, { offset, length }] of scan(content).records)
              groups.set(one, content.subarray(offset, offset + length));
          }
          const payload = groups.get(number);
          if (!payload) return undefined;
          latest = { number, group: readPart(payload) };
          return latest.group;
        },
      };
    },
  };
}

async function namesIn(folder: string): Promise<{ first: number; file: string }[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names.flatMap((name) => {
    const first = pattern.exec(name)?.[1];
    return first ? [{ first: Number(first), file: path.join(folder, name) }] : [];
  });
}
