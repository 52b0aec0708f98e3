import { Failure } from "../../engine/contract/errors";
import { readLine } from "../../engine/history/read-line";
import { type Backoff, createBackoff } from "./backoff";
import type { InfluxClient } from "./influx-client";
import { refusalOf } from "./influx-refusals";
import type { RefusedSample } from "./refused-file";
import { type Sent, sendLines } from "./send-lines";
import type { Drained, Spool } from "./spool";

export interface SpoolDrainOptions {
  batchSize: number;
  retryMs?: number;
  maxRetryMs?: number;
  /** How each attempt ended. */
  onSent(sent: Sent): void;
}

/** Finds out when a server that is away is back, and gives it what the spool holds, oldest first. */
export interface SpoolDrain {
  /** Goes on until the spool is empty and the server answers. @param afterMs pause before the first attempt, as the server asked */
  start(afterMs?: number): void;
  /** No more attempts. What is under way is not awaited. */
  stop(): void;
  /** Leaves the spool to others. */
  leave(): void;
}

export function createSpoolDrain(client: InfluxClient, spool: Spool, options: SpoolDrainOptions): SpoolDrain {
  const { batchSize, retryMs = 250, maxRetryMs = 30_000, onSent } = options;
  const backoff: Backoff = createBackoff(retryMs, maxRetryMs);
  const membership = spool.join(() => start());
  let running = false;
  let stopped = false;

  function start(afterMs?: number): void {
    if (running || stopped) return;
    running = true;
    void run(afterMs);
  }

  /** An attempt that ended well ends the pauses; while there is something to drain, the next follows at once. */
  async function run(afterMs: number | undefined): Promise<void> {
    let failures = 0;
    if (afterMs !== undefined) await backoff.pause(failures++, afterMs);
    while (!stopped) {
      const next = membership.drains() ? spool.oldest(batchSize) : undefined;
      const sent = next ? await drain(next) : await probe();
      if (stopped) return;
      onSent(sent);
      if (sent.kind === "sent") {
        failures = 0;
        if (!next || spool.describe().spooled === 0) break;
      } else await backoff.pause(failures++, sent.kind === "away" ? sent.afterMs : undefined);
    }
    // Without a pause after the last look at the spool: what comes into it from here on starts a new run.
    running = false;
    spool.refused.tell();
  }

  async function probe(): Promise<Sent> {
    const verdict = await client.probe();
    if (verdict?.kind === "retry") return { kind: "away", reason: verdict.reason, afterMs: verdict.afterMs };
    return verdict?.kind === "refused" ? verdict : { kind: "sent" };
  }

  async function drain({ lines, numbers }: Drained): Promise<Sent> {
    const refused: RefusedSample[] = [];
    const sent = await sendLines((from, to) => client.write(lines.slice(from, to)), lines.length, {
      taken: () => undefined,
      bad(from, to, reason) {
        for (const line of lines.slice(from, to)) {
          const sample = readLine(line);
          refused.push({ sample, error: refusalOf(reason, sample) });
        }
      },
    });
    if (sent.kind !== "sent") return sent;
    try {
      await spool.refused.add(refused);
    } catch (error) {
      // Kept, and sent again: what the server has taken by now it takes again without harm.
      const failure = new Failure(
        "store-failed",
        `What InfluxDB refused cannot be noted: ${String(error)}.`,
        "Free space on the disk.",
        true,
      );
      return { kind: "refused", failure };
    }
    spool.release(numbers);
    return sent;
  }

  return {
    start,
    stop() {
      stopped = true;
      backoff.wake();
    },
    leave: membership.leave,
  };
}
