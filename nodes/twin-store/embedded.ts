import path from "node:path";
import { openSqlite } from "../lib/sqlite";
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
  const db = openSqlite({
    file: path.join(folder, "store.db"),
    what: "store",
    prepare: (opened) => opened.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`),
    warn,
  });
  const commit = createGroupCommit(db);
  const twins = createEmbeddedTwins(db, commit, now, warn);
  const models = createEmbeddedModels(db, commit, now);
  const journal = createJournal(path.join(folder, "journal"), durability, warn);
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
