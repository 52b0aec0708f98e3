import { Refusal, refuse } from "../../engine/contract/errors";

/** Runs jobs one after another, and can end them. */
export interface JobQueue {
  /** Runs the job when those before it are done. Refuses with `busy` when too many wait. */
  run<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends the running job and drops those that wait: each rejects with the reason. Returns how many there were. */
  cancelAll(reason: Error): number;
  /** Whether a job would have to wait. */
  readonly busy: boolean;
  /** Jobs that wait for their turn. */
  readonly waiting: number;
}

export function jobQueue(maxWaiting: number): JobQueue {
  const jobs = new Set<AbortController>();
  let tail: Promise<unknown> = Promise.resolve();
  return {
    get busy() {
      return jobs.size > 0;
    },
    get waiting() {
      return Math.max(0, jobs.size - 1);
    },
    async run(job) {
      if (jobs.size > maxWaiting)
        throw new Refusal(
          refuse(
            "busy",
            `A training runs and ${maxWaiting} more wait.`,
            'Wait for them, or end them with the topic "cancel".',
          ),
        );
      const controller = new AbortController();
      jobs.add(controller);
      const before = tail;
      const work = (async () => {
        await before;
        controller.signal.throwIfAborted();
        return job(controller.signal);
      })();
      tail = work.catch(() => {}).finally(() => jobs.delete(controller));
      return work;
    },
    cancelAll(reason) {
      const count = jobs.size;
      for (const controller of jobs) controller.abort(reason);
      return count;
    },
  };
}
