import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { createCommitPace } from "../lib/commit-pace";
import { maxWaitingSamples, type Written } from "./history";
import { packSample } from "./packed-rows";

/** How long one turn of the event loop may check and pack. */
const turnMs = 10;
/** Longest that a sample waits for others. */
const maxWaitMs = 50;
/** So many samples go without waiting. */
const enough = 4000;
/** Characters of one group, which are in memory twice: here and in the thread. */
const maxGroupLength = 8_000_000;

interface Job {
  measurement: string;
  samples: readonly Sample[];
  /** First sample that is not packed yet. */
  next: number;
  since: number;
  result: Written;
  /** What went wrong with this job alone. */
  error?: unknown;
  resolve(result: Written): void;
  reject(error: Error): void;
}

export interface EmbeddedWriter {
  write(measurement: string, samples: readonly Sample[]): Promise<Written>;
  waiting(): { samples: number; since: number | undefined };
  /** Takes nothing more, and has everything that waits written at once. What is not by then (ms) is given up. */
  close(patienceMs: number): Promise<void>;
}

/**
 * Gathers samples into groups, the larger the more there are, and gives long batches several of them. One group is under way at
 * a time: a job is settled when the group with its last sample is.
 *
 * @param commit one transaction for all rows; resolves with how long it took, ms
 */
export function createEmbeddedWriter(
  commit: (rows: string) => Promise<number>,
  onResult: (error: unknown) => void,
): EmbeddedWriter {
  const queue: Job[] = [];
  const pace = createCommitPace(maxWaitMs);
  let waiting = 0;
  let underWay = false;
  let closed = false;
  let onEmpty: (() => void) | undefined;

  /** Packs what fits into a turn and a group. `touched`: the jobs it is of; only the last of them can be unfinished. */
  function pack(): { rows: string; touched: number } {
    const until = performance.now() + turnMs;
    let rows = "";
    let touched = 0;
    let done = 0;
    for (const job of queue) {
      touched++;
      try {
        while (job.next < job.samples.length) {
          if ((++done % 64 === 0 && performance.now() > until) || rows.length > maxGroupLength)
            return { rows, touched };
          rows += packNext(job);
        }
      } catch (error) {
        job.error = error;
        job.next = job.samples.length;
      }
    }
    return { rows, touched };
  }

  function packNext(job: Job): string {
    const index = job.next++;
    const packed = packSample(job.measurement, job.samples[index] as Sample);
    if (typeof packed === "string") {
      job.result.written++;
      return packed;
    }
    if (packed) job.result.refused.push({ index, error: { ...packed, index } });
    else job.result.empty++;
    return "";
  }

  async function turn(): Promise<void> {
    const { rows, touched } = pack();
    underWay = true;
    let failure: unknown;
    try {
      if (rows !== "") pace.took(await commit(rows));
    } catch (error) {
      failure = error;
    }
    underWay = false;
    settle(touched, failure);
    if (rows !== "") onResult(failure);
    schedule();
  }

  function settle(touched: number, failure: unknown): void {
    const last = queue[touched - 1];
    const isUnfinished = failure === undefined && last !== undefined && last.next < last.samples.length;
    for (const job of queue.splice(0, isUnfinished ? touched - 1 : touched)) {
      waiting -= job.samples.length;
      const error = failure ?? job.error;
      if (error === undefined) job.resolve(job.result);
      else job.reject(failureOf(error));
    }
  }

  function schedule(): void {
    if (underWay) return;
    if (queue.length > 0) pace.schedule(() => void turn(), closed || waiting >= enough);
    else onEmpty?.();
  }

  return {
    write(measurement, samples) {
      if (closed) return Promise.reject(closing());
      if (waiting > 0 && waiting + samples.length > maxWaitingSamples)
        return Promise.reject(
          new Refusal(
            refuse("busy", `${waiting} samples wait for the history.`, "Send more slowly, or send them again later."),
          ),
        );
      return new Promise((resolve, reject) => {
        const result: Written = { written: 0, empty: 0, refused: [] };
        queue.push({ measurement, samples, next: 0, since: Date.now(), result, resolve, reject });
        waiting += samples.length;
        schedule();
      });
    },
    waiting: () => ({ samples: waiting, since: queue[0]?.since }),
    async close(patienceMs) {
      closed = true;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
        schedule();
      });
      pace.cancel();
      for (const job of queue.splice(0)) job.reject(closing());
      waiting = 0;
    },
  };
}

const closing = (): Failure => new Failure("busy", "The history is closing.", "Send it again after the deploy.", true);

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(
    "history-failed",
    `The history could not write: ${error instanceof Error ? error.message : String(error)}.`,
    "Free space on the disk, or look at the rights of the home folder.",
    true,
  );
}
