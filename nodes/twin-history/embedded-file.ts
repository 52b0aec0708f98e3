import { mkdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { Failure } from "../../engine/contract/errors";

const schemaVersion = 1;
/** Files up to this size are checked as a whole when they are opened: some tenths of a second. */
const maxCheckedBytes = 64 * 1024 * 1024;

/**
 * Opens a history file; one that SQLite cannot read is put aside under another name and a new one begun.
 *
 * @param damage what was found wrong with it before: it is put aside in any case
 */
export function openHistoryFile(file: string, warn: (text: string) => void, damage?: string): DatabaseSync {
  const { DatabaseSync: Database } = loadSqlite();
  mkdirSync(path.dirname(file), { recursive: true });
  const open = (): DatabaseSync => {
    const size = sizeOf(file);
    const db = new Database(file);
    try {
      // Nobody else should write here. Waiting for somebody who does would hold up the event loop.
      db.exec("PRAGMA busy_timeout = 200; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      if (size > 0 && size <= maxCheckedBytes) {
        const verdict = db.prepare("PRAGMA quick_check(1)").get();
        if (verdict?.quick_check !== "ok") throw new Error(`malformed: ${String(verdict?.quick_check)}`);
      }
      createTables(db, file);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  const renew = (reason: string): DatabaseSync => {
    const aside = putAside(file);
    const why = reason.replace(/\s+/g, " ");
    warn(`The history ${file} is damaged (${why}). It was put aside as ${aside}, and a new one was begun.`);
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

/** One row per sample, clustered by series and time: a range of one twin lies together. */
function createTables(db: DatabaseSync, file: string): void {
  const version = db.prepare("PRAGMA user_version").get()?.user_version as number;
  if (version > schemaVersion)
    throw new Failure(
      "bad-setting",
      `The history ${file} was written by a newer version of this package.`,
      "Update the package, or choose another database.",
    );
  db.exec(`CREATE TABLE IF NOT EXISTS series (
    series INTEGER PRIMARY KEY, measurement TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (measurement, id))`);
  db.exec(`CREATE TABLE IF NOT EXISTS samples (
    series INTEGER NOT NULL, ts INTEGER NOT NULL, model TEXT NOT NULL, "values" TEXT NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (series, ts)) WITHOUT ROWID`);
  db.exec(`PRAGMA user_version = ${schemaVersion}`);
}

/** What the checksum of a row covers: a flipped bit in any column is found, which SQLite itself does not notice. */
export const checkedText = (id: string, ts: number, model: string, values: string): string =>
  `${id}\n${ts}\n${model}\n${values}`;

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
export function loadSqlite(): typeof import("node:sqlite") {
  try {
    return require("node:sqlite");
  } catch {
    throw new Failure(
      "bad-setting",
      `The embedded history needs Node.js 22.13 or newer; this is ${process.version}.`,
      "Update Node.js, or use InfluxDB.",
    );
  }
}
