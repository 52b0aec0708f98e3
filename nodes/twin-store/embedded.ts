import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openSqlite } from "../lib/sqlite";
import { createEmbeddedModels, prepareModels } from "./embedded-models";
import { createEmbeddedTwins, prepareTwins } from "./embedded-twins";
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
  const db = openSqlite({
    file: path.join(folder, "store.db"),
    what: "store",
    prepare: prepareTables,
    warn,
  });
  // 32 MB of log: a page that many commits have changed goes to the file once. 16 MB of pages stay in memory.
  db.exec("PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -16000");
  if (durability === "power") db.exec("PRAGMA synchronous = FULL");
  const commit = createGroupCommit(db);
  const twins = createEmbeddedTwins(db, commit, now, warn);
  const models = createEmbeddedModels(db, commit, now, warn);
  const journal = createJournal(path.join(folder, "journal"), durability, warn);
  return {
    twins,
    models,
    journal,
    close() {
      journal.close();
      twins.close();
      models.close();
      commit.flush();
      db.close();
    },
  };
}

/** Version 1: checksums cover every column. */
function prepareTables(db: DatabaseSync): void {
  prepareTwins(db);
  prepareModels(db);
  if (db.prepare("PRAGMA user_version").get()?.user_version === 0) db.exec("PRAGMA user_version = 1");
}
