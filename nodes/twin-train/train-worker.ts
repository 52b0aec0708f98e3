import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Refusal } from "../../engine/contract/errors";
import type { Dataset } from "../../engine/learning/dataset";
import type { Model } from "../../engine/learning/model";
import type { TrainOptions } from "../../engine/learning/options";
import type { Report } from "../../engine/learning/report";
import { type Progress, train } from "../../engine/learning/train";
import type { Refused } from "../lib/run-in-thread";
import { teamOf } from "./team";
import { warmUp } from "./warm-up";

/** What is to be trained. */
export interface TrainRequest {
  dataset: Dataset;
  options: TrainOptions;
  /** The present champion's stored form, to be judged by the same rows. */
  champion?: { version: number; model: string };
}

/** What the worker is started with. */
export interface TrainOrder extends TrainRequest {
  /** Ports to the threads that help to grow forests. */
  helpers: MessagePort[];
  /** Bytes that the training may take. */
  memory: number;
}

/** What the worker says, beside `Refused`. `done` is its last word. */
export type TrainAnswer = { type: "progress"; progress: Progress } | { type: "done"; report: Report; model: string };

/** What a thread is started with that waits for its order, which then comes as a message. */
export interface ReadyOrder {
  waits: true;
}

// Trains off the main thread, so that no flow waits for it. One training per worker: ending the worker is the way to cancel.
const port = parentPort;
if (port) {
  const order = workerData as TrainOrder | ReadyOrder;
  if ("waits" in order) {
    warmUp();
    port.once("message", (late: TrainOrder) => run(port, late));
    port.postMessage({ type: "ready" });
  } else run(port, order);
}

function run(port: MessagePort, { dataset, options, champion, helpers, memory }: TrainOrder): void {
  const say = (answer: TrainAnswer | Refused): void => port.postMessage(answer);
  try {
    const { report, model } = train(dataset, options, {
      means: { growTrees: teamOf(helpers), workers: helpers.length + 1, memory },
      onProgress: (progress) => say({ type: "progress", progress }),
      ...(champion ? { champion: { version: champion.version, model: JSON.parse(champion.model) as Model } } : {}),
    });
    say({ type: "done", report, model: JSON.stringify(model) });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say({ type: "refused", info: error.info });
  }
}
