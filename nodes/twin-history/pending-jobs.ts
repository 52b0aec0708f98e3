import type { RefusalInfo } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import type { Written } from "./history";

/** One call of `write`: settled when the fate of each of its samples is known. */
export interface Job {
  readonly samples: readonly Sample[];
  readonly since: number;
}

export type Fate = "written" | "empty" | RefusalInfo;

/** The samples that are not durable yet, in order of arrival, and whose they are. */
export interface PendingJobs {
  add(samples: readonly Sample[]): Promise<Written>;
  /** The next sample that was not taken yet. */
  take(): { job: Job; index: number } | undefined;
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
    take() {
      for (; head < queue.length; head++) {
        const job = queue[head] as Entry;
        if (job.next === job.samples.length) continue;
        untaken--;
        return { job, index: job.next++ };
      }
      queue = [];
      head = 0;
      return undefined;
    },
    settle(job, index, fate) {
      const entry = job as Entry;
      if (!entries.has(entry)) return;
      const { result } = entry;
      if (fate === "written") result.written++;
      else if (fate === "empty") result.empty++;
      else result.refused.push({ index, error: { ...fate, index } });
      open--;
      if (--entry.open > 0) return;
      entries.delete(entry);
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
