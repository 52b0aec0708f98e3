import type { DatabaseSync } from "node:sqlite";
import { Failure } from "../../engine/contract/errors";
import { loadSqlite, openSqlite } from "../lib/sqlite";

const schemaVersion = 1;

/**
 * Opens a history file, or begins one.
 *
 * @param damage what was found wrong with it before: it is put aside in any case
 */
export function openHistoryFile(file: string, warn: (text: string) => void, damage?: string): DatabaseSync {
  return openSqlite({ file, what: "history", prepare: (opened) => createTables(opened, file), warn, damage });
}

/** Opens for writing what {@link openHistoryFile} found sound. In a thread of its own: a checkpoint takes up to 200 ms. */
export function connectHistoryFile(file: string): DatabaseSync {
  const { DatabaseSync: Database } = loadSqlite("history");
  const db = new Database(file);
  try {
    // 32 MB of log: a page that many commits have changed goes to the file once. 16 MB of pages stay in memory.
    db.exec(`PRAGMA busy_timeout = 200; PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -16000`);
    return db;
  } catch (error) {
    db.close();
    throw error;
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
