import type { Table } from "../../engine/contract/messages";
import { buffersOf, type Dataset } from "../../engine/learning/dataset";
import { type DatasetOptions, datasetBuilder } from "../../engine/learning/dataset-builder";
import { isForest, type TrainOptions } from "../../engine/learning/options";
import type { Report } from "../../engine/learning/report";
import type { Progress } from "../../engine/learning/train";
import { algorithmsOf } from "../../engine/learning/tune-candidates";
import { inSlices } from "../lib/in-slices";
import { runInThread } from "../lib/run-in-thread";
import { startHelpers } from "./helpers";
import { giveBack, takeReady, workerFile } from "./ready-threads";
import type { TrainAnswer, TrainOrder, TrainRequest } from "./train-worker";

/** The table as a dataset, made in slices: it is the one part of a training that the main thread has to do. */
export async function prepare(table: Table, options: DatasetOptions, signal: AbortSignal): Promise<Dataset> {
  const builder = datasetBuilder(table, options);
  await inSlices(() => builder.step(4000), signal);
  return builder.finish();
}

export interface TrainMeans {
  /** Threads that grow a forest; the training's own is one of them. @default 1 */
  workers?: number;
  /** Bytes that the training may take. @default what is free */
  memory?: number;
}

/**
 * Trains in a thread of its own, forests with helpers. Aborting the signal ends all of them at once, and so does the end of
 * one of them, whatever ended it. Threads are kept for the next one where somebody keeps some ready.
 *
 * @param request its dataset is handed over and cannot be used afterwards
 */
export async function trainInThread(
  request: TrainRequest,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
  { workers = 1, memory = process.availableMemory() }: TrainMeans = {},
): Promise<{ report: Report; model: string }> {
  signal.throwIfAborted();
  const ready = takeReady();
  const helpers = startHelpers(canShare(request.options) ? workers - 1 : 0);
  let held: number | undefined;
  try {
    return await runInThread(
      {
        file: workerFile,
        ready,
        name: `twin-train ${request.options.algorithm}`,
        job: "training",
        data: { ...request, helpers: helpers.ports, memory } satisfies TrainOrder,
        transfer: [...buffersOf(request.dataset), ...helpers.ports],
        smaller: lessMemory,
        keep: (thread) => giveBack(thread, held ?? 0),
        answer(answer: TrainAnswer) {
          if (answer.type === "done") {
            held = answer.bytes;
            return answer;
          }
          onProgress(answer.progress);
          return undefined;
        },
      },
      AbortSignal.any([signal, helpers.lost]),
    );
  } finally {
    await helpers.end(held);
  }
}

const canShare = (options: TrainOptions): boolean =>
  options.engine === "meditwin" && algorithmsOf(options).some(isForest);

const lessMemory = "Train on fewer rows or features, or grow fewer and smaller trees (minLeaf 5).";
