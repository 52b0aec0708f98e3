import { isDamage } from "../lib/sqlite";
import { openHistoryFile } from "./embedded-file";
import { createEmbeddedQueries, type EmbeddedQueries } from "./embedded-queries";
import { createEmbeddedWriter, type EmbeddedWriter } from "./embedded-writer";
import { type History, type HistoryStatus, noSpool } from "./history";
import { createRetention, type Retention } from "./retention";
import { createWalSync } from "./wal-sync";

/** A history file that this process holds, whoever uses it. */
export interface EmbeddedFile {
  /** The file as one measurement of one database sees it. `keepMs`: how long samples are kept. */
  open(view: { database: string; measurement: string; keepMs: number }): { history: History; close(): void };
  /** Removes what is past its time, all at once. Otherwise that goes by itself, in small steps. */
  sweep(now: number): void;
  close(): Promise<void>;
}

interface Parts {
  writer: EmbeddedWriter;
  queries: EmbeddedQueries;
  retention: Retention;
  close(): Promise<void>;
}

/** The history that needs nothing installed: one SQLite file, written here and read by one thread. */
export function openEmbeddedFile(file: string, warn: (text: string) => void): EmbeddedFile {
  const listeners = new Set<(status: HistoryStatus) => void>();
  const wishes = new Map<{ keepMs: number }, () => void>();
  let failure: string | undefined;
  let renewing = false;
  let parts = openParts();

  function openParts(damage?: string): Parts {
    const db = openHistoryFile(file, warn, damage);
    const sync = createWalSync(file, warn);
    const writer = createEmbeddedWriter(db, (error) => {
      sync.touch();
      onWritten(error);
    });
    const queries = createEmbeddedQueries(file, warn);
    const retention = createRetention(db, writer.forget, warn);
    return {
      writer,
      queries,
      retention,
      async close() {
        retention.close();
        writer.flush();
        await Promise.all([queries.close(), sync.close()]);
        db.close();
      },
    };
  }

  function onWritten(error: unknown): void {
    const reason = error === undefined ? undefined : String(error instanceof Error ? error.message : error);
    if (reason !== failure) {
      failure = reason;
      for (const listener of listeners) listener(describe());
    }
    if (reason !== undefined && isDamage(error) && !renewing) {
      renewing = true;
      setImmediate(() => void beginAnew(reason).catch((cause: unknown) => warn(String(cause))));
    }
  }

  /** The file turned out to be damaged while it was written: it is put aside, and what comes goes to a new one. */
  async function beginAnew(damage: string): Promise<void> {
    try {
      await parts.close();
      parts = openParts(damage);
      for (const wish of wishes.keys()) wishes.set(wish, parts.retention.keep(wish.keepMs));
    } finally {
      renewing = false;
    }
  }

  function describe(): HistoryStatus {
    const { samples, since } = parts.writer.waiting();
    return {
      state: failure === undefined ? "ok" : "failed",
      ...noSpool,
      waiting: samples,
      oldestMs: since === undefined ? 0 : Date.now() - since,
      ...(failure === undefined ? {} : { reason: failure }),
    };
  }

  return {
    open({ database, measurement, keepMs }) {
      const wish = { keepMs };
      wishes.set(wish, parts.retention.keep(keepMs));
      return {
        history: {
          backend: "embedded",
          database,
          write: (samples) => parts.writer.write(measurement, samples),
          query: (query, options) => parts.queries.query(measurement, query, options),
          describe,
          watch(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
        close() {
          wishes.get(wish)?.();
          wishes.delete(wish);
        },
      };
    },
    sweep: (now) => parts.retention.sweep(now),
    close: () => parts.close(),
  };
}
