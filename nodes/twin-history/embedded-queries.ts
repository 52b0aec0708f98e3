import path from "node:path";
import { Worker } from "node:worker_threads";
import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import { defaultMaxCells } from "../../engine/history/answer";
import type { HistoryQuery } from "../../engine/history/history-query";
import { createSeldom } from "../lib/seldom";
import { cancelled, defaultQueryTimeoutMs, type QueryOptions, timedOut } from "./history";
import type { FromWorker, ToWorker, WorkerData } from "./query-worker";

/** Questions that may wait for the thread. More are refused as `busy`. */
const maxQueued = 200;
/** How long the thread may take to notice that it should stop before it is ended and begun anew. */
const stopPatienceMs = 2000;

interface Question {
  measurement: string;
  query: HistoryQuery;
  options: QueryOptions;
  rows: Table;
  /** Why it was given up, when it was. */
  given?: Error;
  timer?: NodeJS.Timeout;
  resolve(rows: Table): void;
  reject(error: Error): void;
  unlisten(): void;
}

export interface EmbeddedQueries {
  query(measurement: string, query: HistoryQuery, options?: QueryOptions): Promise<Table>;
  close(): Promise<void>;
}

/** Asks the reading thread, one question after the other, and takes the answer piece by piece. */
export function createEmbeddedQueries(file: string, warn: (text: string) => void): EmbeddedQueries {
  const stop = new SharedArrayBuffer(4);
  const stopped = new Int32Array(stop);
  const queue: Question[] = [];
  let worker: Worker | undefined;
  let current: Question | undefined;
  let closed = false;
  const mayWarn = createSeldom();

  function begin(): Worker {
    const data: WorkerData = { file, stop };
    const begun = new Worker(path.join(__dirname, "query-worker.js"), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    begun.unref();
    begun.on("message", onMessage);
    begun.on("error", (error) => lost(begun, `The reading thread failed: ${error.message}.`));
    begun.on("exit", () => lost(begun, "The reading thread ended."));
    return begun;
  }

  const tell = (message: ToWorker): void => worker?.postMessage(message);

  function next(): void {
    if (current || queue.length === 0 || closed) return;
    current = queue.shift() as Question;
    worker ??= begin();
    Atomics.store(stopped, 0, 0);
    const { measurement, query, options } = current;
    tell({ kind: "ask", measurement, query, maxCells: options.maxCells ?? defaultMaxCells });
  }

  function finish(question: Question, error?: Error): void {
    clearTimeout(question.timer);
    question.unlisten();
    if (question === current) current = undefined;
    if (error) question.reject(error);
    else question.resolve(question.rows);
    next();
  }

  function onMessage(message: FromWorker): void {
    const question = current;
    if (!question) return;
    if (question.given) {
      // An answer that nobody waits for any more.
      tell({ kind: "drop" });
      finish(question, question.given);
    } else if (message.kind === "rows") {
      for (const row of message.rows) question.rows.push(row);
      if (!message.last) {
        tell({ kind: "next" });
        return;
      }
      if (message.damaged > 0) warnOfDamage(message.damaged);
      finish(question);
    } else if (message.kind === "refused") finish(question, new Refusal(message.info));
    else if (message.kind === "failed")
      finish(
        question,
        new Failure(
          message.damaged ? "damaged" : "history-failed",
          `The history ${file} could not be read: ${message.message}.`,
          "Look at the file and at the rights of its folder.",
        ),
      );
  }

  /** Not with every question: a dashboard asks each second. */
  function warnOfDamage(samples: number): void {
    if (mayWarn()) warn(`${samples} samples in ${file} do not match their checksum and were left out of an answer.`);
  }

  function lost(which: Worker, reason: string): void {
    if (which !== worker) return;
    worker = undefined;
    if (current)
      finish(
        current,
        current.given ?? new Failure("worker-failed", reason, "Ask for less: a shorter time, or a window.", true),
      );
  }

  function giveUp(question: Question, error: Error): void {
    if (question.given) return;
    if (question !== current) {
      const at = queue.indexOf(question);
      if (at >= 0) queue.splice(at, 1);
      finish(question, error);
      return;
    }
    question.given = error;
    Atomics.store(stopped, 0, 1);
    clearTimeout(question.timer);
    question.timer = setTimeout(() => {
      const stuck = worker;
      if (!stuck) return;
      lost(stuck, error.message);
      void stuck.terminate();
    }, stopPatienceMs);
  }

  return {
    query(measurement, query, options = {}) {
      if (closed) return Promise.reject(closing());
      if (queue.length >= maxQueued)
        return Promise.reject(
          new Refusal(
            refuse("busy", `${queue.length} questions wait for the history.`, "Ask less often, or again later."),
          ),
        );
      return new Promise((resolve, reject) => {
        const { signal } = options;
        const onAbort = (): void => giveUp(question, cancelled());
        const question: Question = {
          measurement,
          query,
          options,
          rows: [],
          resolve,
          reject,
          unlisten: () => signal?.removeEventListener("abort", onAbort),
        };
        if (signal?.aborted) return reject(cancelled());
        signal?.addEventListener("abort", onAbort, { once: true });
        const timeoutMs = options.timeoutMs ?? defaultQueryTimeoutMs;
        question.timer = setTimeout(() => giveUp(question, timedOut(timeoutMs)), timeoutMs);
        queue.push(question);
        next();
      });
    },
    async close() {
      closed = true;
      for (const question of queue.splice(0)) finish(question, closing());
      if (current) finish(current, closing());
      const ending = worker;
      worker = undefined;
      await ending?.terminate();
    },
  };
}

const closing = (): Failure => new Failure("busy", "The history is closing.", "Ask again after the deploy.", true);
