import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Failure } from "../../engine/contract/errors";
import { openSegmentLog, type SegmentLog } from "../lib/segment-log";
import { createRefusedFile, type RefusedFile } from "./refused-file";
import { decodeRecord, encodeRecord, readHead, type SpoolRecord } from "./spool-record";

/**
 * Lines that wait on disk for a server, oldest first. One process has one spool for a target; several histories with other
 * credentials for the same target share it, and the latest of them drains it.
 */
export interface Spool {
  /**
   * Appends lines and returns how many of them, the first ones: the others are beyond `maxBytes`. They survive a power cut when
   * {@link Spool.synced} resolves. Throws `Failure` `store-failed` when the disk refuses.
   *
   * @param times the twin and time of each line, for {@link Spool.covers}
   */
  put(lines: readonly string[], times: readonly SampleTime[], since: number, maxBytes: number): number;
  synced(): Promise<void>;
  /** The oldest lines: whole records with `max` lines together, or one that has more. */
  oldest(max: number): Drained | undefined;
  release(numbers: readonly number[]): void;
  /** Gives up the oldest segment. Returns how many samples were in it. */
  dropOldest(): number;
  /** Whether the spool may hold something of that twin that is as new: a sample must not overtake it. */
  covers(id: string, ts: number): boolean;
  /** Resolves when something was released. */
  room(): Promise<void>;
  /** Takes part; `wake` is called when it becomes this one's turn to drain. */
  join(wake: () => void): Membership;
  readonly refused: RefusedFile;
  /** `since`: when the oldest came. `lost`: samples that could not be read any more. */
  describe(): { spooled: number; records: number; bytes: number; since: number | undefined; lost: number };
  /** Closes the files when the last member has left. */
  close(): void;
}

export interface SampleTime {
  id: string;
  ts: number;
}

export interface Membership {
  /** Whether this one drains: the latest that joined. */
  drains(): boolean;
  leave(): void;
}

export interface Drained {
  lines: string[];
  numbers: number[];
}

export interface SpoolOptions {
  folder: string;
  /** Sizes the segments. */
  maxBytes: number;
  /** What the folder is for, to be found there by a person: no secrets. */
  target: Record<string, string>;
  warn(text: string): void;
}

/** Memory for the place of each record is bounded by this, whatever their size. */
const maxRecords = 250_000;
/** Twins whose latest time is known one by one. */
const maxTwins = 100_000;
/** One record holds lines of that length together at most, in UTF-16 code units, or one longer line. */
const recordLength = (maxBytes: number): number => Math.min(1024 * 1024, maxBytes / 16);
/** Longest line, in UTF-16 code units, that a spool with that bound takes. */
export const longestSpooledLine = (maxBytes: number): number => Math.min(16 * 1024 * 1024, maxBytes / 8);

export function openSpool(options: SpoolOptions): Spool {
  const { folder, warn } = options;
  const records = new Map<number, { count: number; since: number }>();
  const members: { wake(): void }[] = [];
  const refused = createRefusedFile(folder, warn);
  let waiters: (() => void)[] = [];
  let log: SegmentLog | undefined;
  let spooled = 0;
  let lost = 0;
  let closing = false;
  /** Latest time of each twin that is in the spool; cleared when that is empty. */
  const latestOf = new Map<string, number>();
  /** The same for what an earlier process left, and for twins beyond {@link maxTwins}. */
  let latestOfOthers = Number.NEGATIVE_INFINITY;

  function open(maxBytes: number): SegmentLog {
    if (log) return log;
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, "target.json"), `${JSON.stringify(options.target, null, 2)}\n`);
    } catch (error) {
      throw new Failure(
        "store-failed",
        `The spool ${folder} cannot be opened: ${String(error)}.`,
        "Free space, or look at the rights of the home folder.",
        true,
      );
    }
    const segmentBytes = Math.min(4 * 1024 * 1024, maxBytes / 8);
    // The bound is checked here: it may change with a deploy while the log stays open.
    const opened = openSegmentLog({ folder, maxBytes: Number.MAX_SAFE_INTEGER, segmentBytes, warn });
    for (const { number, payload } of opened.pending()) {
      const head = readHead(payload);
      if (!head) {
        opened.release(number);
        continue;
      }
      records.set(number, { count: head.count, since: head.since });
      spooled += head.count;
      latestOfOthers = Math.max(latestOfOthers, head.latest);
    }
    log = opened;
    return opened;
  }

  function append(record: SpoolRecord, maxBytes: number): boolean {
    const payload = encodeRecord(record);
    if (records.size >= maxRecords) return false;
    let opened = open(maxBytes);
    if (opened.size.bytes + payload.length > maxBytes) {
      if (records.size > 0) return false;
      // What is left of a larger bound: a log that is opened anew has nothing of it.
      opened.close();
      log = undefined;
      opened = open(maxBytes);
    }
    const number = opened.append(payload);
    records.set(number, { count: record.lines.length, since: record.since });
    spooled += record.lines.length;
    return true;
  }

  function note({ id, ts }: SampleTime): void {
    const known = latestOf.get(id);
    if (known === undefined && latestOf.size >= maxTwins) latestOfOthers = Math.max(latestOfOthers, ts);
    else if (known === undefined || ts > known) latestOf.set(id, ts);
  }

  function remove(number: number): number {
    const count = records.get(number)?.count ?? 0;
    if (records.delete(number)) spooled -= count;
    log?.release(number);
    if (records.size === 0) {
      latestOf.clear();
      latestOfOthers = Number.NEGATIVE_INFINITY;
    }
    return count;
  }

  function closeUnused(): void {
    if (closing && members.length === 0) log?.close();
  }

  function released(): void {
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  }

  try {
    open(options.maxBytes);
  } catch (error) {
    // Tried again with each outage: the history works without it as long as the server does.
    warn(error instanceof Error ? error.message : String(error));
  }

  return {
    refused,
    put(lines, times, since, maxBytes) {
      const most = recordLength(maxBytes);
      for (let from = 0, to = 0; from < lines.length; from = to) {
        let length = 0;
        let latest = Number.NEGATIVE_INFINITY;
        for (; to < lines.length && (to === from || length + (lines[to] as string).length <= most); to++) {
          length += (lines[to] as string).length;
          latest = Math.max(latest, (times[to] as SampleTime).ts);
        }
        if (!append({ lines: lines.slice(from, to), since, latest }, maxBytes)) return from;
        for (let i = from; i < to; i++) note(times[i] as SampleTime);
        members.at(-1)?.wake();
      }
      return lines.length;
    },
    synced: () => (log ? log.synced() : Promise.resolve()),
    oldest(max) {
      const drained: Drained = { lines: [], numbers: [] };
      for (const [number, { count }] of records) {
        if (drained.lines.length > 0 && drained.lines.length + count > max) break;
        const record = decodeRecord(log?.read(number) ?? Buffer.alloc(0));
        if (record) {
          drained.lines.push(...record.lines);
          drained.numbers.push(number);
        } else {
          warn(`A record of ${count} samples in the spool ${folder} cannot be read, and is given up.`);
          lost += remove(number);
        }
        if (drained.lines.length >= max) break;
      }
      return drained.numbers.length > 0 ? drained : undefined;
    },
    release(numbers) {
      for (const number of numbers) remove(number);
      released();
    },
    dropOldest() {
      const before = log?.size.bytes ?? 0;
      let dropped = 0;
      for (const number of [...records.keys()]) {
        dropped += remove(number);
        if ((log?.size.bytes ?? 0) < before) break;
      }
      released();
      return dropped;
    },
    covers: (id, ts) => ts <= Math.max(latestOfOthers, latestOf.get(id) ?? Number.NEGATIVE_INFINITY),
    room: () => new Promise((resolve) => waiters.push(resolve)),
    join(wake) {
      const member = { wake };
      members.push(member);
      return {
        drains: () => members.at(-1) === member,
        leave() {
          const at = members.indexOf(member);
          if (at < 0) return;
          members.splice(at, 1);
          released();
          members.at(-1)?.wake();
          closeUnused();
        },
      };
    },
    describe: () => ({
      spooled,
      records: records.size,
      bytes: records.size > 0 ? (log?.size.bytes ?? 0) : 0,
      since: records.values().next().value?.since,
      lost,
    }),
    close() {
      closing = true;
      closeUnused();
    },
  };
}
