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
   * Keeps the samples. Resolves when they are durable (embedded: committed; InfluxDB: acknowledged by the server) or refused
   * one by one. The same twin and time again merges property by property: replays are harmless.
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

/** `retrying`: the server cannot be reached, samples wait. `failed`: it will not take them as things are set up. */
export type HistoryState = "connecting" | "ok" | "retrying" | "failed";

export interface HistoryStatus {
  state: HistoryState;
  /** Samples that are not durable yet. */
  waiting: number;
  /** How long the oldest of them has waited, ms. */
  oldestMs: number;
  /** Why the state is not ok. */
  reason?: string;
}

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
