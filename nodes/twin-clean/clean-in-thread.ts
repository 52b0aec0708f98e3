import path from "node:path";
import type { CleanedTable, Dropped, TableOptions } from "../../engine/cleaning/clean-table";
import type { CleaningRule } from "../../engine/cleaning/cleaning-rule";
import { neededColumns } from "../../engine/cleaning/needed-columns";
import { packedBuffers, packRows, unpackRows } from "../../engine/cleaning/packed-rows";
import type { Row, Table } from "../../engine/contract/messages";
import { inSlices } from "../lib/in-slices";
import { runInThread } from "../lib/run-in-thread";
import type { CleanAnswer, CleanRequest, CleanWord } from "./clean-worker";
import { checkColumns } from "./large-tables";

/** Memory of the thread, beside the columns that are handed over. */
const maxHeapMb = 4096;

/**
 * Cleans a table as `cleanTable` does, in a thread of its own. The main thread hands the table over as typed columns and takes
 * in what changed, both in slices of some milliseconds. Aborting the signal ends the thread at once.
 */
export function cleanInThread(
  table: Table,
  rules: readonly CleaningRule[],
  options: TableOptions,
  signal: AbortSignal,
): Promise<CleanedTable> {
  const result = createResult(table);
  const request: CleanRequest = { rules, options };
  const feeding = new AbortController();
  const both = AbortSignal.any([signal, feeding.signal]);
  let say: (word: CleanWord) => void = () => undefined;
  return runInThread(
    {
      file: path.join(__dirname, "clean-worker.js"),
      name: "twin-clean",
      job: "cleaning",
      data: request,
      smaller: "Send a part of the rows, or fewer columns.",
      limits: { maxOldGenerationSizeMb: maxHeapMb },
      started(worker) {
        say = (word) => worker.postMessage(word, word.type === "rows" ? packedBuffers(word.rows) : []);
        feed(table, neededColumns(rules, options), say, both).catch((error) => feeding.abort(error));
      },
      answer(answer: CleanAnswer) {
        const done = result.take(answer);
        if (!done) setImmediate(say, { type: "next" });
        return done;
      },
    },
    both,
  );
}

async function feed(
  table: Table,
  columns: Set<string> | undefined,
  say: (word: CleanWord) => void,
  signal: AbortSignal,
): Promise<void> {
  let at = 0;
  const names = new Set<string>();
  await inSlices(() => {
    if (at === table.length) return true;
    const rows = packRows(table, at, columns);
    at += rows.rows;
    for (const name of rows.columns) names.add(name);
    checkColumns(names.size);
    say({ type: "rows", rows });
    return false;
  }, signal);
  say({ type: "end" });
}

/** Puts the answer together with the rows that came in. */
function createResult(table: Table): { take(answer: CleanAnswer): CleanedTable | undefined } {
  const changed = new Map<number, Row>();
  const rows: Row[] = [];
  const from: number[] = [];
  const dropped: Dropped<Row>[] = [];
  return {
    take(answer) {
      if (answer.type === "changes")
        (unpackRows(answer.rows) as Row[]).forEach((change, i) => {
          const row = answer.at[i]!;
          changed.set(row, { ...table[row]!, ...change });
        });
      else if (answer.type === "kept")
        for (const i of answer.from) {
          from.push(i);
          rows.push(changed.get(i) ?? table[i]!);
        }
      else if (answer.type === "rows") for (const row of unpackRows(answer.rows)) rows.push(row as Row);
      else if (answer.type === "dropped")
        for (const error of answer.errors) dropped.push({ row: table[error.index!]!, error });
      else return { rows, dropped, report: answer.report, ...(answer.report.grid ? {} : { from }) };
      return undefined;
    },
  };
}
