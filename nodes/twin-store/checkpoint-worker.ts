import { parentPort, workerData } from "node:worker_threads";
import { loadSqlite } from "../lib/sqlite";

/** Brings the write-ahead log of one file to the disk and into the file, once. Writers go on meanwhile. */
function run(file: string): { isEmptied: boolean } | { error: string } {
  const { DatabaseSync: Database } = loadSqlite("store");
  try {
    const db = new Database(file);
    try {
      db.exec("PRAGMA busy_timeout = 1000; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
      const { log, checkpointed } = db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get() as {
        log: number;
        checkpointed: number;
      };
      return { isEmptied: log === checkpointed };
    } finally {
      db.close();
    }
  } catch (error) {
    return { error: String(error) };
  }
}

parentPort?.postMessage(run(workerData as string));
