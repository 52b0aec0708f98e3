import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { threadFailure } from "../lib/run-in-thread";
import { giveBack, takeReady, workerFile } from "./ready-threads";
import type { HelpOrder } from "./train-worker";

/** More would wait for each other. */
export const mostWorkers = 8;

/** Threads that train at a time: as many as are set, or for 0 one less than there are cores, so that one is left for the flows. */
export const workersFor = (set: number, cores = availableParallelism()): number =>
  Math.min(mostWorkers, Math.max(1, set > 0 ? set : cores - 1));

export interface Helpers {
  /** To be handed to the training's thread. */
  ports: MessagePort[];
  /** Aborted, with the error to report, when a thread dies. */
  lost: AbortSignal;
  /** Ends the threads; resolves when they are gone. With the most bytes that each holds on to, they are kept where there is use for them. */
  end(bytes?: number): Promise<void>;
}

/** Starts threads that help a training to grow its trees. They wait until the training's thread sends them work. */
export function startHelpers(count: number): Helpers {
  const lost = new AbortController();
  const ports: MessagePort[] = [];
  const threads: Worker[] = [];
  const fail = (end: Error | number): void =>
    lost.abort(threadFailure(end, "training", "Train with fewer workers, rows or features."));
  for (let i = 0; i < count; i++) {
    const { port1, port2 } = new MessageChannel();
    const order: HelpOrder = { help: port2 };
    const ready = takeReady();
    ready?.postMessage(order, [port2]);
    const thread =
      ready ?? new Worker(workerFile, { workerData: order, transferList: [port2], name: "twin-train helper" });
    thread.on("error", fail).on("exit", fail);
    ports.push(port1);
    threads.push(thread);
  }
  return {
    ports,
    lost: lost.signal,
    async end(bytes) {
      for (const thread of threads) thread.off("error", fail).off("exit", fail);
      const left = threads.filter((thread) => bytes === undefined || !giveBack(thread, bytes));
      await Promise.all(left.map((thread) => thread.terminate()));
    },
  };
}
