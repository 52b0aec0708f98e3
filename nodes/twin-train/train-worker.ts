import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Refusal } from "../../engine/contract/errors";
import type { Dataset } from "../../engine/learning/dataset";
import type { Model } from "../../engine/learning/model";
import type { TrainOptions } from "../../engine/learning/options";
import type { Report } from "../../engine/learning/report";
import { type Progress, train } from "../../engine/learning/train";
import type { Refused } from "../lib/run-in-thread";
import { helpGrowing, teamOf } from "./team";
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

/** What the worker says, beside `Refused`. `done` is its last word on an order; `bytes` are what it holds on to. */
export type TrainAnswer =
  | { type: "progress"; progress: Progress }
  | { type: "done"; report: Report; model: string; bytes: number };

/** What a thread is given that helps another one, behind the port, to grow trees. */
export interface HelpOrder {
  help: MessagePort;
}

/** What a thread is started with that waits for its first order. */
export interface ReadyOrder {
  waits: true;
}

// Trains off the main thread, so that no flow waits for it. Ending the worker is the way to cancel. What has trained can take
// another order, as a message: its code is compiled already.
const port = parentPort;
if (port) {
  const order = workerData as TrainOrder | HelpOrder | ReadyOrder;
  port.on("message", (next: TrainOrder | HelpOrder) => run(port, next));
  if ("waits" in order) {
    warmUp();
    port.postMessage({ type: "ready" });
  } else run(port, order);
}

function run(port: MessagePort, order: TrainOrder | HelpOrder): void {
  if ("help" in order) helpGrowing(order.help);
  else learn(port, order);
}

function learn(port: MessagePort, { dataset, options, champion, helpers, memory }: TrainOrder): void {
  const say = (answer: TrainAnswer | Refused): void => port.postMessage(answer);
  try {
    const { report, model } = train(dataset, options, {
      means: { growTrees: teamOf(helpers), workers: helpers.length + 1, memory },
      onProgress: (progress) => say({ type: "progress", progress }),
      ...(champion ? { champion: { version: champion.version, model: JSON.parse(champion.model) as Model } } : {}),
    });
    const { heapTotal, external } = process.memoryUsage();
    say({ type: "done", report, model: JSON.stringify(model), bytes: heapTotal + external });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say({ type: "refused", info: error.info });
  } finally {
    for (const helper of helpers) helper.close();
  }
}
