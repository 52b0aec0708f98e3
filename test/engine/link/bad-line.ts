import assert from "node:assert/strict";
import type { Values } from "../../../engine/contract/messages";
import { relativeError } from "../../../engine/link/quantile-sketch";
import { createDice } from "../../support/dice";

/** What is done to the samples of one twin on purpose, in shares of 1. */
export interface BadLine {
  lose: number;
  repeat: number;
  reorder: number;
  /** Delays at random, ms; the fastest takes none. */
  delayMs: readonly number[];
}

export interface Sent {
  seq: number;
  /** When the device read it, and when it comes, ms from 0. */
  ts: number;
  at: number;
}

export interface Truth {
  sent: number;
  lost: number;
  repeated: number;
  reordered: number;
  /** Of those that came for the first time, ms, sorted. */
  delays: number[];
  bursts: number;
  longestBurst: number;
}

/**
 * The samples of a twin that reads every `everyMs`, in the order in which they come, and what was done to them. The first and the
 * last always come, so that all that was lost lies between numbers that came; neighbours are swapped at most once.
 */
export function overBadLine(
  line: BadLine,
  count: number,
  everyMs: number,
  seed: number,
): { samples: Sent[]; truth: Truth } {
  const dice = createDice(seed);
  const happens = (share: number): boolean => dice(1_000_000) < share * 1_000_000;
  const kept: Sent[] = [];
  const truth: Truth = { sent: count, lost: 0, repeated: 0, reordered: 0, delays: [], bursts: 0, longestBurst: 0 };
  let run = 0;
  for (let seq = 0; seq < count; seq++) {
    if (seq > 0 && seq < count - 1 && happens(line.lose)) {
      truth.lost++;
      if (++run === 1) truth.bursts++;
      truth.longestBurst = Math.max(truth.longestBurst, run);
      continue;
    }
    run = 0;
    const ts = seq * everyMs;
    kept.push({ seq, ts, at: ts + line.delayMs[dice(line.delayMs.length)]! });
  }
  for (let i = 0; i + 1 < kept.length; i++) {
    if (!happens(line.reorder)) continue;
    // The one waits until the other has come.
    const [first, second] = [kept[i]!, kept[i + 1]!];
    first.at = second.at;
    kept[i] = second;
    kept[i + 1] = first;
    truth.reordered++;
    i++;
  }
  const samples: Sent[] = [];
  for (const one of kept) {
    truth.delays.push(one.at - one.ts);
    samples.push(one);
    if (!happens(line.repeat)) continue;
    truth.repeated++;
    samples.push({ ...one, at: one.at + 1 });
  }
  truth.delays.sort((a, b) => a - b);
  return { samples, truth };
}

/** The value of rank floor(share x (count - 1)). */
export const ranked = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(share * (sorted.length - 1))]!;

/** The quantiles of latency that a period told are those of the delays, within the sketch's error and the rounding. */
export function assertLatencies(values: Values, delays: readonly number[]): void {
  for (const [name, share] of [
    ["latency.p50", 0.5],
    ["latency.p95", 0.95],
    ["latency.p99", 0.99],
    ["latency.max", 1],
  ] as const) {
    const wanted = ranked(delays, share);
    assert.ok(
      Math.abs(Number(values[name]) - wanted) <= relativeError * wanted + 0.0005,
      `${name}: ${values[name]} for ${wanted}`,
    );
  }
}
