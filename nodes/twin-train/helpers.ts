import { availableParallelism } from "node:os";
import path from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { threadFailure } from "../lib/run-in-thread";

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
  /** Ends the threads; resolves when they are gone. */
  end(): Promise<void>;
}

/** Starts threads that help a training to grow its trees. They wait until the training's thread sends them work. */
export function startHelpers(count: number): Helpers {
  const lost = new AbortController();
  const ports: MessagePort[] = [];
  const threads: Worker[] = [];
  for (let i = 0; i < count; i++) {
    const { port1, port2 } = new MessageChannel();
    const thread = new Worker(path.join(__dirname, "grow-worker.js"), {
      workerData: { port: port2 },
      transferList: [port2],
      name: "twin-train helper",
    });
    thread.on("error", (error) =>
      lost.abort(threadFailure(error, "training", "Train with fewer workers, rows or features.")),
    );
    // Code 0: the training's thread, on the other side of the port, has ended first.
    thread.on("exit", (code) => {
      if (code !== 0) lost.abort(threadFailure(code, "training", ""));
    });
    ports.push(port1);
    threads.push(thread);
  }
  return {
    ports,
    lost: lost.signal,
    async end() {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
