import type { Table } from "../../engine/contract/messages";
import { copyRow } from "../lib/copy-row";
import { acquire } from "../lib/shared";

/** Most rows and cells of the last table that a node keeps for its form, evenly picked. */
export const maxKeptRows = 2000;
export const maxKeptCells = 100_000;
/** About as many bytes of values as that may be. */
const maxKeptBytes = 4_000_000;

/** A sample of the rows of a table that has `of` of them. */
export interface LastTable {
  rows: Table;
  of: number;
}

interface Kept {
  last?: LastTable;
}

const kept = new Map<string, Kept>();

/** Keeps the last table of the node of that id, as the editor knows it, until it is released, and over a deploy. Instances of a subflow share it. */
export function keepLastTable(nodeId: string): { keep(table: Table): void; release(): void } {
  const { value, release } = acquire<Kept>(`twin-train:last:${nodeId}`, () => {
    const own: Kept = {};
    kept.set(nodeId, own);
    return { value: own, dispose: () => void kept.delete(nodeId) };
  });
  return {
    keep(table) {
      value.last = sampleOf(table);
    },
    release,
  };
}

/** What the node of that id kept; undefined for one that does not run, or got nothing yet. */
export const lastTableOf = (nodeId: string): LastTable | undefined => kept.get(nodeId)?.last;

function sampleOf(table: Table): LastTable {
  const width = Math.max(1, Object.keys(table[0] ?? {}).length);
  const count = Math.min(table.length, maxKeptRows, Math.ceil(maxKeptCells / width));
  const rows: Table = [];
  let bytes = 0;
  for (let i = 0; i < count && bytes < maxKeptBytes; i++) {
    const copy = copyRow(table[Math.floor((i * table.length) / count)]);
    bytes += copy.bytes;
    rows.push(copy.values);
  }
  return { rows, of: table.length };
}
