import { mkdirSync, renameSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { Failure } from "../../engine/contract/errors";
import { createEmbeddedModels } from "./embedded-models";
import { createEmbeddedTwins } from "./embedded-twins";
import { createGroupCommit } from "./group-commit";
import { createJournal } from "./journal";
import type { TwinStore } from "./store";

export interface EmbeddedStoreOptions {
  /** Folder of the store's files. */
  folder: string;
  /** `process`: survives kill -9. `power`: also a power cut (fsync at every commit). */
  durability: "process" | "power";
  warn(text: string): void;
  /** @default Date.now */
  now?(): number;
}

export interface EmbeddedStore extends TwinStore {
  close(): void;
}

/** The store that needs nothing installed: one SQLite file, held by this process. */
export function openEmbeddedStore({ folder, durability, warn, now = Date.now }: EmbeddedStoreOptions): EmbeddedStore {
  mkdirSync(folder, { recursive: true });
  const db = openDatabase(path.join(folder, "store.db"), durability === "power", warn);
  const commit = createGroupCommit(db);
  const twins = createEmbeddedTwins(db, commit, now, warn);
  const models = createEmbeddedModels(db, commit, now);
  const journal = createJournal(path.join(folder, "journal"), durability === "power", warn);
  return {
    twins,
    models,
    journal,
    close() {
      journal.close();
      twins.close();
      commit.flush();
      db.close();
    },
  };
}

/** Opens the file; one that SQLite cannot read is put aside under another name and a new one begun. */
function openDatabase(file: string, fsync: boolean, warn: (text: string) => void): DatabaseSync {
  const { DatabaseSync: Database } = loadSqlite();
  const open = (): DatabaseSync => {
    const db = new Database(file);
    try {
      db.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${fsync ? "FULL" : "NORMAL"}; PRAGMA busy_timeout = 5000`,
      );
      const verdict = db.prepare("PRAGMA quick_check(1)").get();
      if (verdict?.quick_check !== "ok") throw new Error(String(verdict?.quick_check));
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return open();
  } catch (error) {
    if (!/malformed|not a database|corrupt|\*\*\*/i.test(String(error))) throw error;
    const aside = `${file}.damaged-${Date.now()}`;
    renameSync(file, aside);
    for (const suffix of ["-wal", "-shm"]) {
      try {
        renameSync(file + suffix, aside + suffix);
      } catch {
        // There was none.
      }
    }
    warn(`The store ${file} is damaged (${String(error)}). It was put aside as ${aside}, and a new one was begun.`);
    return open();
  }
}

/** `node:sqlite` is there without a flag from Node 22.13. */
function loadSqlite(): typeof import("node:sqlite") {
  try {
    return require("node:sqlite");
  } catch {
    throw new Failure(
      "bad-setting",
      `The embedded store needs Node.js 22.13 or newer; this is ${process.version}.`,
      "Update Node.js.",
    );
  }
}
