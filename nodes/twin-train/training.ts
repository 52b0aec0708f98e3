import path from "node:path";
import type { Table } from "../../engine/contract/messages";
import { buffersOf, type Dataset } from "../../engine/learning/dataset";
import { type DatasetOptions, datasetBuilder } from "../../engine/learning/dataset-builder";
import type { Report } from "../../engine/learning/report";
import type { Progress } from "../../engine/learning/train";
import { inSlices } from "../lib/in-slices";
import { runInThread } from "../lib/run-in-thread";
import type { TrainAnswer, TrainRequest } from "./train-worker";

/** The table as a dataset, made in slices: it is the one part of a training that the main thread has to do. */
export async function prepare(table: Table, options: DatasetOptions, signal: AbortSignal): Promise<Dataset> {
  const builder = datasetBuilder(table, options);
  await inSlices(() => builder.step(4000), signal);
  return builder.finish();
}

/**
 * Trains in a thread of its own. Aborting the signal ends it at once.
 *
 * @param request its dataset is handed over and cannot be used afterwards
 */
export const trainInThread = (
  request: TrainRequest,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<{ report: Report; model: string }> =>
  runInThread(
    {
      file: path.join(__dirname, "train-worker.js"),
      name: `twin-train ${request.options.algorithm}`,
      job: "training",
      data: request,
      transfer: buffersOf(request.dataset),
      smaller: "Train on fewer rows or features, or grow fewer and smaller trees (minLeaf 5).",
      answer(answer: TrainAnswer) {
        if (answer.type === "done") return answer;
        onProgress(answer.progress);
        return undefined;
      },
    },
    signal,
  );
