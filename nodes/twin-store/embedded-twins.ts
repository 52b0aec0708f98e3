import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { TwinDocument } from "../../engine/contract/document";
import { globToRegExp } from "../lib/glob";
import type { GroupCommit } from "./group-commit";
import type { TwinCollection, TwinEvent, TwinEventName, TwinUpdate } from "./store";

/** Documents kept in memory. A twin beyond that is read from the file when it is needed. */
const cacheSize = 20_000;
const pageSize = 100;
const sweepMs = 1000;

interface Entry {
  document: TwinDocument;
  staleAfter: number;
}

interface Pending {
  entry: Entry | undefined;
  events: TwinEvent[];
  committed: Promise<void>;
}

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
  db.exec(`CREATE TABLE IF NOT EXISTS twins (
    id TEXT PRIMARY KEY, model TEXT, status TEXT NOT NULL, stale_after REAL NOT NULL, document TEXT NOT NULL, crc INTEGER NOT NULL
  ) WITHOUT ROWID`);
  db.exec("CREATE TABLE IF NOT EXISTS damaged_twins (id TEXT, document TEXT, found_at INTEGER)");
  const select = db.prepare("SELECT stale_after, document, crc FROM twins WHERE id = ?");
  const upsert = db.prepare(`INSERT INTO twins (id, model, status, stale_after, document, crc) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET model = excluded.model, status = excluded.status, stale_after = excluded.stale_after,
      document = excluded.document, crc = excluded.crc`);
  const remove = db.prepare("DELETE FROM twins WHERE id = ?");
  const setAside = db.prepare("INSERT INTO damaged_twins SELECT id, document, ? FROM twins WHERE id = ?");
  const page = db.prepare("SELECT id FROM twins WHERE id > ? ORDER BY id LIMIT ?");
  const timed = db.prepare("SELECT id, stale_after FROM twins WHERE stale_after > 0 AND status = 'live'");

  const cache = new Map<string, Entry>();
  const pending = new Map<string, Pending>();
  const listeners = new Set<(event: TwinEvent) => void>();
  /** When each live twin becomes stale. After a start every twin gets its full time again: no storm of false alarms. */
  const deadlines = new Map<string, number>();
  for (const row of timed.all()) deadlines.set(row.id as string, now() + (row.stale_after as number) * 1000);

  function remember(id: string, entry: Entry): void {
    cache.delete(id);
    cache.set(id, entry);
    if (cache.size > cacheSize) cache.delete(cache.keys().next().value as string);
  }

  function load(id: string): Entry | undefined {
    const waiting = pending.get(id);
    if (waiting) return waiting.entry;
    const cached = cache.get(id);
    if (cached) return cached;
    const row = select.get(id);
    if (!row) return undefined;
    const text = row.document as string;
    if (crc32(text) !== row.crc) {
      warn(
        `The stored document of twin ${id} is damaged. It was put aside in the table damaged_twins; the twin begins anew.`,
      );
      setAside.run(now(), id);
      remove.run(id);
      return undefined;
    }
    const entry = { document: JSON.parse(text) as TwinDocument, staleAfter: row.stale_after as number };
    remember(id, entry);
    return entry;
  }

  function put(id: string, entry: Entry | undefined, event: TwinEvent | undefined): Promise<void> {
    const waiting = pending.get(id);
    if (waiting) {
      waiting.entry = entry;
      if (event) waiting.events.push(event);
      return waiting.committed;
    }
    const mine: Pending = { entry, events: event ? [event] : [], committed: Promise.resolve() };
    pending.set(id, mine);
    mine.committed = commit
      .write(() => {
        if (!mine.entry) return void remove.run(id);
        const { document, staleAfter } = mine.entry;
        const text = JSON.stringify(document);
        upsert.run(id, document.model, document.status, staleAfter, text, crc32(text));
      })
      .then(
        () => {
          pending.delete(id);
          if (mine.entry) remember(id, mine.entry);
          else cache.delete(id);
          for (const listener of listeners) for (const heard of mine.events) listener(heard);
        },
        (error: unknown) => {
          // Nothing was written: memory goes back to what the file holds.
          pending.delete(id);
          cache.delete(id);
          throw error;
        },
      );
    return mine.committed;
  }

  function update(id: string, change: (current: TwinDocument | undefined) => TwinUpdate | undefined) {
    const current = load(id);
    const result = change(current?.document);
    if (!result) return { document: current?.document, committed: Promise.resolve() };
    const staleAfter = result.staleAfter ?? current?.staleAfter ?? 0;
    const { document } = result;
    if (staleAfter > 0 && document.status === "live") deadlines.set(id, now() + staleAfter * 1000);
    else deadlines.delete(id);
    const event = result.notify ? eventOf(id, current?.document, document, result.changed) : undefined;
    return { document, committed: put(id, { document, staleAfter }, event) };
  }

  function sweep(): void {
    const at = now();
    for (const [id, deadline] of deadlines) {
      if (deadline > at) continue;
      deadlines.delete(id);
      const turned = update(id, (current) =>
        current && current.status === "live"
          ? { document: { ...current, status: "stale" }, changed: {}, notify: true }
          : undefined,
      );
      turned.committed.catch((error: unknown) => warn(String(error)));
    }
  }
  const timer = setInterval(sweep, sweepMs);
  timer.unref();

  return {
    get: async (id) => load(id)?.document,

    async list(filter = {}, cursor = "", limit = pageSize) {
      commit.flush();
      const matches = filter.id === undefined ? undefined : globToRegExp(filter.id);
      const twins: TwinDocument[] = [];
      let after = cursor;
      for (;;) {
        const rows = page.all(after, 500);
        for (const row of rows) {
          after = row.id as string;
          if (matches && !matches.test(after)) continue;
          const document = load(after)?.document;
          if (!document) continue;
          if (filter.model !== undefined && document.model !== filter.model) continue;
          if (filter.status !== undefined && document.status !== filter.status) continue;
          twins.push(document);
          if (twins.length === limit) return { twins, cursor: after };
        }
        if (rows.length < 500) return { twins };
      }
    },

    async update(id, change) {
      const { document, committed } = update(id, change);
      await committed;
      return document;
    },

    async delete(id) {
      const current = load(id);
      if (!current) return false;
      deadlines.delete(id);
      await put(id, undefined, { id, events: ["change"], before: current.document, changed: {} });
      return true;
    },

    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close: () => clearInterval(timer),
  };
}

/** Which aspects of the document the update touched. */
function eventOf(
  id: string,
  before: TwinDocument | undefined,
  after: TwinDocument,
  changed: TwinEvent["changed"],
): TwinEvent {
  const events: TwinEventName[] = [];
  if (!before || before.rev !== after.rev) events.push("change");
  if (JSON.stringify(before?.delta ?? {}) !== JSON.stringify(after.delta)) events.push("delta");
  if (before?.status !== after.status) events.push("status");
  if (JSON.stringify(before?.ack ?? null) !== JSON.stringify(after.ack)) events.push("ack");
  return { id, events, ...(before ? { before } : {}), after, changed };
}
