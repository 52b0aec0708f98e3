import { type ResourceLimits, type Transferable, Worker } from "node:worker_threads";
import { Failure, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";

/** The last word of a job that refuses, whatever else its thread may say. */
export interface Refused {
  type: "refused";
  info: RefusalInfo;
}

export interface ThreadJob<Answer, Result extends object> {
  /** File that the thread runs. */
  file: string;
  /** The thread's name, and what errors call the job, such as "training". */
  name: string;
  job: string;
  /** What the thread is started with. */
  data: unknown;
  /** Handed over: not to be used afterwards. */
  transfer?: readonly Transferable[];
  /** How to need less memory, in words. */
  smaller: string;
  limits?: ResourceLimits;
  /** One that runs the file already, to be sent the data; it belongs to the job from here on. */
  ready?: Worker | undefined;
  /** Called once the thread has been started, to send it more. */
  started?(worker: Worker): void;
  /** Takes over the thread when it is done, and says whether it did; it ends otherwise. */
  keep?(worker: Worker): boolean;
  /** What the thread says. Gives the result when that was the last word. */
  answer(answer: Answer): Result | undefined;
}

/**
 * Runs one job in a thread of its own, so that no flow waits for it. Aborting the signal ends the thread at once and
 * rejects with the signal's reason. A thread that runs out of memory is refused as `too-large`, one that ends before it is
 * done fails as `worker-failed`.
 */
export function runInThread<Answer extends { type: string }, Result extends object>(
  job: ThreadJob<Answer, Result>,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const { ready, data, transfer = [] } = job;
    const worker =
      ready ??
      new Worker(job.file, {
        workerData: data,
        transferList: [...transfer],
        name: job.name,
        ...(job.limits ? { resourceLimits: job.limits } : {}),
      });
    ready?.postMessage(data, transfer);
    const end = (): void => {
      signal.removeEventListener("abort", abort);
      void worker.terminate();
    };
    const abort = (): void => {
      end();
      reject(signal.reason);
    };
    const hear = (answer: Answer | Refused): void => {
      if (answer.type === "refused") {
        end();
        reject(new Refusal((answer as Refused).info));
        return;
      }
      const result = job.answer(answer as Answer);
      if (!result) return;
      if (job.keep?.(worker)) letGo();
      else end();
      resolve(result);
    };
    const fail = (error: Error): void => {
      end();
      reject(threadFailure(error, job.job, job.smaller));
    };
    const gone = (code: number): void => {
      signal.removeEventListener("abort", abort);
      // After an answer, and after an abort, this changes nothing any more.
      reject(threadFailure(code, job.job, job.smaller));
    };
    const letGo = (): void => {
      signal.removeEventListener("abort", abort);
      worker.off("message", hear).off("error", fail).off("exit", gone);
    };
    signal.addEventListener("abort", abort);
    worker.on("message", hear).on("error", fail).on("exit", gone);
    job.started?.(worker);
  });
}

/** What to report of a job whose thread died of an error, or ended with an exit code before it was done. */
export function threadFailure(end: (Error & { code?: string }) | number, job: string, smaller: string): Error {
  if (typeof end === "number")
    return new Failure(
      "worker-failed",
      `The ${job}'s thread ended with code ${end} before it was done:`,
      "try again.",
      true,
    );
  const isMemory = end.code === "ERR_WORKER_OUT_OF_MEMORY" || /^Array buffer allocation failed/.test(end.message);
  return isMemory
    ? new Refusal(refuse("too-large", `The ${job} needs more memory than there is.`, smaller))
    : new Failure("worker-failed", `The ${job} failed: ${end.message}.`, "Nothing was changed.");
}
