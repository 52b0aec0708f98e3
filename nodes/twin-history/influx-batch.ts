import type { Sample } from "../../engine/contract/messages";
import type { LineMaker } from "../../engine/history/line-protocol";
import type { Fate, Job, PendingJobs } from "./pending-jobs";
import { splitLines } from "./spool-record";

/** Lines for one request, and whose each is: `lines[i]` is sample `indexes[i]` of `jobs[i]`. */
export interface Batch {
  readonly lines: string[];
  /** All lines as they go over the wire. */
  body?: Buffer;
  jobs: Job[];
  indexes: number[];
}

/** What one request holds at most, in UTF-16 code units. */
const maxBatchLength = 4 * 1024 * 1024;

const emptyBatch = (): Batch => ({ lines: [], jobs: [], indexes: [] });

/** The next `max` samples as lines. What makes no line (nothing to keep, or refused) is settled on the way. */
export function takeBatch(jobs: PendingJobs, maker: LineMaker, max: number): Batch {
  let lines: string[] | undefined = [];
  const owners: Job[] = [];
  const indexes: number[] = [];
  const lengths: number[] = [];
  let length = 0;
  for (let left = max; left > 0 && length < maxBatchLength; ) {
    // Large texts are rare: a run is cut to what surely fits only when the batch has become large.
    const run = jobs.take(length > maxBatchLength / 8 ? 1 : Math.min(left, 250));
    if (!run) break;
    const { job, from, to } = run;
    left -= to - from;
    for (let index = from; index < to; index++) {
      const line = maker.lineOf(job.samples[index] as Job["samples"][number]);
      if (typeof line !== "string") jobs.settle(job, index, line ?? "empty");
      else {
        length += line.length;
        lines.push(line);
        lengths.push(line.length);
        owners.push(job);
        indexes.push(index);
      }
    }
  }
  const body = Buffer.from(lines.join("\n"));
  // Thousands of small strings that live as long as a request cost the garbage collector more than making them.
  lines = undefined;
  return {
    body,
    jobs: owners,
    indexes,
    get lines() {
      lines ??= splitLines(body.toString(), lengths);
      return lines;
    },
  };
}

/** The lines of a batch that a test picks, and the others, in their order. */
export function partition(batch: Batch, test: (index: number) => boolean): [Batch, Batch] {
  const parts: [Batch, Batch] = [emptyBatch(), emptyBatch()];
  for (let i = 0; i < batch.lines.length; i++) {
    const part = parts[test(i) ? 0 : 1];
    part.lines.push(batch.lines[i] as string);
    part.jobs.push(batch.jobs[i] as Job);
    part.indexes.push(batch.indexes[i] as number);
  }
  return parts;
}

export const sampleOf = (batch: Batch, index: number): Sample =>
  (batch.jobs[index] as Job).samples[batch.indexes[index] as number] as Sample;

export function settleAll(jobs: PendingJobs, batch: Batch, from: number, to: number, fate: Fate): void {
  for (let i = from; i < to; i++) jobs.settle(batch.jobs[i] as Job, batch.indexes[i] as number, fate);
}
