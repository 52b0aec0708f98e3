import { Failure } from "../../engine/contract/errors";
import type { SegmentLog } from "../lib/segment-log";
import type { TwinEvent } from "./store";
import { type Entry, encodeRecord } from "./twin-records";

/** A group is cut into records of about this size. */
const partLength = 1024 * 1024;
/** At level `process` what was written is flushed so much later: that is what a power cut may cost. */
const flushedMs = 1000;

/** It gets its position when it is told. */
export type Untold = Omit<TwinEvent, "position">;

/** Gathers the updates of one turn of the event loop: they are durable together, or not at all. */
export interface TwinGroups {
  /** What an update that is not durable yet makes of the twin. */
  get(id: string): Entry | undefined;
  /** Adds an update. The promise is that of its group. */
  put(
    id: string,
    before: Entry | undefined,
    after: Pick<Entry, "document" | "staleAfter">,
    event: Untold | undefined,
  ): Promise<void>;
  /** Adds an event that goes with no update. */
  tell(event: Untold): void;
  /** The promise of what is on its way; undefined when all is durable. */
  underWay(): Promise<void> | undefined;
  /** Writes what was gathered, now. */
  flush(): void;
  close(): void;
}

export interface GroupsOptions {
  log: SegmentLog;
  durability: "process" | "power";
  /** Whole documents in groups below this number cannot be read any more: twins that refer to them need another one. */
  oldest(): number;
  now(): number;
  /** What is durable, before the promises resolve, and the number of its last record in the log. */
  stored(entries: Map<string, Entry>, events: Untold[], through: number): void;
  /** These twins are as they were, before the promises reject. */
  failed(ids: Iterable<string>): void;
}

interface Group {
  time: number;
  /** Number of its first record in the log. */
  first: number;
  parts: string[][];
  /** Length of the last part. */
  length: number;
  entries: Map<string, Entry>;
  events: Untold[];
  durable: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export function createTwinGroups({ log, durability, oldest, now, stored, failed }: GroupsOptions): TwinGroups {
  let next: Group | undefined;
  /** Written, and on its way to the disk (`power` only). One at a time: when it fails, so does what builds on it. */
  let flushing: Group | undefined;
  let due: NodeJS.Immediate | undefined;
  let flushDue: NodeJS.Timeout | undefined;

  function begin(): Group {
    let resolve!: () => void;
    let reject!: (error: unknown) => void;
    const durable = new Promise<void>((onDurable, onFailed) => {
      resolve = onDurable;
      reject = onFailed;
    });
    // Whoever awaits it hears of a failure; it is no crash where nobody does.
    durable.catch(() => undefined);
    due ??= setImmediate(flush);
    return {
      time: now(),
      first: log.next,
      parts: [[]],
      length: 0,
      entries: new Map(),
      events: [],
      durable,
      resolve,
      reject,
    };
  }

  function flush(): void {
    clearImmediate(due);
    due = undefined;
    if (!next || flushing) return;
    const group = next;
    next = undefined;
    const written: number[] = [];
    try {
      if (group.entries.size > 0)
        for (const [index, lines] of group.parts.entries()) written.push(writePart(group, index, lines));
    } catch (error) {
      takeBack(written);
      fail(group, error);
      return;
    }
    if (durability === "process") flushLater();
    if (durability === "process" || written.length === 0) end(group);
    else sync(group, written);
  }

  function flushLater(): void {
    flushDue ??= setTimeout(() => {
      flushDue = undefined;
      // The log flushes again what it could not flush; at this level nobody waits for it.
      log.synced().catch(() => undefined);
    }, flushedMs).unref();
  }

  function sync(group: Group, written: readonly number[]): void {
    flushing = group;
    log.synced().then(
      () => {
        flushing = undefined;
        end(group);
        if (next) due ??= setImmediate(flush);
      },
      (error: unknown) => {
        takeBack(written);
        const following = next;
        flushing = undefined;
        next = undefined;
        fail(group, error);
        if (following) fail(following, error);
      },
    );
  }

  /** The time that the document itself names: whoever asks for that shall find it. */
  function timeOf(before: Entry | undefined, after: Pick<Entry, "document">): number {
    const updatedAt = after.document?.updatedAt;
    return updatedAt === undefined || updatedAt === before?.document?.updatedAt ? now() : Math.min(updatedAt, now());
  }

  function writePart(group: Group, index: number, lines: readonly string[]): number {
    const head = JSON.stringify([group.time, index, group.parts.length]);
    const number = log.append(Buffer.from(`${head}\n${lines.join("\n")}`));
    // Records name each other by their numbers.
    if (number !== group.first + index)
      throw new Failure("store-failed", "The numbers of the log do not fit.", "", true);
    return number;
  }

  /** What was refused shall not come after a restart, as far as that can be had. A record that follows on the one before shows it, too. */
  function takeBack(numbers: readonly number[]): void {
    for (const number of numbers) log.release(number);
  }

  function fail(group: Group, error: unknown): void {
    failed(group.entries.keys());
    group.reject(error);
  }

  function end(group: Group): void {
    stored(group.entries, group.events, group.first + group.parts.length - 1);
    group.resolve();
  }

  return {
    get: (id) => next?.entries.get(id) ?? flushing?.entries.get(id),
    tell(event) {
      next ??= begin();
      next.events.push(event);
    },
    put(id, before, after, event) {
      next ??= begin();
      const group = next;
      if (group.length > partLength) {
        group.parts.push([]);
        group.length = 0;
      }
      const lines = group.parts.at(-1) as string[];
      const at = { group: group.first + group.parts.length - 1, line: lines.length };
      const { text, entry } = encodeRecord(id, at, timeOf(before, after) - group.time, before, after, oldest());
      lines.push(text);
      group.length += text.length;
      group.entries.set(id, entry);
      if (event) group.events.push(event);
      return group.durable;
    },
    close() {
      flush();
      clearTimeout(flushDue);
    },
    underWay: () => next?.durable ?? flushing?.durable,
    flush,
  };
}
