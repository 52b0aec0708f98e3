import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { createLineMaker } from "../../engine/history/line-protocol";
import { type HistoryState, type HistoryStatus, maxWaitingSamples, type Written } from "./history";
import { type Batch, partition, sampleOf, settleAll, takeBatch } from "./influx-batch";
import type { InfluxClient } from "./influx-client";
import { refusalOf } from "./influx-refusals";
import { createPendingJobs } from "./pending-jobs";
import { type Sent, sendLines } from "./send-lines";
import type { Spool } from "./spool";
import { createSpoolDrain } from "./spool-drain";
import { createSpoolEntry } from "./spool-entry";

export interface InfluxWriterOptions {
  measurement: string;
  /** Samples in one request. */
  batchSize: number;
  /** How long a sample waits for others to go with. */
  flushMs: number;
  /** Bound of the spool on disk, bytes. */
  spoolBytes: number;
  /** What happens at that bound: the samples wait, or the oldest segment is given up. */
  overflow: "block" | "drop-oldest";
  /** First pause after an error; it doubles up to the longest. @default 250 */
  retryMs?: number;
  /** @default 30,000 */
  maxRetryMs?: number;
  warn(text: string): void;
  onState(): void;
}

export interface InfluxWriter {
  write(samples: readonly Sample[]): Promise<Written>;
  describe(): HistoryStatus;
  /** Writes what waits, for as long as that takes at most; then puts the rest into the spool. */
  close(patienceMs: number): Promise<void>;
}

/** From so many records on, the spool gathers for longer, so that a weekend's outage has room in memory for their places. */
const manyRecords = 10_000;
const longGatherMs = 1000;
/** What a close allows the spool for taking the rest. */
const spoolPatienceMs = 1000;

/**
 * Samples to InfluxDB in batches, one request at a time, so that of two values for one instant the later one stays. While the
 * server is away they go to the spool, which is drained beside them later; a sample that is not newer than what its twin has in
 * there goes behind that.
 */
export function createInfluxWriter(client: InfluxClient, spool: Spool, options: InfluxWriterOptions): InfluxWriter {
  const { batchSize, flushMs, onState } = options;
  const maker = createLineMaker(options.measurement);
  const jobs = createPendingJobs();
  const entry = createSpoolEntry(spool, jobs, options);
  const drain = createSpoolDrain(client, spool, { ...options, onSent: noteSent });
  let state: HistoryState = "connecting";
  let reason: string | undefined;
  let isAway = false;
  let underWay = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  /** A full batch that was made ready while the one before is on its way: the server need not wait for us. */
  let prepared: Batch | undefined;

  function setState(next: HistoryState, why?: string): void {
    if (state === next && reason === why) return;
    state = next;
    reason = why;
    onState();
  }

  /** What an attempt, of whichever path, tells of the server. */
  function noteSent(sent: Sent): void {
    isAway = sent.kind === "away";
    if (sent.kind === "sent") setState("ok");
    else if (sent.kind === "away") setState("retrying", sent.reason);
    else setState("failed", sent.failure.message);
  }

  /** Sends when a batch is full, or its first sample has waited long enough; the next is made ready meanwhile. */
  function schedule(): void {
    const isFull = jobs.untaken() >= batchSize || (closed && jobs.untaken() > 0);
    if (underWay) {
      if (isFull) prepared ??= take();
    } else if (prepared || isFull) start(prepared ?? take());
    else if (jobs.untaken() > 0) timer ??= setTimeout(() => start(take()), gatherMs());
  }

  const take = (): Batch => takeBatch(jobs, maker, batchSize);
  const gatherMs = (): number =>
    isAway && spool.describe().records > manyRecords ? Math.max(flushMs, longGatherMs) : flushMs;

  function start(batch: Batch): void {
    clearTimeout(timer);
    timer = undefined;
    prepared = undefined;
    underWay = true;
    void deliver(batch).finally(() => {
      underWay = false;
      schedule();
    });
  }

  /** Until every line has met its fate: with the server, on disk, or refused. */
  async function deliver(batch: Batch): Promise<void> {
    if (batch.jobs.length === 0) return;
    if (spool.describe().spooled === 0) return direct(batch);
    if (isAway) return entry.put(batch);
    const [later, now] = partition(batch, (i) => {
      const { id, ts } = sampleOf(batch, i);
      return spool.covers(id, ts);
    });
    if (later.jobs.length > 0) await entry.put(later);
    if (now.jobs.length > 0) await direct(now);
  }

  async function direct(batch: Batch): Promise<void> {
    const settled = new Uint8Array(batch.jobs.length);
    const count = batch.jobs.length;
    const write = (from: number, to: number): ReturnType<InfluxClient["write"]> => {
      const isWhole = to - from === count;
      const writing = client.write((isWhole && batch.body) || batch.lines.slice(from, to));
      setImmediate(schedule);
      return writing;
    };
    const sent = await sendLines(write, count, {
      taken(from, to) {
        noteSent({ kind: "sent" });
        settled.fill(1, from, to);
        settleAll(jobs, batch, from, to, "written");
      },
      bad(from, to, why) {
        noteSent({ kind: "sent" });
        settled.fill(1, from, to);
        for (let i = from; i < to; i++) settleAll(jobs, batch, i, i + 1, refusalOf(why, sampleOf(batch, i)));
      },
    });
    if (sent.kind === "sent") return;
    noteSent(sent);
    const [, rest] = partition(batch, (i) => settled[i] === 1);
    if (sent.kind === "refused") for (const job of rest.jobs) jobs.fail(job, sent.failure);
    else {
      drain.start(sent.afterMs ?? 0);
      await entry.put(rest);
    }
  }

  const busy = (): Refusal => {
    const { spooled } = spool.describe();
    const what = spooled > 0 ? `${jobs.open()} samples, and ${spooled} in the spool,` : `${jobs.open()} samples`;
    return new Refusal(
      refuse("busy", `${what} wait for InfluxDB${reason ? ` (${reason})` : ""}.`, "Send them again later."),
    );
  };

  drain.start();

  return {
    write(samples) {
      if (closed) return Promise.reject(unwritten("the history is closing"));
      if (jobs.open() > 0 && jobs.open() + samples.length > maxWaitingSamples) return Promise.reject(busy());
      const writing = jobs.add(samples);
      schedule();
      return writing;
    },
    describe() {
      const { spooled, bytes, since, lost } = spool.describe();
      const oldest = Math.min(jobs.since() ?? Number.POSITIVE_INFINITY, since ?? Number.POSITIVE_INFINITY);
      return {
        state,
        waiting: jobs.open(),
        spooled,
        spoolBytes: bytes,
        spoolMaxBytes: options.spoolBytes,
        oldestMs: oldest === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Date.now() - oldest),
        refusedLater: spool.refused.count(),
        dropped: entry.dropped() + lost,
        ...(reason === undefined ? {} : { reason }),
      };
    },
    async close(patienceMs) {
      closed = true;
      drain.stop();
      schedule();
      await until(() => jobs.open() === 0 || isAway, patienceMs);
      // A request under way ends now, and what it held goes to the spool with the rest.
      client.close();
      await until(() => jobs.open() === 0, spoolPatienceMs);
      entry.close();
      jobs.failAll(unwritten(reason ?? "there was no time left"));
      drain.leave();
    },
  };
}

async function until(condition: () => boolean, patienceMs: number): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!condition() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
}

const unwritten = (why: string): Failure =>
  new Failure("history-failed", `The samples were not written: ${why}.`, "Send them again.", true);
