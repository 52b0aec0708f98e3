import type { RecentData } from "../../engine/cleaning/preview-cleaning";
import type { Row, Sample } from "../../engine/contract/messages";
import { copyRow } from "../lib/copy-row";
import { acquire } from "../lib/shared";

/** Most samples, or rows of a table, that a node keeps for the preview of its form. */
export const maxKept = 200;
/** About as many bytes of values as that may be; longer texts are kept by their beginning. */
export const maxKeptBytes = 262_144;

/** What came into a node last, its scalars: cleaning passes over everything else. */
export interface RecentKeeper {
  /** A sample, or the samples of a batch. */
  samples(samples: readonly Sample[]): void;
  table(rows: readonly Row[]): void;
}

interface Kept extends RecentKeeper {
  read(): RecentData;
}

const keepers = new Map<string, Kept>();

/** Keeps for the node of that id, as the editor knows it, until it is released, and over a deploy. Instances of a subflow share it. */
export function keepRecent(nodeId: string): { keeper: RecentKeeper; release(): void } {
  const { value, release } = acquire(`twin-clean:recent:${nodeId}`, () => {
    const keeper = createRecentKeeper();
    keepers.set(nodeId, keeper);
    return { value: keeper, dispose: () => void keepers.delete(nodeId) };
  });
  return { keeper: value, release };
}

/** What the node of that id kept; nothing for one that does not run. */
export const recentOf = (nodeId: string): RecentData =>
  keepers.get(nodeId)?.read() ?? { kind: "samples", messages: [] };

export function createRecentKeeper(): Kept {
  let kept: { message: number; sample: Sample; bytes: number }[] = [];
  let bytes = 0;
  let message = 0;
  let table: { rows: Row[]; of: number } | undefined;
  return {
    samples(samples) {
      table = undefined;
      message++;
      for (let i = Math.max(0, samples.length - maxKept); i < samples.length; i++) {
        const { id, ts, values } = samples[i]!;
        const copy = copyRow(values);
        if (copy.bytes > maxKeptBytes) continue;
        kept.push({ message, sample: { id, ts, values: copy.values as Sample["values"] }, bytes: copy.bytes });
        bytes += copy.bytes;
        while (kept.length > maxKept || bytes > maxKeptBytes) bytes -= kept.shift()!.bytes;
      }
    },
    table(rows) {
      kept = [];
      bytes = 0;
      table = { rows: [], of: rows.length };
      let tableBytes = 0;
      for (const row of rows.slice(0, maxKept)) {
        const copy = copyRow(row);
        tableBytes += copy.bytes;
        if (tableBytes > maxKeptBytes) break;
        table.rows.push(copy.values);
      }
    },
    read() {
      if (table) return { kind: "table", ...table };
      const messages = new Map<number, Sample[]>();
      for (const { message, sample } of kept) messages.set(message, [...(messages.get(message) ?? []), sample]);
      return { kind: "samples", messages: [...messages.values()] };
    },
  };
}
