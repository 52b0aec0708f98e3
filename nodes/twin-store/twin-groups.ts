import { Failure } from "../../engine/contract/errors";
import type { DocumentPatch } from "../../engine/twin/document-patch";
import type { SegmentLog } from "../lib/segment-log";
import type { TwinEvent } from "./store";
import { type Entry, encodeRecord, entryBefore, type Place, replaceInEntry, takeBack, type Undo } from "./twin-records";

/** A group is cut into records of about this size. */
const partLength = 1024 * 1024;
/** At level `process` what was written is flushed so much later: that is what a power cut may cost. */
const flushedMs = 1000;

type Next = Pick<Entry, "document" | "staleAfter"> & { patch?: DocumentPatch | undefined };

/** It gets its position when it is told. */
export type Untold = Omit<TwinEvent, "position">;

/** Gathers the updates of one turn of the event loop: they are durable together, or not at all. */
export interface TwinGroups {
  /** What an update that is not durable yet makes of the twin. */
  get(id: string): Entry | undefined;
  /** Adds an update. The promise is that of its group. */
  put(id: string, before: Entry | undefined, after: Next, event: Untold | undefined): Promise<void>;
  /**
   * Adds an update that is made in the entry itself and that nobody hears of, by a patch that only replaces values. Undefined: this one has to go
   * through {@link TwinGroups.put}. At level `power` all have to: what is on its way to the disk and what is there must both be known.
   */
  replace(id: string, entry: Entry, patch: DocumentPatch): Promise<void> | undefined;
  /** The entry without what is not durable yet. */
  durable(entry: Entry): Entry;
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
  /**
   * What is durable, before the promises resolve, and the number of its last record in the log.
   *
   * @param replaced how often an entry was changed itself
   */
  stored(entries: Map<string, Entry>, replaced: number, events: Untold[], through: number): void;
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
  /** Of what was changed in the entries themselves, in that order. */
  undos: Undo[];
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
      undos: [],
      events: [],
      durable,
      resolve,
      reject,
    };
  }

  /** Where the next record of the group stands. */
  function placeIn(group: Group): Place {
    if (group.length > partLength) {
      group.parts.push([]);
      group.length = 0;
    }
    return { group: group.first + group.parts.length - 1, line: (group.parts.at(-1) as string[]).length };
  }

  function add(group: Group, text: string): void {
    (group.parts.at(-1) as string[]).push(text);
    group.length += text.length;
  }

  function flush(): void {
    clearImmediate(due);
    due = undefined;
    if (!next || flushing) return;
    const group = next;
    next = undefined;
    const written: number[] = [];
    try {
      if (group.entries.size > 0 || group.undos.length > 0)
        for (const [index, lines] of group.parts.entries()) written.push(writePart(group, index, lines));
    } catch (error) {
      letGo(written);
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
        letGo(written);
        const following = next;
        flushing = undefined;
        next = undefined;
        fail(group, error);
        if (following) fail(following, error);
      },
    );
  }

  /** The time that the document itself names: whoever asks for that shall find it. */
  function timeOf(before: number | undefined, updatedAt: number | undefined): number {
    return updatedAt === undefined || updatedAt === before ? now() : Math.min(updatedAt, now());
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
  function letGo(numbers: readonly number[]): void {
    for (const number of numbers) log.release(number);
  }

  function fail(group: Group, error: unknown): void {
    for (const undo of group.undos.toReversed()) takeBack(undo);
    failed(new Set([...group.entries.keys(), ...group.undos.map(({ entry }) => entry.document?.id as string)]));
    group.reject(error);
  }

  function end(group: Group): void {
    stored(group.entries, group.undos.length, group.events, group.first + group.parts.length - 1);
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
      const time = timeOf(before?.document?.updatedAt, after.document?.updatedAt);
      const { text, entry } = encodeRecord(id, placeIn(group), time - group.time, before, after, oldest());
      add(group, text);
      // Whoever made the document may have it still; it shares what is the same with the one before.
      entry.isLent = true;
      if (before) before.isLent = true;
      group.entries.set(id, entry);
      if (event) group.events.push(event);
      return group.durable;
    },
    replace(id, entry, patch) {
      if (durability === "power") return undefined;
      next ??= begin();
      const group = next;
      const time = timeOf(undefined, patch.set?.updatedAt as number | undefined);
      const done = replaceInEntry(id, placeIn(group), time - group.time, entry, patch, oldest());
      if (!done) return undefined;
      add(group, done.text);
      group.undos.push(done.undo);
      return group.durable;
    },
    durable: (entry) => (next && next.undos.length > 0 ? entryBefore(entry, next.undos.toReversed()) : entry),
    close() {
      flush();
      clearTimeout(flushDue);
    },
    underWay: () => next?.durable ?? flushing?.durable,
    flush,
  };
}
