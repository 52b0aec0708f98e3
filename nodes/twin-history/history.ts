import { Failure, type RefusalInfo } from "../../engine/contract/errors";
import type { Sample, Table } from "../../engine/contract/messages";
import type { HistoryQuery } from "../../engine/history/history-query";

/**
 * What a `twin-history` node offers. Nodes see only this, whatever keeps the data. Promises reject with a `Failure` when the
 * history cannot do its work, and with a `Refusal` (`busy`, `too-large`) when it will not.
 */
export interface History {
  readonly backend: "embedded" | "influx";
  readonly database: string;
  /**
   * Keeps the samples. Resolves when they are durable (embedded: committed; InfluxDB: acknowledged by the server, or on disk in
   * the spool while it is away) or refused one by one. The same twin and time again merges property by property: replays are harmless.
   */
  write(samples: readonly Sample[]): Promise<Written>;
  /** Rows `{ time, id, <property>... }` in order of time and id. */
  query(query: HistoryQuery, options?: QueryOptions): Promise<Table>;
  describe(): HistoryStatus;
  /** Hears of every change of `state`. Returns the way to stop. */
  watch(listener: (status: HistoryStatus) => void): () => void;
}

export interface Written {
  /** Samples that are durable now. */
  written: number;
  /** How many of them are on disk and not with the server yet. Absent: none. */
  spooled?: number;
  /** Samples without any reading: nothing of them is kept. */
  empty: number;
  refused: { index: number; error: RefusalInfo }[];
}

export interface QueryOptions {
  signal?: AbortSignal;
  /** @default 1,000,000 */
  maxCells?: number;
  /** @default 30,000 */
  timeoutMs?: number;
}

/** `retrying`: the server cannot be reached, samples go to the spool. `failed`: it will not take them as things are set up. */
export type HistoryState = "connecting" | "ok" | "retrying" | "failed";

export interface HistoryStatus {
  state: HistoryState;
  /** Samples in memory that are not durable yet. */
  waiting: number;
  /** Samples on disk that the server does not have yet. */
  spooled: number;
  /** What the spool takes on disk, and may take. 0 where there is none. */
  spoolBytes: number;
  spoolMaxBytes: number;
  /** How long the oldest sample that is not where it belongs yet, in memory or in the spool, has waited, ms. */
  oldestMs: number;
  /** Samples out of the spool that the server refused, since the start of this process: they stand in a file. */
  refusedLater: number;
  /** Samples out of the spool that were given up for newer ones (`drop-oldest`) or could not be read, since that start. */
  dropped: number;
  /** Why the state is not ok. */
  reason?: string;
}

/** What a backend without a spool says of it. */
export const noSpool = { spooled: 0, spoolBytes: 0, spoolMaxBytes: 0, refusedLater: 0, dropped: 0 };

export const defaultQueryTimeoutMs = 30_000;
/** Samples that may wait at once. More are refused as `busy`. */
export const maxWaitingSamples = 100_000;

export const timedOut = (timeoutMs: number): Failure =>
  new Failure(
    "timed-out",
    `The history gave no answer within ${timeoutMs / 1000} s.`,
    "Ask for a shorter time or fewer twins, or use a window.",
    true,
  );

export const cancelled = (): Failure => new Failure("cancelled", "The question was given up.");
