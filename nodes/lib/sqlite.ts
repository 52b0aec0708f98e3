import { mkdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { Failure } from "../../engine/contract/errors";

export interface SqliteOptions {
  /** Path of the file. Its folder is made when it is not there. */
  file: string;
  /** What the file is, for errors and warnings: "store", "history". */
  what: string;
  /** Run on the opened file; what it throws as damage (see {@link isDamage}) counts as such. */
  prepare(db: DatabaseSync): void;
  warn(text: string): void;
  /** Damage that was found before: the file is put aside in any case. */
  damage?: string;
}

/** Files up to this size are checked as a whole when they are opened: some tenths of a second. */
const maxCheckedBytes = 64 * 1024 * 1024;

/** Opens an SQLite file; one that SQLite cannot read is put aside under another name, and a new one begun. */
export function openSqlite({ file, what, prepare, warn, damage }: SqliteOptions): DatabaseSync {
  const { DatabaseSync: Database } = loadSqlite(what);
  mkdirSync(path.dirname(file), { recursive: true });
  const open = (): DatabaseSync => {
    const size = sizeOf(file);
    const db = new Database(file);
    try {
      // Nobody else should write here. Waiting for somebody who does would hold up the event loop.
      db.exec("PRAGMA busy_timeout = 200; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      if (size > 0 && size <= maxCheckedBytes) {
        const verdict = db.prepare("PRAGMA quick_check(1)").get()?.quick_check;
        if (verdict !== "ok") throw new Error(`malformed: ${String(verdict)}`);
      }
      prepare(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  const renew = (reason: string): DatabaseSync => {
    const aside = putAside(file);
    const why = reason.replace(/\s+/g, " ");
    warn(`The ${what} ${file} is damaged (${why}). It was put aside as ${aside}, and a new one was begun.`);
    return open();
  };
  if (damage !== undefined) return renew(damage);
  try {
    return open();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return renew((error as Error).message);
  }
}

export const isDamage = (error: unknown): boolean => /malformed|not a database|corrupt/i.test(String(error));

function putAside(file: string): string {
  const aside = `${file}.damaged-${Date.now()}`;
  renameSync(file, aside);
  for (const suffix of ["-wal", "-shm"]) {
    try {
      renameSync(file + suffix, aside + suffix);
    } catch {
      // There was none.
    }
  }
  return aside;
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/** `node:sqlite` is there without a flag from Node 22.13. */
export function loadSqlite(what: string): typeof import("node:sqlite") {
  try {
    return require("node:sqlite");
  } catch {
    throw new Failure(
      "bad-setting",
      `The embedded ${what} needs Node.js 22.13 or newer; this is ${process.version}.`,
      "Update Node.js.",
    );
  }
}
