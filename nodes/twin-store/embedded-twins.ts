import { mkdirSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { getHeapStatistics } from "node:v8";
import type { TwinDocument } from "../../engine/contract/document";
import { Failure } from "../../engine/contract/errors";
import { matchesPattern } from "../../engine/contract/matches-pattern";
import { createRecentMap } from "../../engine/contract/recent-map";
import { isSameDelta } from "../../engine/twin/desired";
import { lateDocument } from "../../engine/twin/desired-loop";
import { applyPatch, type DocumentPatch, onlyReplaces } from "../../engine/twin/document-patch";
import { openSegmentLog } from "../lib/segment-log";
import { createSeldom } from "../lib/seldom";
import { createDesiredLoops } from "./desired-loop";
import { readPast } from "./read-past";
import { replayTwins } from "./replay-twins";
import { createSilenceWatch } from "./silence-watch";
import type { TwinCollection, TwinEvent, TwinEventName, TwinUpdate } from "./store";
import { createTwinFolding } from "./twin-folding";
import { createTwinGroups, type Untold } from "./twin-groups";
import { openTwinPast } from "./twin-past";
import type { Entry } from "./twin-records";
import { openTwinRows } from "./twin-rows";
import { createWalKeeper } from "./wal-keeper";

/** What bounds the store's memory and its log. Documents count by their length as text, roughly what they take in memory. */
export interface TwinBounds {
  /** Documents kept in memory: this, and less than as much of older ones. A twin beyond that is read from its row. */
  cacheLength: number;
  /** Documents that wait to be folded. Beyond that every group of updates folds as many as it brings. */
  waitingLength: number;
  /** Bound of the log. Beyond that updates are refused until some of it is folded. */
  logBytes: number;
  /** The same in groups of updates. */
  logGroups: number;
}

const mebi = 1024 * 1024;
const defaultBounds: TwinBounds = {
  cacheLength: Math.min(256 * mebi, getHeapStatistics().heap_size_limit / 8),
  waitingLength: 192 * mebi,
  logBytes: 512 * mebi,
  logGroups: 1_000_000,
};
const pageSize = 100;
/** Twins that a page looks at: reading 100,000 rows to find none that fits would hold up the event loop for seconds. */
const mostLookedAt = 1000;
/** What was late when the store was opened is called late after that time: the devices' reports may be on their way. */
const lateGraceMs = 10_000;
/** How long after a row could not be read it is read again. */
const againMs = 5000;
const settled = Promise.resolve();
/** What is told of a new value where nothing else changes. */
const plainEvents: readonly TwinEventName[] = ["change"];
/** Fields that may change beside values without another event. */
const plainFields: ReadonlySet<string> = new Set(["rev", "updatedAt", "modelTs"] satisfies (keyof TwinDocument)[]);

type Wants = (id: string, events: readonly TwinEventName[]) => boolean;
type Change = (current: TwinDocument | undefined) => TwinUpdate | undefined;

export interface EmbeddedTwins extends TwinCollection {
  close(): void;
}

export interface TwinsOptions {
  db: DatabaseSync;
  /** Folder of the store. */
  folder: string;
  /** Path of the database. */
  file: string;
  durability: "process" | "power";
  /** How long, and how much of, the log is kept for `at`. */
  keepMs: number;
  keepBytes: number;
  bounds?: Partial<TwinBounds> | undefined;
  now(): number;
  warn(text: string): void;
}

/**
 * Twin documents: a log of what changed, which makes an update durable, and one SQLite row each, into which the log is folded in the
 * background. Reads see what was just written (memory); promises and watchers wait until it is durable.
 */
export function createEmbeddedTwins(options: TwinsOptions): EmbeddedTwins {
  const { db, folder, file, durability, keepBytes, now, warn } = options;
  const { cacheLength, waitingLength, logBytes, logGroups } = { ...defaultBounds, ...options.bounds };
  const silence = createSilenceWatch(turnStale);
  const loops = createDesiredLoops({
    now,
    load: lend,
    remind(document, reminder) {
      // With the next group, so that it does not overtake a change.
      groups.tell({ id: document.id, events: ["delta"], before: document, after: document, changed: {}, reminder });
    },
    callLate(id) {
      const late = update(id, (current) => {
        const document = current && lateDocument(current, now());
        return document && { document, changed: {}, notify: true };
      });
      late.durable.catch((error: unknown) => warn(String(error)));
    },
  });
  const rows = openTwinRows(db, now, warn);
  const logFolder = path.join(folder, "twins");
  mkdirSync(logFolder, { recursive: true });
  const past = openTwinPast({ ...options, logFolder, folder: path.join(folder, "past") });
  // Above what rows follow, also when our clock was set back: a start passes over records that a row seems to have.
  const above = rows.latestGroup;
  const log = openSegmentLog({ folder: logFolder, maxBytes: logBytes, retire: past.retire, above, warn });
  const wal = createWalKeeper(db, file, warn);
  const waiting = replayTwins(log, rows, warn);
  for (const { id, staleAfter } of rows.timed()) silence.restored(id, staleAfter * 1000);
  for (const document of rows.takeOpenLoops()) loops.note(document.id, document, lateGraceMs);
  for (const [id, { document, staleAfter }] of waiting) {
    if (staleAfter > 0 && document?.status === "live") silence.restored(id, staleAfter * 1000);
    else silence.forget(id);
    loops.note(id, undefined);
    loops.note(id, document, lateGraceMs);
  }
  const folding = createTwinFolding({
    ...options,
    maxLength: waitingLength,
    maxGroups: logGroups,
    rows,
    log,
    wal,
    waiting,
    flush: () => groups.flush(),
    durable: (entry) => groups.durable(entry),
    folded(id, entry) {
      if (entry.document) cache.set(id, entry);
    },
  });
  const cache = createRecentMap<string, Entry>(cacheLength, ({ length }) => length);
  const oldest = (): number => (keepBytes > 0 ? (past.oldest() ?? log.oldest) : 0);
  const groups = createTwinGroups({ log, durability, oldest, now, stored, failed });
  const listeners = new Map<(event: TwinEvent) => void, Wants>();
  let position = 0;

  function stored(entries: Map<string, Entry>, replaced: number, untold: Untold[], through: number): void {
    if (entries.size > 0 || replaced > 0) folding.add(entries, through);
    for (const [id, entry] of entries) {
      if (entry.document) cache.set(id, entry);
      else cache.delete(id);
    }
    const events = untold.map((event) => ({ ...event, position: ++position }));
    for (const listener of listeners.keys()) for (const event of events) tell(listener, event);
    folding.relieve(entries.size + replaced);
  }

  function failed(ids: Iterable<string>): void {
    for (const id of ids) {
      loops.recheck(id);
      watchAgain(id);
    }
  }

  /** What was refused may have ended the wait for a report: the twin is live still, and somebody has to notice when it is not. */
  function watchAgain(id: string): void {
    try {
      const entry = loadDurable(id);
      if (entry?.document?.status === "live" && entry.staleAfter > 0) silence.heard(id, entry.staleAfter * 1000);
      else silence.forget(id);
    } catch {
      // The row cannot be read either: the next report begins anew.
    }
  }

  /** The twin as it is in the log and its row. */
  function loadDurable(id: string): Entry | undefined {
    const known = folding.get(id) ?? cache.get(id);
    if (known) return known;
    const entry = rows.read(id);
    if (entry) cache.set(id, entry);
    return entry;
  }

  const load = (id: string): Entry | undefined => groups.get(id) ?? loadDurable(id);

  function tell(listener: (event: TwinEvent) => void, event: TwinEvent): void {
    try {
      listener(event);
    } catch (error) {
      warn(`A watcher of the twin ${event.id} failed: ${String(error)}`);
    }
  }

  function checkRoom(): void {
    if (!folding.isFull) return;
    throw new Failure(
      "busy",
      "The store holds as many changes as it may until they are in its table.",
      "Send less, free space on the disk, or look at the rights of the home folder.",
      true,
    );
  }

  /** The document, for somebody who may keep it. */
  function lend(id: string): TwinDocument | undefined {
    const entry = load(id);
    if (entry) entry.isLent = true;
    return entry?.document;
  }

  /** Whether somebody is to hear of a new value. */
  function isWanted(id: string): boolean {
    for (const wants of listeners.values()) if (wants(id, plainEvents)) return true;
    return false;
  }

  /** The update made in the entry itself, which costs what the patch holds. Undefined: it cannot be, and nothing was done. */
  function replace(id: string, entry: Entry, { patch, notify, staleAfter }: TwinUpdate): Promise<void> | undefined {
    const { document } = entry;
    if (!document || !patch || (staleAfter !== undefined && staleAfter !== entry.staleAfter)) return undefined;
    if (!isPlain(patch) || !onlyReplaces(document, patch) || (notify && isWanted(id))) return undefined;
    if (!groups.get(id)) folding.hold(id, entry);
    const durable = groups.replace(id, entry, patch);
    if (durable && entry.staleAfter > 0 && document.status === "live") silence.heard(id, entry.staleAfter * 1000);
    return durable;
  }

  /** The next document is nobody's but the store's. */
  function updateOne(id: string, change: Change): Promise<void> {
    const current = load(id);
    const result = change(current?.document);
    // After whatever is on its way to the disk: a sample that changes nothing does not overtake.
    if (!result) return groups.underWay() ?? settled;
    return (current && replace(id, current, result)) ?? put(id, current, result).durable;
  }

  /** The next document goes to others, too. */
  function update(id: string, change: Change): { document: TwinDocument | undefined; durable: Promise<void> } {
    const current = load(id);
    const result = change(current?.document);
    if (result) return put(id, current, result);
    if (current) current.isLent = true;
    return { document: current?.document, durable: groups.underWay() ?? settled };
  }

  function put(id: string, current: Entry | undefined, result: TwinUpdate) {
    const staleAfter = result.staleAfter ?? current?.staleAfter ?? 0;
    const { patch } = result;
    const document = result.document ?? applyPatch(current?.document as TwinDocument, result.patch);
    if (staleAfter > 0 && document.status === "live") silence.heard(id, staleAfter * 1000);
    else silence.forget(id);
    loops.note(id, document);
    const event = result.notify ? eventOf(id, current?.document, document, result) : undefined;
    return { document, durable: groups.put(id, current, { document, staleAfter, patch }, event) };
  }

  function turnStale(id: string): void {
    try {
      const { durable } = update(id, (current) =>
        current?.status === "live"
          ? { document: { ...current, status: "stale", statusAt: now(), updatedAt: now() }, changed: {}, notify: true }
          : undefined,
      );
      durable.catch(warnSeldom);
    } catch (error) {
      // The row cannot be read: no reason for a timer to end the process.
      silence.heard(id, againMs);
      warnSeldom(error);
    }
  }

  const mayWarn = createSeldom();
  /** All twins may turn stale at once: that the disk refuses is told once a minute. */
  function warnSeldom(error: unknown): void {
    if (mayWarn()) warn(String(error));
  }

  /** Up to `limit` ids after that one, in order, of rows and of what has none yet. */
  function idsAfter(id: string, limit: number): string[] {
    const ids = [...new Set([...rows.idsAfter(id, limit), ...folding.unstoredAfter(id, limit)])];
    return ids.sort().slice(0, limit);
  }

  return {
    get: async (id) => lend(id),

    async at(id, moment) {
      groups.flush();
      await groups.underWay()?.catch(() => undefined);
      const present = loadDurable(id);
      if (!present?.document) return undefined;
      present.isLent = true;
      const entry = groups.durable(present);
      const trail = entry.trail && { ...entry.trail, last: { ...entry.trail.last } };
      return readPast({ ...entry, trail }, moment, past.reader());
    },

    async list(filter = {}, cursor = "", limit = pageSize) {
      groups.flush();
      const twins: TwinDocument[] = [];
      let after = cursor;
      for (let lookedAt = 500; ; lookedAt += 500) {
        const ids = idsAfter(after, 500);
        for (const id of ids) {
          after = id;
          if (filter.id !== undefined && !matchesPattern(id, filter.id)) continue;
          const present = loadDurable(id);
          const entry = present && groups.durable(present);
          const document = entry?.document;
          if (!document) continue;
          if (filter.model !== undefined && document.model !== filter.model) continue;
          if (filter.status !== undefined && document.status !== filter.status) continue;
          entry.isLent = true;
          twins.push(document);
          if (twins.length === limit) return { twins, cursor: after, position };
        }
        if (ids.length < 500) return { twins, position };
        if (lookedAt >= mostLookedAt) return { twins, cursor: after, position };
      }
    },

    async update(id, change) {
      checkRoom();
      const { document, durable } = update(id, change);
      await durable;
      return document;
    },

    async updateAll(ids, change) {
      checkRoom();
      let last: Promise<void> = settled;
      for (const [index, id] of ids.entries()) last = updateOne(id, (current) => change(index, current));
      await last;
    },

    async delete(id, check) {
      const current = load(id);
      if (!current?.document) return false;
      check?.(current.document);
      silence.forget(id);
      loops.note(id, undefined);
      const event: Untold = { id, events: ["change"], before: current.document, changed: {} };
      await groups.put(id, current, { document: undefined, staleAfter: 0 }, event);
      return true;
    },

    watch(listener, wants = () => true) {
      // Of what is on its way, what nobody wanted was not noted.
      groups.flush();
      listeners.set(listener, wants);
      return () => listeners.delete(listener);
    },

    close() {
      silence.close();
      loops.close();
      groups.close();
      folding.close();
      wal.close();
      log.close();
    },
  };
}

/** Whether the patch is of values alone: nothing of what is desired, or of whether the twin is live. */
function isPlain({ set, put }: DocumentPatch): boolean {
  for (const field in set) if (!plainFields.has(field)) return false;
  for (const field in put) if (field !== "reported" && field !== "meta") return false;
  return true;
}

/** Which aspects of the document the update touched. */
function eventOf(
  id: string,
  before: TwinDocument | undefined,
  after: TwinDocument,
  { changed, clientToken }: TwinUpdate,
): Untold {
  const events: TwinEventName[] = [];
  if (!before || before.rev !== after.rev) events.push("change");
  // A device that comes back is told again what it has not met.
  const isBack = before !== undefined && before.status !== "live" && after.status === "live";
  const isOpen = after.loop?.since !== undefined;
  if (!isSameDelta(before?.delta ?? {}, after.delta) || (isBack && isOpen) || isAnew(before, after))
    events.push("delta");
  if (before?.status !== after.status) events.push("status");
  if (before?.ack !== after.ack && JSON.stringify(before?.ack ?? null) !== JSON.stringify(after.ack))
    events.push("ack");
  if (events.length === 0) events.push("change");
  return { id, events, ...(before ? { before } : {}), after, changed, ...(clientToken ? { clientToken } : {}) };
}

/** The same is desired anew, such as after the device refused it. */
const isAnew = (before: TwinDocument | undefined, after: TwinDocument): boolean =>
  after.ack?.code === 202 && before?.ack?.version !== after.ack.version;
