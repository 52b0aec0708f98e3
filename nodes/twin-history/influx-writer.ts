import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { checkSample } from "../../engine/history/check-sample";
import { escapeMeasurement, toLine } from "../../engine/history/line-protocol";
import { createBackoff } from "./backoff";
import { type HistoryState, type HistoryStatus, maxWaitingSamples, type Written } from "./history";
import type { InfluxClient } from "./influx-client";
import { refusalOf } from "./influx-refusals";
import { createPendingJobs, type Fate, type Job } from "./pending-jobs";

export interface InfluxWriterOptions {
  measurement: string;
  /** Samples in one request. */
  batchSize: number;
  /** How long a sample waits for others to go with. */
  flushMs: number;
  /** First pause after an error; it doubles up to the longest. @default 250 */
  retryMs?: number;
  /** @default 30,000 */
  maxRetryMs?: number;
  onState(): void;
}

export interface InfluxWriter {
  write(samples: readonly Sample[]): Promise<Written>;
  /** Resolves when the server has answered, however long that takes; rejects with a `Failure` when it refuses. */
  connect(): Promise<void>;
  describe(): HistoryStatus;
  /** Writes what waits, for as long as that takes at most; rejects what is left. */
  close(patienceMs: number): Promise<void>;
}

/** A line and whose it is. */
interface Line {
  text: string;
  job: Job;
  index: number;
  settled: boolean;
}

const maxBatchBytes = 4 * 1024 * 1024;

/**
 * Samples to InfluxDB in batches, one request at a time, so that of two values for one instant the later one stays. While the
 * server cannot be reached everything waits, within a bound; lines that it will never take are found by halving.
 */
export function createInfluxWriter(client: InfluxClient, options: InfluxWriterOptions): InfluxWriter {
  const { batchSize, flushMs, retryMs = 250, maxRetryMs = 30_000, onState } = options;
  const measurement = escapeMeasurement(options.measurement);
  const backoff = createBackoff(retryMs, maxRetryMs);
  const jobs = createPendingJobs();
  let state: HistoryState = "connecting";
  let reason: string | undefined;
  let connected: Promise<void> | undefined;
  let working = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  /** A full batch that was made ready while the one before is on its way: the server need not wait for us. */
  let prepared: Line[] | undefined;

  function setState(next: HistoryState, why?: string): void {
    if (state === next && reason === why) return;
    state = next;
    reason = why;
    onState();
  }

  async function tryToConnect(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await client.prepare();
        setState("ok");
        return;
      } catch (error) {
        if (error instanceof Failure) throw error;
        if (closed) throw unwritten(messageOf(error));
        setState("retrying", messageOf(error));
        await backoff.pause(attempt);
      }
    }
  }

  function connect(): Promise<void> {
    connected ??= tryToConnect().catch((error: unknown) => {
      connected = undefined;
      setState("failed", messageOf(error));
      throw error;
    });
    return connected;
  }

  /** Sends when a batch is full, or its first sample has waited long enough. */
  function schedule(): void {
    if (working || (!prepared && jobs.untaken() === 0)) return;
    if (prepared || jobs.untaken() >= batchSize || closed) void work();
    else timer ??= setTimeout(() => void work(), flushMs);
  }

  async function work(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    working = true;
    try {
      const batch = prepared ?? takeBatch();
      prepared = undefined;
      await deliver(batch);
    } finally {
      working = false;
    }
    schedule();
  }

  function prepare(): void {
    if (working && !prepared && jobs.untaken() >= batchSize) prepared = takeBatch();
  }

  function takeBatch(): Line[] {
    const batch: Line[] = [];
    let bytes = 0;
    for (let taken = 0; taken < batchSize && bytes < maxBatchBytes; taken++) {
      const next = jobs.take();
      if (!next) break;
      const { job, index } = next;
      const checked = checkSample(job.samples[index] as Sample);
      if ("error" in checked) jobs.settle(job, index, checked.error);
      else if (checked.fields.length === 0) jobs.settle(job, index, "empty");
      else {
        const text = toLine(measurement, checked);
        bytes += text.length;
        batch.push({ text, job, index, settled: false });
      }
    }
    return batch;
  }

  function settle(line: Line, fate: Fate): void {
    line.settled = true;
    jobs.settle(line.job, line.index, fate);
  }

  /** Until every line has met its fate, however long the server is away. */
  async function deliver(batch: Line[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const lines = batch.filter(({ job, settled }) => !settled && jobs.isOpen(job));
      if (lines.length === 0) return;
      try {
        await connect();
        const problem = await send(lines);
        if (problem === undefined) return;
        if (closed) throw unwritten(problem);
        setState("retrying", problem);
      } catch (error) {
        setState("failed", messageOf(error));
        for (const { job } of lines) jobs.fail(job, error as Error);
        return;
      }
      await backoff.pause(attempt);
    }
  }

  /**
   * Halves what the server refuses until exactly the bad lines are left; everything else is acknowledged on the way. Gives the
   * reason when the rest is to be tried again later; throws what trying again cannot mend.
   */
  async function send(lines: Line[]): Promise<string | undefined> {
    const parts = [lines];
    for (let part = parts.pop(); part; part = parts.pop()) {
      const writing = client.write(part.map(({ text }) => text));
      setImmediate(prepare);
      const verdict = await writing;
      if (verdict.kind === "retry") return verdict.reason;
      if (verdict.kind === "refused") throw verdict.failure;
      setState("ok");
      if (verdict.kind === "written") for (const line of part) settle(line, "written");
      else if (part.length === 1 || verdict.dropped === part.length) {
        for (const line of part) settle(line, refusalOf(verdict.reason, line.job.samples[line.index] as Sample));
      } else {
        const middle = part.length >> 1;
        parts.push(part.slice(middle), part.slice(0, middle));
      }
    }
    return undefined;
  }

  const busy = (): Refusal =>
    new Refusal(
      refuse(
        "busy",
        `${jobs.open()} samples wait for InfluxDB${reason ? ` (${reason})` : ""}.`,
        "Send them again later.",
      ),
    );

  return {
    connect,
    write(samples) {
      if (closed) return Promise.reject(unwritten("the history is closing"));
      if (jobs.open() > 0 && jobs.open() + samples.length > maxWaitingSamples) return Promise.reject(busy());
      const writing = jobs.add(samples);
      schedule();
      return writing;
    },
    describe() {
      const since = jobs.since();
      return {
        state,
        waiting: jobs.open(),
        oldestMs: since === undefined ? 0 : Date.now() - since,
        ...(reason === undefined ? {} : { reason }),
      };
    },
    async close(patienceMs) {
      closed = true;
      backoff.wake();
      schedule();
      const until = Date.now() + patienceMs;
      while (jobs.open() > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
      jobs.failAll(unwritten(reason ?? "there was no time left"));
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const unwritten = (why: string): Failure =>
  new Failure("history-failed", `The samples were not written: ${why}.`, "Send them again.", true);
