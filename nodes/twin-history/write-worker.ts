import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { connectHistoryFile } from "./embedded-file";
import { createRetention, type Retention } from "./retention";
import { createSampleTable, type SampleTable } from "./sample-table";
import { createWalSync } from "./wal-sync";

/**
 * The one thread that writes a history file: rows, commits, checkpoints and the removal of old rows hold up no event loop but
 * its own. It answers `write` and `sweep` in the order in which they were asked.
 */
export type ToWriter =
  | { kind: "write"; rows: string }
  | { kind: "keep"; ms: number }
  | { kind: "sweep"; now: number }
  | { kind: "close" };
export type FromWriter =
  /** The file is open. */
  | { kind: "open" }
  /** The latest question is done with: how long it took, and what went wrong. */
  | { kind: "done"; ms: number; error?: string }
  | { kind: "warn"; text: string };

export interface WriterData {
  file: string;
}

interface Parts {
  table: SampleTable;
  retention: Retention;
  close(): void;
}

function start(port: MessagePort, { file }: WriterData): void {
  const tell = (message: FromWriter): void => port.postMessage(message);
  const warn = (text: string): void => tell({ kind: "warn", text });
  const sync = createWalSync(file, warn);
  let keepMs = Number.POSITIVE_INFINITY;
  let parts: Parts | undefined;

  /** Tried again with each group: a file that cannot be opened now may be there later. */
  function open(): Parts {
    if (parts) return parts;
    const db = connectHistoryFile(file);
    const table = createSampleTable(db);
    const retention = createRetention(db, table.forget, warn);
    retention.keep(keepMs);
    parts = { table, retention, close: () => db.close() };
    tell({ kind: "open" });
    return parts;
  }

  function answer(work: () => void): void {
    const begun = performance.now();
    let error: string | undefined;
    try {
      work();
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    tell({ kind: "done", ms: performance.now() - begun, error });
  }

  async function close(): Promise<void> {
    parts?.retention.close();
    await sync.close();
    parts?.close();
    port.close();
  }

  port.on("message", (message: ToWriter) => {
    if (message.kind === "write")
      answer(() => {
        open().table.write(message.rows);
        sync.touch();
      });
    else if (message.kind === "sweep") answer(() => open().retention.sweep(message.now));
    else if (message.kind === "close") void close();
    else {
      keepMs = message.ms;
      parts?.retention.keep(keepMs);
    }
  });
  try {
    open();
  } catch {
    // The first group will say why.
  }
}

if (parentPort) start(parentPort, workerData as WriterData);
