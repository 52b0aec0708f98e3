import { parentPort, workerData } from "node:worker_threads";
import { Refusal } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import { type DescribedTable, describeColumns } from "../../engine/learning/describe-columns";
import type { Refused } from "../lib/run-in-thread";
import { readTableText } from "./read-table";

/** What the worker is started with: a table, or the text of one. */
export interface ColumnsRequest {
  rows?: Table;
  text?: string;
  target: string;
}

/** `of`: rows of the text, of which at most `maxCells` cells were looked at, evenly picked. */
export interface ColumnsAnswer {
  type: "done";
  described: DescribedTable & { of: number };
}

/** More tell nothing new, and would take seconds. */
const maxCells = 500_000;

const port = parentPort;
if (port) {
  const { rows, text, target } = workerData as ColumnsRequest;
  try {
    const table = rows ?? readTableText(text ?? "");
    const width = Math.max(1, Object.keys(table[0] ?? {}).length);
    const count = Math.min(table.length, Math.ceil(maxCells / width));
    const picked = Array.from({ length: count }, (_, i) => table[Math.floor((i * table.length) / count)]!);
    const described = { ...describeColumns(picked, target), of: table.length };
    port.postMessage({ type: "done", described } satisfies ColumnsAnswer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    port.postMessage({ type: "refused", info: error.info } satisfies Refused);
  }
}
