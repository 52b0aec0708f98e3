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
  /** Called once the thread has been started, to send it more. */
  started?(worker: Worker): void;
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
    const worker = new Worker(job.file, {
      workerData: job.data,
      transferList: [...(job.transfer ?? [])],
      name: job.name,
      ...(job.limits ? { resourceLimits: job.limits } : {}),
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
    worker.on("message", (answer: Answer | Refused) => {
      if (answer.type === "refused") {
        end();
        reject(new Refusal((answer as Refused).info));
        return;
      }
      const result = job.answer(answer as Answer);
      if (!result) return;
      end();
      resolve(result);
    });
    worker.on("error", (error: Error & { code?: string }) => {
      end();
      reject(
        error.code === "ERR_WORKER_OUT_OF_MEMORY"
          ? new Refusal(refuse("too-large", `The ${job.job} needs more memory than there is.`, job.smaller))
          : new Failure("worker-failed", `The ${job.job} failed: ${error.message}.`, "Nothing was changed."),
      );
    });
    worker.on("exit", (code) => {
      signal.removeEventListener("abort", abort);
      // After an answer, and after an abort, this changes nothing any more.
      reject(
        new Failure(
          "worker-failed",
          `The ${job.job}'s thread ended with code ${code} before it was done:`,
          "try again.",
          true,
        ),
      );
    });
    job.started?.(worker);
  });
}
