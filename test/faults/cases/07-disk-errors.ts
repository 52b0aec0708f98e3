import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openSegmentLog, type SegmentLog } from "../../../nodes/lib/segment-log";
import { failFlushes, failWrites, type WriteFault } from "../../support/failing-disk";
import type { FaultRow } from "../fault-case";

const records = 40;

/** Writes a record and resolves when it may be acknowledged. Throws or rejects when it may not. */
export type Append = (log: SegmentLog, payload: Buffer) => unknown;

const kinds: [WriteFault, boolean][] = [
  ["refused", false],
  ["torn", false],
  ["short", false],
  ["torn", true],
];

/** The n-th write to the journal's files fails, in four ways; after each the log is opened as after kill -9. */
export function failingWrites(upTo: number, append: Append): FaultRow {
  const count = { trials: 0, failedWrites: 0, acknowledged: 0, lost: 0, notResumed: 0 };
  for (const [fault, cutsFail] of kinds)
    for (let nth = 1; nth <= upTo; nth++) {
      withLog((log, reopen) => {
        const disk = failWrites({ nth, times: 1 + (nth % 3), code: nth % 2 ? "EIO" : "ENOSPC" }, fault, cutsFail);
        const acknowledged: string[] = [];
        try {
          for (let k = 0; k < records; k++)
            if (isTaken(() => append(log, textOf(k)))) acknowledged.push(String(textOf(k)));
        } finally {
          disk.restore();
        }
        if (isTaken(() => append(log, textOf(records)))) acknowledged.push(String(textOf(records)));
        else count.notResumed++;
        count.trials++;
        count.failedWrites += disk.failed();
        count.acknowledged += acknowledged.length;
        count.lost += missingFrom(reopen(), acknowledged);
      });
    }
  return { done: "the n-th write to the journal fails", figures: count, held: count.lost + count.notResumed === 0 };
}

/** The n-th flush fails at level `power`, and the power goes off: acknowledged is only what a good flush has covered. */
export async function failingFlushes(upTo: number): Promise<FaultRow> {
  const count = { trials: 0, failedFlushes: 0, acknowledged: 0, lost: 0, notResumed: 0 };
  for (let nth = 1; nth <= upTo; nth++)
    await withLog(async (log, reopen) => {
      const disk = failFlushes({ nth, times: 1 + (nth % 3 === 0 ? 1 : 0) });
      const acknowledged: string[] = [];
      const waiting: Promise<unknown>[] = [];
      for (let k = 0; k < records; k++) {
        const text = String(textOf(k));
        log.append(textOf(k));
        const flushed = log.synced().then(
          () => acknowledged.push(text),
          () => undefined,
        );
        waiting.push(flushed);
        // Some wait for the flush under way, some for the one after it.
        if (k % 3 === 2) await flushed;
      }
      await Promise.all(waiting);
      let resumed = false;
      for (let k = records; k < records + 3 && !resumed; k++) {
        log.append(textOf(k));
        resumed = await log.synced().then(
          () => acknowledged.push(String(textOf(k))) > 0,
          () => false,
        );
      }
      disk.powerCut();
      disk.restore();
      count.trials++;
      count.failedFlushes += disk.failed();
      count.acknowledged += acknowledged.length;
      if (!resumed) count.notResumed++;
      count.lost += missingFrom(reopen(), acknowledged);
    });
  return {
    done: "the n-th flush fails at level power, then the power",
    figures: count,
    held: count.lost + count.notResumed === 0,
  };
}

function withLog<T>(use: (log: SegmentLog, reopen: () => SegmentLog) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-disk-"));
  const open = (): SegmentLog => openSegmentLog({ folder, maxBytes: 1e6, segmentBytes: 600, warn: () => undefined });
  const log = open();
  let again: SegmentLog | undefined;
  // The first is left open, as kill -9 leaves it, until all is seen.
  const end = (): void => {
    again?.close();
    log.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const result = use(log, () => {
    again = open();
    return again;
  });
  if (result instanceof Promise) return result.finally(end) as T;
  end();
  return result;
}

const textOf = (k: number): Buffer => Buffer.from(`record ${k} ${"x".repeat(k % 60)}`);

function isTaken(append: () => unknown): boolean {
  try {
    append();
    return true;
  } catch {
    return false;
  }
}

function missingFrom(log: SegmentLog, acknowledged: string[]): number {
  const found = new Set([...log.pending()].map(({ payload }) => payload.toString()));
  return acknowledged.filter((text) => !found.has(text)).length;
}
