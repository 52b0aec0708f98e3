import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openSqlite } from "../lib/sqlite";
import { commandLimits, createEmbeddedCommands, prepareCommands } from "./embedded-commands";
import { createEmbeddedModels, prepareModels } from "./embedded-models";
import { createEmbeddedTwins, type TwinBounds } from "./embedded-twins";
import { createGroupCommit } from "./group-commit";
import { createJournal } from "./journal";
import type { TwinStore } from "./store";
import { prepareTwins } from "./twin-rows";

export interface EmbeddedStoreOptions {
  /** Folder of the store's files. */
  folder: string;
  /** `process`: survives kill -9. `power`: also a power cut (fsync at every commit). */
  durability: "process" | "power";
  warn(text: string): void;
  /** How long the store keeps what twins were, ms. @default 30 days */
  keepMs?: number;
  /** How much of it, bytes. @default 256 MiB */
  keepBytes?: number;
  bounds?: Partial<TwinBounds>;
  /** @default Date.now */
  now?(): number;
}

export interface EmbeddedStore extends TwinStore {
  close(): void;
}

const dayMs = 86_400_000;

/** The store that needs nothing installed: one SQLite file, and logs beside it, held by this process. */
export function openEmbeddedStore(options: EmbeddedStoreOptions): EmbeddedStore {
  const { folder, durability, warn, now = Date.now } = options;
  const { keepMs = 30 * dayMs, keepBytes = 256 * 1024 * 1024, bounds } = options;
  const file = path.join(folder, "store.db");
  const db = openSqlite({ file, what: "store", prepare: prepareTables, warn });
  // Checkpoints are made before that, in a thread of their own (wal-keeper.ts). 16 MB of pages stay in memory.
  db.exec("PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -16000");
  if (durability === "power") db.exec("PRAGMA synchronous = FULL");
  const commit = createGroupCommit(db);
  const twins = createEmbeddedTwins({ db, folder, file, durability, keepMs, keepBytes, bounds, now, warn });
  const models = createEmbeddedModels(db, commit, now, warn);
  const journal = createJournal(path.join(folder, "journal"), durability, warn);
  return {
    twins,
    models,
    journal,
    commands: createEmbeddedCommands(db, commit, { ...commandLimits, warn }),
    close() {
      journal.close();
      models.close();
      commit.flush();
      twins.close();
      db.close();
    },
  };
}

/** Version 1: checksums cover every column. Version 2: rows of twins have a trail. */
function prepareTables(db: DatabaseSync): void {
  prepareTwins(db);
  prepareModels(db);
  prepareCommands(db);
  if (db.prepare("PRAGMA user_version").get()?.user_version !== 2) db.exec("PRAGMA user_version = 2");
}
