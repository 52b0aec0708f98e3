import type { DatabaseSync } from "node:sqlite";
import { Failure } from "../../engine/contract/errors";

/** Gathers the writes of one turn of the event loop into one transaction: an insert costs a tenth of one on its own. */
export interface GroupCommit {
  /** Runs `write` inside the next transaction. Resolves when it is committed; rejects, with nothing written, when it failed. */
  write(write: () => void): Promise<void>;
  /** Commits what waits, now. */
  flush(): void;
}

interface Waiting {
  write(): void;
  resolve(): void;
  reject(error: Error): void;
}

export function createGroupCommit(db: DatabaseSync): GroupCommit {
  let waiting: Waiting[] = [];
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    if (waiting.length === 0) return;
    const group = waiting;
    waiting = [];
    try {
      db.exec("BEGIN IMMEDIATE");
      for (const { write } of group) write();
      db.exec("COMMIT");
    } catch (error) {
      try {
        db.exec("ROLLBACK");
      } catch {
        // Already rolled back by SQLite, as it does when the disk is full.
      }
      const failure = new Failure(
        "store-failed",
        `The store could not write: ${error instanceof Error ? error.message : String(error)}.`,
        "Free space on the disk, or look at the rights of the home folder.",
        true,
      );
      for (const { reject } of group) reject(failure);
      return;
    }
    for (const { resolve } of group) resolve();
  }

  return {
    flush,
    write: (write) =>
      new Promise((resolve, reject) => {
        waiting.push({ write, resolve, reject });
        if (scheduled) return;
        scheduled = true;
        setImmediate(flush);
      }),
  };
}
