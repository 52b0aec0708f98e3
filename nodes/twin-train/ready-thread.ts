import path from "node:path";
import { Worker } from "node:worker_threads";
import { acquire, type Lease } from "../lib/shared";
import type { ReadyOrder } from "./train-worker";

export const workerFile = path.join(__dirname, "train-worker.js");

/** After a start there is other work, and after a training others may follow, in threads of their own. */
const restMs = 3000;

/**
 * A thread that waits for the next training, its code read and compiled: that takes longer than growing a forest of some
 * thousand rows. It serves one training, and is ended with it as any other; then another one is made ready.
 */
interface ReadyThread {
  /** The thread, once it is ready. It belongs to the caller. */
  take(): Worker | undefined;
  /** Resolves when there is one. */
  wait(): Promise<void>;
}

let current: ReadyThread | undefined;

/** Keeps a thread ready as long as somebody holds the lease. */
export const keepReady = (delayMs = restMs): Lease<ReadyThread> =>
  acquire("twin-train thread", () => {
    const ready = createReadyThread(delayMs);
    current = ready.value;
    return ready;
  });

/** The thread that waits, where there is one. */
export const takeReady = (): Worker | undefined => current?.take();

const ignore = (): void => undefined;

function createReadyThread(delayMs: number): { value: ReadyThread; dispose(): void } {
  let thread: Worker | undefined;
  let isReady = false;
  let ended = false;
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout;

  function soon(): void {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(make, delayMs).unref();
  }

  function make(): void {
    const made = new Worker(workerFile, { workerData: { waits: true } satisfies ReadyOrder, name: "twin-train ready" });
    // Nobody waits for it.
    made.unref();
    made.once("message", () => {
      isReady = true;
      for (const go of waiting) go();
      waiting = [];
    });
    // What it dies of ends in its exit.
    made.on("error", ignore);
    made.once("exit", release);
    thread = made;
  }

  function release(): void {
    thread = undefined;
    isReady = false;
    soon();
  }

  soon();
  const value: ReadyThread = {
    take() {
      if (!thread || !isReady) return undefined;
      const taken = thread;
      // Not all listeners: some are Node's own, without which the thread is not heard.
      taken.off("error", ignore).off("exit", release);
      taken.ref();
      release();
      return taken;
    },
    wait: () => (isReady ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
  return {
    value,
    dispose() {
      ended = true;
      clearTimeout(timer);
      if (current === value) current = undefined;
      void thread?.terminate();
    },
  };
}
