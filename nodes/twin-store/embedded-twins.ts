import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { TwinDocument } from "../../engine/contract/document";
import { matchesPattern } from "../../engine/contract/matches-pattern";
import { createRecentMap } from "../../engine/contract/recent-map";
import { lateDocument } from "../../engine/twin/desired-loop";
import { createDesiredLoops } from "./desired-loop";
import type { GroupCommit } from "./group-commit";
import { createSilenceWatch } from "./silence-watch";
import type { TwinCollection, TwinEvent, TwinEventName, TwinUpdate } from "./store";

/** Documents kept in memory. A twin beyond that is read from the file when it is needed. */
const cacheSize = 20_000;
/** Damaged rows that are kept; the oldest go first. */
const maxDamagedRows = 1000;
/** A file full of damaged rows would fill the log as well. */
const toldOneByOne = 10;
const pageSize = 100;
/** What was late when the store was opened is called late after that time: the devices' reports may be on their way. */
const lateGraceMs = 10_000;
/** Stands in the JSON of every document whose loop is open. */
const openLoop = /"loop":\{[^}]*"since":/;
const settled = Promise.resolve();

interface Entry {
  document: TwinDocument;
  staleAfter: number;
}

/** Documents that go into one commit; undefined for a twin that was deleted. */
interface Group {
  entries: Map<string, Entry | undefined>;
  events: Untold[];
  committed: Promise<void>;
}

/** It gets its position when it is told. */
type Untold = Omit<TwinEvent, "position">;

type Row = Record<string, unknown>;

/** Makes the tables of the twins. The checksum of a row covers every column since version 1 of the file. */
export function prepareTwins(db: DatabaseSync): void {
  db.exec(`CREATE TABLE IF NOT EXISTS twins (
    id TEXT PRIMARY KEY, model TEXT, status TEXT NOT NULL, stale_after REAL NOT NULL, document TEXT NOT NULL, crc INTEGER NOT NULL
  ) WITHOUT ROWID`);
  db.exec("CREATE TABLE IF NOT EXISTS damaged_twins (id TEXT, document TEXT, found_at INTEGER)");
  if (db.prepare("PRAGMA user_version").get()?.user_version !== 0) return;
  const update = db.prepare("UPDATE twins SET crc = ? WHERE id = ?");
  for (const { id, model, status, stale_after, document, crc } of db.prepare("SELECT * FROM twins").all() as Row[]) {
    const text = String(document);
    if (crc32(text) === crc) update.run(checksum(id, model, status, stale_after, text), String(id));
  }
}

const checksum = (id: unknown, model: unknown, status: unknown, staleAfter: unknown, document: string): number =>
  crc32(document, crc32(`${id}\n${model}\n${status}\n${staleAfter}\n`));

const isSound = ({ id, model, status, stale_after, document, crc }: Row): boolean =>
  typeof document === "string" && checksum(id, model, status, stale_after, document) === Number(crc);

export interface EmbeddedTwins extends TwinCollection {
  close(): void;
}

/**
 * Twin documents in SQLite, one row each with a checksum. Reads see what was just written (memory); promises and watchers
 * wait for the commit. Updates of one twin within one commit write its row once.
 */
export function createEmbeddedTwins(
  db: DatabaseSync,
  commit: GroupCommit,
  now: () => number,
  warn: (text: string) => void,
): EmbeddedTwins {
  const select = db.prepare("SELECT * FROM twins WHERE id = ?");
  const upsert = db.prepare(`INSERT INTO twins (id, model, status, stale_after, document, crc) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET model = excluded.model, status = excluded.status, stale_after = excluded.stale_after,
      document = excluded.document, crc = excluded.crc`);
  const remove = db.prepare("DELETE FROM twins WHERE id = ?");
  const setAside = db.prepare("INSERT INTO damaged_twins SELECT id, document, ? FROM twins WHERE id = ?");
  const forgetOldest = db.prepare(
    "DELETE FROM damaged_twins WHERE rowid <= (SELECT max(rowid) FROM damaged_twins) - ?",
  );
  const every = db.prepare("SELECT * FROM twins");
  const page = db.prepare("SELECT id FROM twins WHERE id > ? ORDER BY id LIMIT ?");
  const timed = db.prepare("SELECT id, stale_after FROM twins WHERE stale_after > 0 AND status = 'live'");

  const cache = createRecentMap<string, Entry>(cacheSize);
  /** What the next commit will write. */
  let next: Group | undefined;
  const listeners = new Set<(event: TwinEvent) => void>();
  let position = 0;
  const silence = createSilenceWatch(turnStale);

  const loops = createDesiredLoops({
    now,
    load: (id) => load(id)?.document,
    remind(document, reminder) {
      // With the next commit, so that it does not overtake a change.
      next ??= begin();
      next.events.push({
        id: document.id,
        events: ["delta"],
        before: document,
        after: document,
        changed: {},
        reminder,
      });
    },
    callLate(id) {
      const late = update(id, (current) => {
        const document = current && lateDocument(current, now());
        return document && { document, changed: {}, notify: true };
      });
      late.committed.catch((error: unknown) => warn(String(error)));
    },
  });

  /** A row that cannot even be read (a number beyond what JavaScript has) is a damaged one. */
  function readRow(read: () => Row | undefined): Row | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof RangeError) return {};
      throw error;
    }
  }

  function putAside(id: string, tell = warn): void {
    tell(
      `The stored document of twin ${id} is damaged. It was put aside in the table damaged_twins; the twin begins anew.`,
    );
    try {
      setAside.run(now(), id);
      forgetOldest.run(maxDamagedRows);
      remove.run(id);
    } catch (error) {
      warn(`It could not be put aside: ${String(error)}.`);
    }
  }

  /** A row whose id is damaged would never be asked for: all are looked at when the store is opened (2 us each). */
  function verify(): void {
    every.setReadBigInts(true);
    const damaged: string[] = [];
    for (const row of every.iterate()) {
      if (!isSound(row)) damaged.push(String(row.id));
      else if (openLoop.test(row.document as string))
        loops.note(String(row.id), JSON.parse(row.document as string) as TwinDocument, lateGraceMs);
    }
    for (const id of damaged.slice(0, toldOneByOne)) putAside(id);
    const rest = damaged.slice(toldOneByOne);
    for (const id of rest) putAside(id, () => undefined);
    if (rest.length > 0) warn(`The stored documents of ${rest.length} more twins are damaged and were put aside, too.`);
  }
  verify();
  for (const row of timed.all()) silence.restored(row.id as string, (row.stale_after as number) * 1000);

  function load(id: string): Entry | undefined {
    if (next?.entries.has(id)) return next.entries.get(id);
    const cached = cache.get(id);
    if (cached) return cached;
    const row = readRow(() => select.get(id));
    if (!row) return undefined;
    if (!isSound(row)) {
      putAside(id);
      return undefined;
    }
    const text = row.document as string;
    const entry = { document: JSON.parse(text) as TwinDocument, staleAfter: row.stale_after as number };
    cache.set(id, entry);
    return entry;
  }

  function put(id: string, entry: Entry | undefined, event: Untold | undefined): Promise<void> {
    next ??= begin();
    next.entries.set(id, entry);
    if (event) next.events.push(event);
    return next.committed;
  }

  function begin(): Group {
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    const committed = new Promise<void>((onCommitted, onFailed) => {
      resolve = onCommitted;
      reject = onFailed;
    });
    // Whoever awaits it hears of a failure; it is no crash where nobody does.
    committed.catch(() => undefined);
    const group: Group = { entries: new Map(), events: [], committed };
    commit.join({
      write() {
        for (const [id, entry] of group.entries) write(id, entry);
      },
      committed() {
        next = undefined;
        for (const [id, entry] of group.entries) {
          if (entry) cache.set(id, entry);
          else cache.delete(id);
        }
        const events = group.events.map((event) => ({ ...event, position: ++position }));
        for (const listener of listeners) for (const event of events) tell(listener, event);
        resolve();
      },
      failed(error) {
        // Nothing was written: memory goes back to what the file holds.
        next = undefined;
        for (const id of group.entries.keys()) {
          cache.delete(id);
          loops.recheck(id);
        }
        reject(error);
      },
    });
    return group;
  }

  function write(id: string, entry: Entry | undefined): void {
    if (!entry) return void remove.run(id);
    const { document, staleAfter } = entry;
    const text = JSON.stringify(document);
    const { model, status } = document;
    upsert.run(id, model, status, staleAfter, text, checksum(id, model, status, staleAfter, text));
  }

  function tell(listener: (event: TwinEvent) => void, event: TwinEvent): void {
    try {
      listener(event);
    } catch (error) {
      warn(`A watcher of the twin ${event.id} failed: ${String(error)}`);
    }
  }

  function update(id: string, change: (current: TwinDocument | undefined) => TwinUpdate | undefined) {
    const current = load(id);
    const result = change(current?.document);
    // After whatever is on its way to the file: a sample that changes nothing does not overtake.
    if (!result) return { document: current?.document, committed: next?.committed ?? settled };
    const staleAfter = result.staleAfter ?? current?.staleAfter ?? 0;
    const { document } = result;
    if (staleAfter > 0 && document.status === "live") silence.heard(id, staleAfter * 1000);
    else silence.forget(id);
    loops.note(id, document);
    const event = result.notify ? eventOf(id, current?.document, document, result) : undefined;
    return { document, committed: put(id, { document, staleAfter }, event) };
  }

  function turnStale(id: string): void {
    const { committed } = update(id, (current) =>
      current?.status === "live"
        ? { document: { ...current, status: "stale", updatedAt: now() }, changed: {}, notify: true }
        : undefined,
    );
    committed.catch((error: unknown) => warn(String(error)));
  }

  return {
    get: async (id) => load(id)?.document,

    async list(filter = {}, cursor = "", limit = pageSize) {
      commit.flush();
      const twins: TwinDocument[] = [];
      let after = cursor;
      for (;;) {
        const rows = page.all(after, 500);
        for (const row of rows) {
          after = row.id as string;
          if (filter.id !== undefined && !matchesPattern(after, filter.id)) continue;
          const document = load(after)?.document;
          if (!document) continue;
          if (filter.model !== undefined && document.model !== filter.model) continue;
          if (filter.status !== undefined && document.status !== filter.status) continue;
          twins.push(document);
          if (twins.length === limit) return { twins, cursor: after, position };
        }
        if (rows.length < 500) return { twins, position };
      }
    },

    async update(id, change) {
      const { document, committed } = update(id, change);
      await committed;
      return document;
    },

    async updateAll(ids, change) {
      let last: Promise<void> = settled;
      for (const [index, id] of ids.entries()) last = update(id, (current) => change(index, current)).committed;
      await last;
    },

    async delete(id) {
      const current = load(id);
      if (!current) return false;
      silence.forget(id);
      loops.note(id, undefined);
      await put(id, undefined, { id, events: ["change"], before: current.document, changed: {} });
      return true;
    },

    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close() {
      silence.close();
      loops.close();
    },
  };
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
  if (!isSame(before?.delta ?? {}, after.delta) || (isBack && isOpen) || isAnew(before, after)) events.push("delta");
  if (before?.status !== after.status) events.push("status");
  if (before?.ack !== after.ack && JSON.stringify(before?.ack ?? null) !== JSON.stringify(after.ack))
    events.push("ack");
  if (events.length === 0) events.push("change");
  return { id, events, ...(before ? { before } : {}), after, changed, ...(clientToken ? { clientToken } : {}) };
}

/** The same is desired anew, such as after the device refused it. */
const isAnew = (before: TwinDocument | undefined, after: TwinDocument): boolean =>
  after.ack?.code === 202 && before?.ack?.version !== after.ack.version;

function isSame(before: TwinDocument["delta"], after: TwinDocument["delta"]): boolean {
  const names = Object.keys(after);
  return names.length === Object.keys(before).length && names.every((name) => before[name] === after[name]);
}
