import type { DatabaseSync } from "node:sqlite";
import { Failure } from "../../engine/contract/errors";
import { createCommitPace } from "../lib/commit-pace";

/** Longest that a write waits for others: what watchers see is no older. */
const maxWaitMs = 8;

/** Gathers writes into transactions: an insert costs a tenth of one on its own. */
export interface GroupCommit {
  /** Runs `write` inside the next transaction. Resolves when it is committed; rejects, with nothing written, when it failed. */
  write(write: () => void): Promise<void>;
  /** The same with callbacks, which are called before anything else runs. They must not throw. */
  join(part: Part): void;
  /** Commits what waits, now. */
  flush(): void;
}

export interface Part {
  write(): void;
  committed(): void;
  failed(error: Error): void;
}

export function createGroupCommit(db: DatabaseSync): GroupCommit {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  let waiting: Part[] = [];
  const pace = createCommitPace(maxWaitMs);

  function flush(): void {
    pace.cancel();
    if (waiting.length === 0) return;
    const group = waiting;
    waiting = [];
    try {
      begin.run();
      for (const part of group) part.write();
      commit.run();
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
      for (const part of group) part.failed(failure);
      return;
    }
    for (const part of group) part.committed();
  }

  function join(part: Part): void {
    waiting.push(part);
    pace.schedule(flush);
  }

  return {
    flush,
    join,
    write: (write) => new Promise((resolve, reject) => join({ write, committed: resolve, failed: reject })),
  };
}
