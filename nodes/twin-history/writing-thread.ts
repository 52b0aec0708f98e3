import path from "node:path";
import { Worker } from "node:worker_threads";
import { Failure } from "../../engine/contract/errors";
import { within } from "../lib/within";
import type { FromWriter, ToWriter, WriterData } from "./write-worker";

export interface WritingThread {
  /**
   * Resolves when the rows (see packed-rows.ts) are committed, with how long that took, ms. Rejects with what SQLite says, or with a
   * retryable `Failure` (`worker-failed`) when the thread ended: the next call begins another.
   */
  write(rows: string): Promise<number>;
  /** How long samples are kept, ms. Infinity: for ever. */
  keep(ms: number): void;
  /** Removes what is too old at that time, all of it. */
  sweep(now: number): Promise<void>;
  /** Closes the file and ends the thread. */
  close(): Promise<void>;
}

export interface WritingThreadEvents {
  /** The thread holds the file open. */
  onOpen(): void;
  warn(text: string): void;
}

interface Question {
  resolve(ms: number): void;
  reject(error: Error): void;
}

/** How long the thread may take to close before it is ended. */
const closePatienceMs = 1500;

/** The thread that writes a history file, begun now so that it is ready when the first sample comes. */
export function startWritingThread(file: string, { onOpen, warn }: WritingThreadEvents): WritingThread {
  let keepMs = Number.POSITIVE_INFINITY;
  let asked: Question[] = [];
  let worker: Worker | undefined = begin();

  function begin(): Worker {
    const data: WriterData = { file };
    const begun = new Worker(path.join(__dirname, "write-worker.js"), { workerData: data });
    // Only what is asked keeps the process alive.
    begun.unref();
    begun.on("message", onMessage);
    begun.on("error", (error) => lost(begun, `The writing thread failed: ${error.message}.`));
    begun.on("exit", () => lost(begun, "The writing thread ended."));
    begun.postMessage({ kind: "keep", ms: keepMs } satisfies ToWriter);
    return begun;
  }

  function onMessage(message: FromWriter): void {
    if (message.kind === "open") onOpen();
    else if (message.kind === "warn") warn(message.text);
    else {
      const question = asked.shift();
      if (asked.length === 0) worker?.unref();
      if (message.error === undefined) question?.resolve(message.ms);
      else question?.reject(new Error(message.error));
    }
  }

  function lost(which: Worker, reason: string): void {
    if (which !== worker) return;
    worker = undefined;
    const unanswered = asked;
    asked = [];
    for (const { reject } of unanswered) reject(new Failure("worker-failed", reason, "Send the samples again.", true));
  }

  function ask(message: ToWriter): Promise<number> {
    return new Promise((resolve, reject) => {
      worker ??= begin();
      worker.ref();
      asked.push({ resolve, reject });
      worker.postMessage(message);
    });
  }

  return {
    write: (rows) => ask({ kind: "write", rows }),
    keep(ms) {
      keepMs = ms;
      worker?.postMessage({ kind: "keep", ms } satisfies ToWriter);
    },
    async sweep(now) {
      await ask({ kind: "sweep", now });
    },
    async close() {
      const ending = worker;
      if (!ending) return;
      const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
      ending.ref();
      ending.postMessage({ kind: "close" } satisfies ToWriter);
      if (await within(ended, closePatienceMs)) return;
      // A disk that does not answer would hold it for ever.
      ending.unref();
      void ending.terminate();
      lost(ending, "The writing thread did not end in time.");
    },
  };
}
