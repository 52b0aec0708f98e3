import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import { buffersOf, type Dataset } from "../../engine/learning/dataset";
import { type DatasetOptions, datasetBuilder } from "../../engine/learning/dataset-builder";
import type { Report } from "../../engine/learning/report";
import type { Progress } from "../../engine/learning/train";
import type { TrainAnswer, TrainRequest } from "./train-worker";

/** Ms of work on the main thread before other work gets its turn. */
const sliceMs = 8;

/** The table as a dataset, made in slices: it is the one part of a training that the main thread has to do. */
export async function prepare(table: Table, options: DatasetOptions, signal: AbortSignal): Promise<Dataset> {
  const builder = datasetBuilder(table, options);
  let started = performance.now();
  while (!builder.step(4000)) {
    if (performance.now() - started < sliceMs) continue;
    await nextTurn();
    signal.throwIfAborted();
    started = performance.now();
  }
  return builder.finish();
}

/**
 * Trains in a worker thread. Aborting the signal ends the thread at once and rejects with the signal's reason.
 *
 * @param request its dataset is handed over and cannot be used afterwards
 */
export function trainInWorker(
  request: TrainRequest,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<{ report: Report; model: string }> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const worker = new Worker(path.join(__dirname, "train-worker.js"), {
      workerData: request,
      transferList: buffersOf(request.dataset),
      name: `twin-train ${request.options.algorithm}`,
    });
    const end = (): void => {
      signal.removeEventListener("abort", abort);
      void worker.terminate();
    };
    const abort = (): void => {
      end();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort);
    worker.on("message", (answer: TrainAnswer) => {
      if (answer.type === "progress") return onProgress(answer.progress);
      end();
      if (answer.type === "refused") reject(new Refusal(answer.info));
      else resolve(answer);
    });
    worker.on("error", (error: Error & { code?: string }) => {
      end();
      reject(failed(error));
    });
    worker.on("exit", (code) => {
      signal.removeEventListener("abort", abort);
      // After an answer, and after an abort, this changes nothing any more.
      reject(
        new Failure(
          "worker-failed",
          `The training's thread ended with code ${code} before it was done:`,
          "train again.",
          true,
        ),
      );
    });
  });
}

function failed(error: Error & { code?: string }): Error {
  if (error.code === "ERR_WORKER_OUT_OF_MEMORY")
    return new Refusal(
      refuse(
        "too-large",
        "The training needs more memory than there is.",
        "Train on fewer rows or features, or grow fewer and smaller trees (minLeaf 5).",
      ),
    );
  return new Failure("worker-failed", `The training failed: ${error.message}.`, "The model before it stays in use.");
}
