import { Failure, refuse } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { type Batch, partition, settleAll } from "./influx-batch";
import type { Job, PendingJobs } from "./pending-jobs";
import { longestSpooledLine, type SampleTime, type Spool } from "./spool";

export interface SpoolEntryOptions {
  spoolBytes: number;
  overflow: "block" | "drop-oldest";
  warn(text: string): void;
}

/** The way from memory into the spool: samples are settled when they are on disk, and wait or push others out when it is full. */
export interface SpoolEntry {
  /** Resolves when each line is on disk, or its job has failed. */
  put(batch: Batch): Promise<void>;
  /** Samples that were given up for newer ones. */
  dropped(): number;
  /** What waits for room waits no longer. */
  close(): void;
}

export function createSpoolEntry(spool: Spool, jobs: PendingJobs, options: SpoolEntryOptions): SpoolEntry {
  const { spoolBytes, overflow, warn } = options;
  let dropped = 0;
  let saidDropped = false;
  let closed = false;

  function drop(): void {
    const count = spool.dropOldest();
    if (count === 0) throw new Failure("store-failed", "The spool has no room.", "Give it more (spoolMb).", true);
    dropped += count;
    if (saidDropped) return;
    saidDropped = true;
    warn(
      `The spool is full (${spoolBytes} bytes): the oldest samples are dropped (overflow drop-oldest), ${count} so far.`,
    );
  }

  /** Lines that no spool of this size can hold are refused; the others stay. */
  function withoutGiants(batch: Batch): Batch {
    const longest = longestSpooledLine(spoolBytes);
    if (!batch.lines.some((line) => line.length > longest)) return batch;
    const [giants, rest] = partition(batch, (i) => (batch.lines[i] as string).length > longest);
    const error = refuse(
      "too-large",
      `InfluxDB is away, and the sample is too large for the spool.`,
      "Send shorter texts, or raise spoolMb.",
    );
    settleAll(jobs, giants, 0, giants.jobs.length, error);
    return rest;
  }

  async function put(batch: Batch): Promise<void> {
    const { lines, jobs: owners, indexes } = withoutGiants(batch);
    if (spool.describe().spooled === 0) saidDropped = false;
    const times = owners.map((job, i): SampleTime => {
      const { id, ts } = job.samples[indexes[i] as number] as Sample;
      return { id, ts };
    });
    const since = Math.min(...new Set(owners.map((job) => job.since)));
    for (let done = 0; done < lines.length; ) {
      if (closed)
        throw new Failure("history-failed", "The spool is full, and the history is closing.", "Send them again.", true);
      const count = spool.put(lines.slice(done), times.slice(done), since, spoolBytes);
      if (count > 0) {
        await spool.synced();
        settleAll(jobs, { lines, jobs: owners, indexes }, done, done + count, "spooled");
        done += count;
      } else if (overflow === "drop-oldest") drop();
      else await spool.room();
    }
  }

  return {
    async put(batch) {
      try {
        await put(batch);
      } catch (error) {
        for (const job of new Set<Job>(batch.jobs)) jobs.fail(job, error as Error);
      }
    },
    dropped: () => dropped,
    close() {
      closed = true;
    },
  };
}
