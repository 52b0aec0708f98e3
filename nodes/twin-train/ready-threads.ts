import path from "node:path";
import { Worker } from "node:worker_threads";
import { acquire, type Lease } from "../lib/shared";
import type { ReadyOrder } from "./train-worker";

export const workerFile = path.join(__dirname, "train-worker.js");

/** After a start there is other work. */
const restMs = 3000;
/** A thread that holds on to more is not kept. */
const mostHeld = 150_000_000;

/**
 * Threads that wait for the next training, their code read and compiled: that takes longer than growing a forest of some
 * thousand rows, and takes both cores from the flows meanwhile. They come back when the training is done, and are ended with
 * one that is cancelled or fails; then others are made ready.
 */
interface ReadyThreads {
  /** A thread that is ready. It belongs to the caller. */
  take(): Worker | undefined;
  /** Takes a thread back that is done, and that holds on to so many bytes. False: there are enough, or it holds too much. */
  giveBack(thread: Worker, bytes: number): boolean;
  /** Resolves when all are ready. */
  wait(): Promise<void>;
}

interface Pool extends ReadyThreads {
  /** How many shall be ready from here on, where it is more than before. */
  atLeast(count: number): void;
}

let current: Pool | undefined;

/** Keeps so many threads ready, or as many as somebody else asks for, as long as somebody holds the lease. */
export function keepReady(count = 1, delayMs = restMs, mostBytes = mostHeld): Lease<ReadyThreads> {
  const lease = acquire("twin-train threads", () => {
    const made = createPool(delayMs, mostBytes);
    current = made.value;
    return made;
  });
  lease.value.atLeast(count);
  return lease;
}

/** One of the threads that wait, where there is one. */
export const takeReady = (): Worker | undefined => current?.take();

/** Whether the thread, which holds on to so many bytes, is kept for the next training. It belongs to the caller otherwise. */
export const giveBack = (thread: Worker, bytes: number): boolean => current?.giveBack(thread, bytes) ?? false;

const ignore = (): void => undefined;

function createPool(delayMs: number, mostBytes: number): { value: Pool; dispose(): void } {
  let wanted = 0;
  let ended = false;
  /** Those that wait or are being made, and whether they are ready. */
  const threads = new Map<Worker, { isReady: boolean; gone(): void }>();
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  function soon(): void {
    clearTimeout(timer);
    if (!ended && threads.size < wanted) timer = setTimeout(make, delayMs).unref();
  }

  function make(): void {
    while (threads.size < wanted) {
      const made = new Worker(workerFile, {
        workerData: { waits: true } satisfies ReadyOrder,
        name: "twin-train ready",
      });
      const entry = adopt(made);
      made.once("message", () => welcome(entry));
    }
  }

  function adopt(thread: Worker): { isReady: boolean } {
    const entry = {
      isReady: false,
      gone() {
        threads.delete(thread);
        soon();
      },
    };
    threads.set(thread, entry);
    // Nobody waits for it.
    thread.unref();
    // What it dies of ends in its exit.
    thread.on("error", ignore).once("exit", entry.gone);
    return entry;
  }

  const areReady = (): boolean => threads.size >= wanted && [...threads.values()].every(({ isReady }) => isReady);

  function welcome(entry: { isReady: boolean }): void {
    entry.isReady = true;
    if (!areReady()) return;
    for (const go of waiting) go();
    waiting = [];
  }

  const value: Pool = {
    atLeast(count) {
      wanted = Math.max(wanted, count);
      soon();
    },
    take() {
      for (const [thread, { isReady, gone }] of threads) {
        if (!isReady) continue;
        threads.delete(thread);
        // Not all listeners: some are Node's own, without which the thread is not heard.
        thread.off("error", ignore).off("exit", gone).once("exit", soon);
        thread.ref();
        return thread;
      }
      return undefined;
    },
    giveBack(thread, bytes) {
      if (ended || threads.size >= wanted || bytes > mostBytes) return false;
      welcome(adopt(thread.off("exit", soon)));
      if (threads.size >= wanted) clearTimeout(timer);
      return true;
    },
    wait: () => (areReady() ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
  return {
    value,
    dispose() {
      ended = true;
      clearTimeout(timer);
      if (current === value) current = undefined;
      for (const thread of threads.keys()) void thread.terminate();
    },
  };
}
