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
 * A thread that waits for the next training, its code read and compiled: that takes longer than growing a forest of some
 * thousand rows, and takes both cores from the flows meanwhile. It comes back when the training is done, and is ended with one
 * that is cancelled or fails; then another one is made ready.
 */
interface ReadyThread {
  /** The thread, once it is ready. It belongs to the caller. */
  take(): Worker | undefined;
  /** Takes a thread back that is done, and that holds on to so many bytes. False: there is one already, or it holds too much. */
  giveBack(thread: Worker, bytes: number): boolean;
  /** Resolves when there is one. */
  wait(): Promise<void>;
}

let current: ReadyThread | undefined;

/** Keeps a thread ready as long as somebody holds the lease. */
export const keepReady = (delayMs = restMs, mostBytes = mostHeld): Lease<ReadyThread> =>
  acquire("twin-train thread", () => {
    const ready = createReadyThread(delayMs, mostBytes);
    current = ready.value;
    return ready;
  });

/** The thread that waits, where there is one. */
export const takeReady = (): Worker | undefined => current?.take();

/** Whether the thread, which holds on to so many bytes, is kept for the next training. It belongs to the caller otherwise. */
export const giveBack = (thread: Worker, bytes: number): boolean => current?.giveBack(thread, bytes) ?? false;

const ignore = (): void => undefined;

function createReadyThread(delayMs: number, mostBytes: number): { value: ReadyThread; dispose(): void } {
  /** The one that waits, or is being made. */
  let thread: Worker | undefined;
  let isReady = false;
  let ended = false;
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout;

  function soon(): void {
    clearTimeout(timer);
    if (!ended && !thread) timer = setTimeout(make, delayMs).unref();
  }

  function make(): void {
    const made = new Worker(workerFile, { workerData: { waits: true } satisfies ReadyOrder, name: "twin-train ready" });
    adopt(made);
    made.once("message", welcome);
  }

  function adopt(worker: Worker): void {
    // Nobody waits for it.
    worker.unref();
    // What it dies of ends in its exit.
    worker.on("error", ignore).once("exit", gone);
    thread = worker;
  }

  function welcome(): void {
    isReady = true;
    for (const go of waiting) go();
    waiting = [];
  }

  function gone(): void {
    thread = undefined;
    isReady = false;
    soon();
  }

  soon();
  const value: ReadyThread = {
    take() {
      if (!thread || !isReady) return undefined;
      const taken = thread;
      thread = undefined;
      isReady = false;
      // Not all listeners: some are Node's own, without which the thread is not heard.
      taken.off("error", ignore).off("exit", gone).once("exit", soon);
      taken.ref();
      return taken;
    },
    giveBack(worker, bytes) {
      if (ended || thread || bytes > mostBytes) return false;
      clearTimeout(timer);
      adopt(worker.off("exit", soon));
      welcome();
      return true;
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
