import type { RefusalInfo } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import type { Written } from "./history";

/** One call of `write`: settled when the fate of each of its samples is known. */
export interface Job {
  readonly samples: readonly Sample[];
  readonly since: number;
}

/** `spooled`: on disk, the server gets it later. */
export type Fate = "written" | "spooled" | "empty" | RefusalInfo;

/** Samples `from` to `to` (exclusive) of a job. */
export interface Run {
  job: Job;
  from: number;
  to: number;
}

/** The samples that are not durable yet, in order of arrival, and whose they are. */
export interface PendingJobs {
  add(samples: readonly Sample[]): Promise<Written>;
  /** The next samples that were not taken yet, `max` at most, all of one job. */
  take(max: number): Run | undefined;
  settle(job: Job, index: number, fate: Fate): void;
  /** Rejects a job as a whole. What of it was written stays written: sending it again does no harm. */
  fail(job: Job, error: Error): void;
  failAll(error: Error): void;
  isOpen(job: Job): boolean;
  /** Samples that were not taken yet. */
  untaken(): number;
  /** Samples whose fate is not known yet. */
  open(): number;
  /** When the oldest job came. */
  since(): number | undefined;
}

interface Entry extends Job {
  next: number;
  open: number;
  result: Written;
  resolve(result: Written): void;
  reject(error: Error): void;
}

export function createPendingJobs(): PendingJobs {
  let queue: Entry[] = [];
  let head = 0;
  const entries = new Set<Entry>();
  let untaken = 0;
  let open = 0;

  function fail(job: Job, error: Error): void {
    const entry = job as Entry;
    if (!entries.delete(entry)) return;
    open -= entry.open;
    untaken -= entry.samples.length - entry.next;
    entry.next = entry.samples.length;
    entry.reject(error);
  }

  /** A queue that is never empty must not hold on to what was taken. */
  function forgetTaken(): void {
    queue = untaken === 0 ? [] : queue.slice(head);
    head = 0;
  }

  return {
    add(samples) {
      const result: Written = { written: 0, empty: 0, refused: [] };
      if (samples.length === 0) return Promise.resolve(result);
      return new Promise((resolve, reject) => {
        const entry = { samples, next: 0, open: samples.length, since: Date.now(), result, resolve, reject };
        queue.push(entry);
        entries.add(entry);
        untaken += samples.length;
        open += samples.length;
      });
    },
    take(max) {
      for (; head < queue.length; head++) {
        const job = queue[head] as Entry;
        const from = job.next;
        if (from === job.samples.length) continue;
        job.next = Math.min(job.samples.length, from + max);
        untaken -= job.next - from;
        const run = { job, from, to: job.next };
        if (untaken === 0 || head > 1000) forgetTaken();
        return run;
      }
      forgetTaken();
      return undefined;
    },
    settle(job, index, fate) {
      const entry = job as Entry;
      const { result } = entry;
      if (fate === "written") result.written++;
      else if (fate === "spooled") {
        result.written++;
        result.spooled = (result.spooled ?? 0) + 1;
      } else if (fate === "empty") result.empty++;
      else result.refused.push({ index, error: { ...fate, index } });
      if (--entry.open > 0) {
        if (entries.has(entry)) open--;
        return;
      }
      if (!entries.delete(entry)) return;
      open--;
      result.refused.sort((a, b) => a.index - b.index);
      entry.resolve(result);
    },
    fail,
    failAll(error) {
      for (const entry of [...entries]) fail(entry, error);
    },
    isOpen: (job) => entries.has(job as Entry),
    untaken: () => untaken,
    open: () => open,
    since: () => entries.values().next().value?.since,
  };
}
