import { type FileHandle, open } from "node:fs/promises";

/**
 * Brings commits to the disk some time after they were made. With `synchronous = NORMAL` SQLite leaves the write-ahead log to the
 * operating system until the next checkpoint: a commit survives the end of the process, but not a power cut. Only the log
 * needs this: SQLite flushes the database file itself, before it reuses the log. (And closing any handle of the database file
 * would drop SQLite's POSIX locks on it; it takes none on the log.)
 */
export interface WalSync {
  /** Something was committed. */
  touch(): void;
  /** Commits up to this time, ms, survive a power cut. */
  durableUntil(): number;
  close(): Promise<void>;
}

/** @param file the database; its log is `<file>-wal` */
export function createWalSync(file: string, warn: (text: string) => void, pauseMs = 1000): WalSync {
  let handle: FileHandle | undefined;
  let timer: NodeJS.Timeout | undefined;
  let syncing: Promise<void> | undefined;
  let isDirty = false;
  let durable = Date.now();
  let hasWarned = false;

  function schedule(): void {
    if (isDirty && !timer && !syncing) timer = setTimeout(begin, pauseMs).unref();
  }

  function begin(): void {
    timer = undefined;
    syncing = sync().finally(() => {
      syncing = undefined;
      schedule();
    });
  }

  async function sync(): Promise<void> {
    isDirty = false;
    const begun = Date.now();
    try {
      handle ??= await open(`${file}-wal`);
      await handle.datasync();
      durable = begun;
      hasWarned = false;
    } catch (error) {
      isDirty = true;
      if (!hasWarned)
        warn(
          `The history could not be flushed to the disk: ${String(error)}. A power cut may cost the latest samples.`,
        );
      hasWarned = true;
    }
  }

  return {
    touch() {
      isDirty = true;
      schedule();
    },
    durableUntil: () => (isDirty || syncing ? durable : Date.now()),
    async close() {
      clearTimeout(timer);
      isDirty = false;
      await syncing;
      await handle?.close();
    },
  };
}
