import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Failure, Refusal } from "../../../engine/contract/errors";
import type { Sample } from "../../../engine/contract/messages";
import { readHistoryQuery } from "../../../engine/history/history-query";
import { reportSample } from "../../../engine/twin/report";
import { openEmbeddedFile } from "../../../nodes/twin-history/embedded";
import { openEmbeddedStore } from "../../../nodes/twin-store/embedded";
import type { Journal, TwinStore } from "../../../nodes/twin-store/store";
import type { SmallDisk } from "../../support/small-disk";
import type { FaultRow } from "../fault-case";

const source = "door";

/** Writes an entry down; what it returns without throwing is acknowledged. */
export type Accept = (journal: Journal, data: string) => void;

export const recordFirst: Accept = (journal, data) => void journal.append(source, data);

/** As a door does that answers on arrival and writes afterwards. */
export const acknowledgeFirst: Accept = (journal, data) => {
  try {
    journal.append(source, data);
  } catch {
    // The answer has left already.
  }
};

/** Journal, store and embedded history on a disk that runs full and is freed again while samples come, without a restart. */
export async function fullDisk(disk: SmallDisk, samples: number, accept: Accept): Promise<FaultRow> {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const home = path.join(disk.folder, "home");
  const store = openEmbeddedStore({ folder: home, durability: "process", warn });
  const file = openEmbeddedFile(path.join(home, "history.db"), warn);
  const { history } = file.open({ database: "twin", measurement: "twin", keepMs: Number.POSITIVE_INFINITY });
  const taken = { journal: new Set<string>(), twins: new Map<string, number>(), history: new Set<number>() };
  const count = { samples: 0, acknowledged: 0, refusedWhileFull: 0, refusedAfterwards: 0 };

  async function send(phase: "empty" | "full" | "freed"): Promise<void> {
    for (let k = 0; k < samples; k++) {
      const ts = ++count.samples;
      const sample: Sample = { id: `press-${ts % 7}`, ts, values: { force: ts, text: "x".repeat(ts % 500) } };
      const data = JSON.stringify(sample);
      const took = [
        await isDone(
          () => accept(store.journal, data),
          () => taken.journal.add(data),
        ),
        await isDone(
          () => report(store, sample),
          () => taken.twins.set(sample.id, ts),
        ),
        await isDone(
          async () => {
            const { written } = await history.write([sample]);
            if (written !== 1) throw new Failure("history-failed", "Not written.");
          },
          () => taken.history.add(ts),
        ),
      ];
      count.acknowledged += took.filter(Boolean).length;
      if (phase === "full") count.refusedWhileFull += took.filter((one) => !one).length;
      if (phase === "freed") count.refusedAfterwards += took.filter((one) => !one).length;
    }
  }

  const copy = mkdtempSync(path.join(tmpdir(), "meditwin-full-disk-"));
  try {
    await send("empty");
    disk.fill();
    await send("full");
    disk.free();
    await send("freed");
    // As kill -9 leaves it.
    cpSync(home, copy, { recursive: true });
    const lost = await missing(copy, taken);
    const held = lost === 0 && count.refusedAfterwards === 0 && count.refusedWhileFull > 0;
    return { done: "disk full and freed: journal, store, history", figures: { ...count, lost }, held };
  } finally {
    store.close();
    await file.close();
    for (const folder of [home, copy]) rmSync(folder, { recursive: true, force: true });
  }
}

function report({ twins }: TwinStore, sample: Sample): Promise<unknown> {
  return twins.update(sample.id, (current) => {
    const { document, changed } = reportSample(current, sample, { now: sample.ts });
    return { document, changed, notify: false };
  });
}

/** Refusals say why; anything else that is thrown ends the case. */
async function isDone(write: () => unknown, acknowledged: () => unknown): Promise<boolean> {
  try {
    await write();
  } catch (error) {
    if (error instanceof Failure || error instanceof Refusal) return false;
    throw error;
  }
  acknowledged();
  return true;
}

interface Taken {
  journal: Set<string>;
  twins: Map<string, number>;
  history: Set<number>;
}

async function missing(folder: string, taken: Taken): Promise<number> {
  const fail = (text: string): void => {
    throw new Error(text);
  };
  const store = openEmbeddedStore({ folder, durability: "process", warn: fail });
  const file = openEmbeddedFile(path.join(folder, "history.db"), fail);
  try {
    const { history } = file.open({ database: "twin", measurement: "twin", keepMs: Number.POSITIVE_INFINITY });
    const entries = new Set([...store.journal.unreleased(source)].map(({ data }) => data.toString()));
    const rows = await history.query(readHistoryQuery({ twin: "*", start: 0, end: 1e9 }, 0));
    const times = new Set(rows.map(({ time }) => time));
    let lost = 0;
    for (const data of taken.journal) if (!entries.has(data)) lost++;
    for (const ts of taken.history) if (!times.has(ts)) lost++;
    for (const [id, ts] of taken.twins) if (((await store.twins.get(id))?.meta.force?.ts ?? 0) < ts) lost++;
    return lost;
  } finally {
    store.close();
    await file.close();
  }
}
