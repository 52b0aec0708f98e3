import { accessSync, constants, copyFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { Failure } from "../../engine/contract/errors";
import { asideFor } from "./put-aside";
import { findWalDamage } from "./sqlite-wal";

export interface SqliteOptions {
  /** Path of the file. Its folder is made when it is not there. */
  file: string;
  /** What the file is, for errors and warnings: "store", "history". */
  what: string;
  /** Makes the tables; run in a transaction on the opened file, and on an empty one in memory to know what they look like. */
  prepare(db: DatabaseSync): void;
  warn(text: string): void;
  /** Damage that was found before: the file is put aside in any case. */
  damage?: string;
}

/** Files up to this size are checked as a whole when they are opened: 0.7 ms a megabyte. Of larger ones, tables with an index. */
const maxCheckedBytes = 256 * 1024 * 1024;

/**
 * Opens an SQLite file; a damaged one is put aside under another name, and a new one begun. Found is what breaks SQLite's own
 * structure, the text of the tables' definitions (`application_id` holds its CRC-32), or commits in the write-ahead
 * log. What stands in the rows needs checksums of its own: SQLite does not notice a flipped bit there.
 */
export function openSqlite({ file, what, prepare, warn, damage }: SqliteOptions): DatabaseSync {
  const { DatabaseSync: Database } = loadSqlite(what);
  mkdirSync(path.dirname(file), { recursive: true });
  const open = (): DatabaseSync => {
    const size = sizeOf(file);
    if (size > 0) checkWal(file, what, warn);
    const db = new Database(file);
    try {
      // Nobody else should write here. Waiting for somebody who does would hold up the event loop.
      db.exec("PRAGMA busy_timeout = 200; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      if (size > 0) {
        checkStructure(db, size);
        checkSchema(db, () => emptyOne(Database, prepare));
      }
      // A flipped bit in the header makes a file read-only. Nothing is written for this to be noticed.
      db.exec(`BEGIN IMMEDIATE; PRAGMA application_id = ${numberOf(db, "application_id")}; ROLLBACK`);
    } catch (error) {
      db.close();
      throw isDamageAtOpen(error, file) ? new Error(`malformed: ${messageOf(error)}`) : error;
    }
    try {
      db.exec("BEGIN IMMEDIATE");
      prepare(db);
      noteSchema(db);
      db.exec("COMMIT");
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
    return renew(messageOf(error));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether SQLite found the file damaged. */
export const isDamage = (error: unknown): boolean => /malformed|not a database|corrupt/i.test(String(error));

/** SQLITE_PERM, BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, CANTOPEN, AUTH: what the file is not to blame for. */
const circumstances = new Set([3, 5, 6, 7, 9, 10, 13, 14, 23]);
const readOnly = 8;
const shortRead = 522;

/** Opening and reading asks nothing of a sound file that could fail. A flipped bit can also make it "read-only" or of an unknown format. */
function isDamageAtOpen(error: unknown, file: string): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== "number") return isDamage(error);
  if ((code & 0xff) === readOnly) return isWritable(file);
  return code === shortRead || !circumstances.has(code & 0xff);
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** SQLite goes on with the commits before the damage: what it leaves out is kept aside and told. */
function checkWal(file: string, what: string, warn: (text: string) => void): void {
  const found = findWalDamage(file);
  if (found === undefined) return;
  const wal = `${file}-wal`;
  const aside = asideFor(wal);
  let kept = `A copy was put aside as ${aside}.`;
  try {
    copyFileSync(wal, aside);
  } catch (error) {
    kept = `It could not be copied: ${messageOf(error)}.`;
  }
  warn(`The latest changes to the ${what} ${file} are lost: of its write-ahead log, ${found}. ${kept}`);
}

function checkStructure(db: DatabaseSync, size: number): void {
  const indexed = "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'index'";
  const parts =
    size <= maxCheckedBytes
      ? ["1"]
      : db
          .prepare(indexed)
          .all()
          .map((row) => `"${row.tbl_name}"`);
  for (const part of parts) {
    const verdict = db.prepare(`PRAGMA integrity_check(${part})`).get()?.integrity_check;
    if (verdict !== "ok") throw new Error(`malformed: ${String(verdict)}`);
  }
}

/**
 * A flipped bit in the name of a table would make it seem new and empty. Tables that are none of ours may come and go: what
 * does not match the note is still sound when all that a new file would have is there.
 */
function checkSchema(db: DatabaseSync, expected: () => DatabaseSync): void {
  const noted = numberOf(db, "application_id");
  if (noted === 0 || noted === schemaSum(db)) return;
  const empty = expected();
  const [has, should] = [schemaOf(db), schemaOf(empty)];
  empty.close();
  if (!should.every((line) => has.includes(line))) throw new Error("malformed: the definitions of its tables");
}

function noteSchema(db: DatabaseSync): void {
  const sum = schemaSum(db);
  if (numberOf(db, "application_id") !== sum) db.exec(`PRAGMA application_id = ${sum}`);
}

const numberOf = (db: DatabaseSync, pragma: string): number => db.prepare(`PRAGMA ${pragma}`).get()?.[pragma] as number;

function schemaOf(db: DatabaseSync): string[] {
  const rows = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").all();
  return rows.map((row) => JSON.stringify(row));
}

/** As SQLite's signed 32 bits. */
const schemaSum = (db: DatabaseSync): number => crc32(schemaOf(db).join("\n")) | 0;

function emptyOne(Database: typeof DatabaseSync, prepare: (db: DatabaseSync) => void): DatabaseSync {
  const db = new Database(":memory:");
  prepare(db);
  return db;
}

function putAside(file: string): string {
  const aside = asideFor(file);
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
