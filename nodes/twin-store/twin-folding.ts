import type { DatabaseSync } from "node:sqlite";
import type { SegmentLog } from "../lib/segment-log";
import { sortInSteps } from "./sort-in-steps";
import type { Entry } from "./twin-records";
import type { TwinRows } from "./twin-rows";
import type { WalKeeper } from "./wal-keeper";

/** How long the event loop is held at a time. */
const sliceMs = 3;
/** Groups in the log from where on folding hurries: each takes some memory. */
const manyGroups = 250_000;
/** Between two slices passes as many times what the last one took; less when much waits. */
const restFactor = 8;
const pausedMs = 2000;
const aheadMs = 100;
const retryMs = 1000;
/** Longest that closing folds: what is left stays in the log, for the next start. */
const closeMs = 4000;
/** From here on folding hurries: what is in the log is read at the next start. */
const muchLogBytes = 128 * 1024 * 1024;
/** A walk takes this long for each twin, and no less than until the log has grown by so much: a twin that changes often is folded once. */
const perTwinMs = 0.3;
const perWalkBytes = 32 * 1024 * 1024;

/** The twins that are newer in the log than in their rows. Writes them to the rows in the background, in the order of their ids. */
export interface TwinFolding {
  get(id: string): Entry | undefined;
  /** These twins are durable in the log, up to that group of it. */
  add(entries: Map<string, Entry>, through: number): void;
  /** This entry is about to be changed itself: until that is durable, and in its row, nobody must read the row in its place. */
  hold(id: string, entry: Entry): void;
  /** Folds where too much waits. `added` is how many twins a group has just brought. */
  relieve(added: number): void;
  /** Whether nothing more can be taken, because nothing can be folded. */
  readonly isFull: boolean;
  /** Twins without a row, in order, up to `limit` of them, after that id. */
  unstoredAfter(id: string, limit: number): string[];
  /** Folds what waits, at once, and releases the log when that was all. */
  close(): void;
}

export interface FoldingOptions {
  db: DatabaseSync;
  rows: TwinRows;
  log: SegmentLog;
  wal: WalKeeper;
  durability: "process" | "power";
  /** Documents that may wait, by length: beyond that every group of updates folds as many as it brings. */
  maxLength: number;
  /** Records that the log may hold. */
  maxGroups: number;
  warn(text: string): void;
  /** What the log held at the start. */
  waiting: Map<string, Entry>;
  /** Makes durable what was changed in entries themselves, as far as that can be. */
  flush(): void;
  /** The entry without what is not durable yet. */
  durable(entry: Entry): Entry;
  /** Its row is as new as the entry. */
  folded(id: string, entry: Entry): void;
}

export function createTwinFolding({
  db,
  rows,
  log,
  wal,
  durability,
  maxLength,
  maxGroups,
  warn,
  waiting,
  flush,
  durable,
  folded,
}: FoldingOptions): TwinFolding {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const isPower = durability === "power";
  const unstored = new Set<string>();
  let sorted: string[] | undefined;
  let length = 0;
  /** Written in the transaction that is open. */
  let written: { id: string; entry: Entry; durable: Entry }[] = [];
  let pass: Generator<undefined, void> | undefined;
  /** What the walk under way has begun with, and how many twins it has done. */
  let start = { at: 0, logBytes: 0, twins: 0 };
  let done = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Groups up to this one are in what waits, or folded: what is still on its way to the disk is not. */
  let durableThrough = log.next - 1;
  let isFailing = false;
  let closed = false;

  for (const [id, entry] of waiting) note(id, undefined, entry);

  function note(id: string, before: Entry | undefined, entry: Entry): void {
    length += entry.length - (before?.length ?? 0);
    entry.isWaiting = true;
    if (entry.isStored || unstored.has(id)) return;
    unstored.add(id);
    sorted = undefined;
  }

  /** One walk over all that waits. What comes meanwhile waits for the next one. */
  function* walk(): Generator<undefined, void> {
    const through = durableThrough;
    start = { at: performance.now(), logBytes: log.size.bytes, twins: waiting.size };
    done = 0;
    for (const id of yield* sortInSteps([...waiting.keys()])) {
      const entry = waiting.get(id);
      done++;
      if (!entry) continue;
      if (written.length === 0) beginTransaction();
      // Noted first: what fails is rolled back as well.
      const known = durable(entry);
      written.push({ id, entry, durable: known });
      wal.wrote(rows.write(id, known));
      yield;
    }
    endTransaction();
    // Only what survives a power cut is let go of in the log.
    wal.synced(() => release(through));
  }

  /** A segment a turn. */
  function release(through: number): void {
    if (!closed && log.releaseThrough(through)) setImmediate(release, through);
  }

  /** At level `power` commits are flushed: not these, the log has them until they are. */
  function beginTransaction(): void {
    if (isPower) db.exec("PRAGMA synchronous = NORMAL");
    begin.run();
  }

  function endTransaction(): void {
    if (written.length === 0) return;
    commit.run();
    if (isPower) db.exec("PRAGMA synchronous = FULL");
    for (const { id, entry, durable } of written) {
      entry.isStored = entry.document !== undefined;
      if (unstored.delete(id)) sorted = undefined;
      // Changed already, which is on its way to the disk.
      if (durable !== entry) continue;
      // It is the one that was written: nothing else runs between a slice's rows and its end.
      waiting.delete(id);
      entry.isWaiting = false;
      length -= entry.length;
      folded(id, entry);
    }
    written = [];
  }

  function slice(): boolean {
    flush();
    const begun = performance.now();
    try {
      pass ??= walk();
      do {
        if (!pass.next().done) continue;
        pass = undefined;
        break;
      } while (performance.now() - begun < sliceMs);
      endTransaction();
      isFailing = false;
      return true;
    } catch (error) {
      fail(error);
      return false;
    }
  }

  function fail(error: unknown): void {
    pass = undefined;
    written = [];
    try {
      db.exec("ROLLBACK");
    } catch {
      // Already rolled back by SQLite, as it does when the disk is full.
    }
    if (isPower) db.exec("PRAGMA synchronous = FULL");
    if (!isFailing)
      warn(
        `Twins could not be written to their table (${String(error)}). They are safe in the log; this is tried again.`,
      );
    isFailing = true;
  }

  function schedule(waitMs: number): void {
    if (closed || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      turn();
    }, waitMs);
    timer.unref();
  }

  function turn(): void {
    const begun = performance.now();
    const isDone = wal.isBusy || slice();
    const tookMs = performance.now() - begun;
    if (!isDone) schedule(retryMs);
    else if (wal.isBusy) schedule(20);
    else if (pass) schedule(isMuch() ? tookMs : Math.max(restFactor * tookMs, isAhead() ? aheadMs : 0));
    else if (waiting.size > 0) schedule(isMuch() ? tookMs : pausedMs);
    else if (log.size.records > 0) schedule(pausedMs);
  }

  function isAhead(): boolean {
    const share = done / start.twins;
    const elapsed = (performance.now() - start.at) / (perTwinMs * start.twins);
    const grown = (log.size.bytes - start.logBytes) / perWalkBytes;
    return share > elapsed && share > grown;
  }

  const isMuch = (): boolean =>
    length > maxLength / 2 || log.size.bytes > muchLogBytes || log.size.records > manyGroups;

  // Also when the rows have all of it: a log that is full of that lets nothing in.
  if (log.size.records > 0) schedule(pausedMs);

  return {
    get: (id) => waiting.get(id),
    add(entries, through) {
      for (const [id, entry] of entries) {
        note(id, waiting.get(id), entry);
        waiting.set(id, entry);
      }
      durableThrough = through;
      schedule(pausedMs);
    },
    hold(id, entry) {
      if (entry.isWaiting) return;
      note(id, undefined, entry);
      waiting.set(id, entry);
    },
    relieve(added) {
      if (length <= maxLength || isFailing) return;
      for (const target = Math.max(0, waiting.size - 2 * added); length > maxLength && waiting.size > target; )
        if (!slice()) break;
    },
    get isFull() {
      return (isFailing && length > maxLength) || log.size.records > maxGroups;
    },
    unstoredAfter(id, limit) {
      sorted ??= [...unstored].sort();
      const at = firstAfter(sorted, id);
      return sorted.slice(at, at + limit);
    },
    close() {
      clearTimeout(timer);
      const through = durableThrough;
      // A walk that is under way leaves out what came after it began.
      const end = performance.now() + closeMs;
      for (let walks = 0; walks < 2 || pass; ) {
        if (!slice() || performance.now() > end) break;
        if (!pass) walks++;
      }
      closed = true;
      if (waiting.size === 0 && wal.checkpoint()) while (log.releaseThrough(through));
    },
  };
}

/** Where the first text after that one stands in the sorted list. */
function firstAfter(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) <= text) low = middle + 1;
    else high = middle;
  }
  return low;
}
