import type { DatabaseSync } from "node:sqlite";
import { isDamage } from "../lib/sqlite";
import { within } from "../lib/within";
import { openHistoryFile } from "./embedded-file";
import { createEmbeddedQueries, type EmbeddedQueries } from "./embedded-queries";
import { createEmbeddedWriter, type EmbeddedWriter } from "./embedded-writer";
import { type History, type HistoryStatus, noSpool } from "./history";
import { startWritingThread, type WritingThread } from "./writing-thread";

export interface OpenedHistory {
  history: History;
  /** Resolves when what was given to it is written. */
  close(): Promise<void>;
}

/** A history file that this process holds, whoever uses it. */
export interface EmbeddedFile {
  /** The file as one measurement of one database sees it. `keepMs`: how long samples are kept. */
  open(view: { database: string; measurement: string; keepMs: number }): OpenedHistory;
  /** Removes what is past its time, all at once. Otherwise that goes by itself, in small steps. */
  sweep(now: number): Promise<void>;
  close(): Promise<void>;
}

interface Parts {
  writer: EmbeddedWriter;
  queries: EmbeddedQueries;
  thread: WritingThread;
  close(): Promise<void>;
}

/** How long what waits may take to be written when the history closes. */
const flushPatienceMs = 3500;
/** How long a new file waits that could not be begun in place of a damaged one. */
const renewPauseMs = 2000;

/** The history that needs nothing installed: one SQLite file, written by one thread and read by another. */
export function openEmbeddedFile(file: string, warn: (text: string) => void): EmbeddedFile {
  const listeners = new Set<(status: HistoryStatus) => void>();
  const wishes = new Set<{ keepMs: number }>();
  let failure: string | undefined;
  let renewing = false;
  let closed = false;
  let parts = openParts();

  function openParts(damage?: string): Parts {
    // Checked here, so that a file that may not be opened is told at once. Held until the thread has it: closing the last
    // handle would write the whole log to the file.
    let db: DatabaseSync | undefined = openHistoryFile(file, warn, damage);
    const letGo = (): void => {
      db?.close();
      db = undefined;
    };
    const thread = startWritingThread(file, { onOpen: letGo, warn });
    const writer = createEmbeddedWriter(thread.write, onWritten);
    const queries = createEmbeddedQueries(file, warn);
    return {
      writer,
      queries,
      thread,
      async close() {
        await writer.close(flushPatienceMs);
        await Promise.all([queries.close(), thread.close()]);
        letGo();
      },
    };
  }

  /** The longest wish counts; without any, nothing goes. */
  function keepAsWished(): void {
    const longest = Math.max(...[...wishes].map(({ keepMs }) => keepMs));
    parts.thread.keep(wishes.size > 0 ? longest : Number.POSITIVE_INFINITY);
  }

  function onWritten(error: unknown): void {
    const reason = error === undefined ? undefined : String(error instanceof Error ? error.message : error);
    if (reason !== failure) {
      failure = reason;
      for (const listener of listeners) listener(describe());
    }
    if (reason !== undefined && isDamage(error) && !renewing) {
      renewing = true;
      setImmediate(() => void beginAnew(reason));
    }
  }

  /** The file turned out to be damaged while it was written: it is put aside, and what comes goes to a new one. */
  async function beginAnew(damage?: string): Promise<void> {
    await parts.close();
    if (closed) return;
    try {
      parts = openParts(damage);
      keepAsWished();
      renewing = false;
    } catch (cause) {
      warn(String(cause));
      // By now it may have been put aside. If it was not, opening finds the damage again.
      setTimeout(() => void beginAnew(), renewPauseMs).unref();
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
      wishes.add(wish);
      keepAsWished();
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
        async close() {
          wishes.delete(wish);
          keepAsWished();
          // What was given before is settled by then: they come in order.
          await within(
            parts.writer.write(measurement, []).catch(() => undefined),
            flushPatienceMs,
          );
        },
      };
    },
    sweep: (now) => parts.thread.sweep(now),
    close() {
      closed = true;
      return parts.close();
    },
  };
}
