import { Refusal, type RefusalInfo } from "../../engine/contract/errors";

/** Runs jobs one after another, and can end them. */
export interface JobQueue {
  /** Runs the job when what came before it is done. Refuses when too many wait. */
  run<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Does something short when what came before it is done: it keeps its place in the order and is never cancelled. */
  inTurn<T>(work: () => T): Promise<T>;
  /** Ends the running job and drops those that wait: each rejects with the reason. Returns how many there were. */
  cancelAll(reason: Error): number;
  /** Whether something would have to wait. */
  readonly busy: boolean;
  /** Jobs that wait for their turn. */
  readonly waiting: number;
}

/** Most pieces of short work that wait behind a job. */
const maxInTurn = 50_000;

/** @param full the refusal of a job, or of short work, for which there is no room any more */
export function jobQueue(maxWaiting: number, full: () => RefusalInfo): JobQueue {
  const jobs = new Set<AbortController>();
  let inTurn = 0;
  let tail: Promise<unknown> = Promise.resolve();

  /** Begins when all before it is done, and holds up what comes after it. */
  function queue<T>(work: () => T | Promise<T>, done: () => void): Promise<T> {
    const result = tail.then(work);
    tail = result.then(done, done);
    return result;
  }
  return {
    get busy() {
      return jobs.size > 0 || inTurn > 0;
    },
    get waiting() {
      return Math.max(0, jobs.size - 1);
    },
    async run(job) {
      if (jobs.size > maxWaiting) throw new Refusal(full());
      const controller = new AbortController();
      jobs.add(controller);
      return queue(
        () => {
          controller.signal.throwIfAborted();
          return job(controller.signal);
        },
        () => jobs.delete(controller),
      );
    },
    async inTurn(work) {
      if (inTurn >= maxInTurn) throw new Refusal(full());
      inTurn++;
      return queue(work, () => inTurn--);
    },
    cancelAll(reason) {
      const count = jobs.size;
      for (const controller of jobs) controller.abort(reason);
      return count;
    },
  };
}
