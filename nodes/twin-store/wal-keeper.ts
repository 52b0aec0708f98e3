import { open } from "node:fs/promises";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";

/** From here on what the write-ahead log holds goes to the file: a page that many commits have changed goes there once. */
const longBytes = 32 * 1024 * 1024;
const pageBytes = 4096;

/** Brings what was committed to the disk, without holding up the event loop: a checkpoint of 32 MB takes a tenth of a second and more. */
export interface WalKeeper {
  /** A row of that many characters was written. */
  wrote(characters: number): void;
  /** Calls back when what was committed until now survives a power cut. Not when that fails: it is told, and the next time may do. */
  synced(done: () => void): void;
  /** A checkpoint is under way: it only empties the log when nothing is written meanwhile. */
  readonly isBusy: boolean;
  /** Empties the log now. Whether that worked. */
  checkpoint(): boolean;
  close(): void;
}

/** @param file the database */
export function createWalKeeper(db: DatabaseSync, file: string, warn: (text: string) => void): WalKeeper {
  /** Written since the log was emptied, about. */
  let length = 0;
  let worker: Worker | undefined;
  let isFailing = false;
  let closed = false;

  function report(error: unknown): void {
    if (!isFailing && !closed)
      warn(`${file} could not be brought to the disk: ${String(error)}. The log of the twins is kept until then.`);
    isFailing = true;
  }

  function begin(): void {
    const before = length;
    worker = new Worker(path.join(__dirname, "checkpoint-worker.js"), { workerData: file });
    worker.unref();
    worker.once("message", (result: { isEmptied: boolean } | { error: string }) => {
      if ("error" in result) report(result.error);
      else {
        isFailing = false;
        if (result.isEmptied) length -= before;
      }
    });
    worker.once("error", report);
    worker.once("exit", () => {
      worker = undefined;
    });
  }

  async function flush(): Promise<void> {
    const handle = await open(`${file}-wal`);
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  function checkpoint(): boolean {
    try {
      const isEmptied = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 0;
      if (isEmptied) length = 0;
      return isEmptied;
    } catch (error) {
      report(error);
      return false;
    }
  }

  return {
    wrote(characters) {
      length += pageBytes + characters;
      if (length > longBytes && !worker && !isFailing && !closed) begin();
    },
    synced(done) {
      flush().then(() => {
        isFailing = false;
        done();
      }, report);
    },
    get isBusy() {
      return worker !== undefined;
    },
    checkpoint,
    close() {
      closed = true;
    },
  };
}
