import { parentPort, workerData } from "node:worker_threads";
import { type CleanedTable, cleanTable, type TableOptions } from "../../engine/cleaning/clean-table";
import type { CleaningReport } from "../../engine/cleaning/cleaning-report";
import type { CleaningRule } from "../../engine/cleaning/cleaning-rule";
import { type PackedRows, packedBuffers, packRows, unpackRows } from "../../engine/cleaning/packed-rows";
import { Refusal, type RefusalInfo } from "../../engine/contract/errors";
import type { Row } from "../../engine/contract/messages";
import type { Refused } from "../lib/run-in-thread";

/** What the worker is started with. */
export interface CleanRequest {
  rules: readonly CleaningRule[];
  options: TableOptions;
}

/** What it is sent then: the table in parts, an end, and a word for each part of the answer that it may send. */
export type CleanWord = { type: "rows"; rows: PackedRows } | { type: "end" } | { type: "next" };

/** What it answers, part by part, `done` as its last word. */
export type CleanAnswer =
  /** The changed cells of rows that came in. */
  | { type: "changes"; at: Uint32Array; rows: PackedRows }
  /** New rows: those of a grid. */
  | { type: "rows"; rows: PackedRows }
  | { type: "dropped"; errors: RefusalInfo[] }
  /** The places of the rows that go on, after all changes. */
  | { type: "kept"; from: Uint32Array }
  | { type: "done"; report: CleaningReport };

const errorsAtOnce = 2000;
const placesAtOnce = 20_000;

// Cleans off the main thread, so that no flow waits for a large table. One table per worker: ending it is the way to cancel.
const port = parentPort;
if (port) {
  const { rules, options } = workerData as CleanRequest;
  const table: Row[] = [];
  let parts: Iterator<CleanAnswer> | undefined;
  const say = (answer: CleanAnswer | Refused): void => {
    const rows = answer.type === "changes" || answer.type === "rows" ? packedBuffers(answer.rows) : [];
    port.postMessage(answer, rows);
  };
  port.on("message", (word: CleanWord) => {
    if (word.type === "rows") {
      for (const row of unpackRows(word.rows)) table.push(row as Row);
      return;
    }
    try {
      parts ??= answerOf(table, cleanTable(table, rules, options));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      say({ type: "refused", info: error.info });
      return;
    }
    say(parts.next().value as CleanAnswer);
  });
}

/** In parts, because the main thread takes them in between other work. */
function* answerOf(table: readonly Row[], { rows, from, dropped, report }: CleanedTable): Generator<CleanAnswer> {
  if (from) {
    yield* changesOf(table, rows, from);
    for (let i = 0; i < from.length; i += placesAtOnce)
      yield { type: "kept", from: Uint32Array.from(from.slice(i, i + placesAtOnce)) };
  } else
    for (let i = 0; i < rows.length; ) {
      const packed = packRows(rows, i);
      i += packed.rows;
      yield { type: "rows", rows: packed };
    }
  for (let i = 0; i < dropped.length; i += errorsAtOnce)
    yield { type: "dropped", errors: dropped.slice(i, i + errorsAtOnce).map(({ error }) => error) };
  yield { type: "done", report };
}

/** What cleaning changed in the rows that go on: their other cells are where they came from. */
function* changesOf(table: readonly Row[], rows: readonly Row[], from: readonly number[]): Generator<CleanAnswer> {
  const at: number[] = [];
  const changes: Row[] = [];
  rows.forEach((row, i) => {
    const before = table[from[i]!]!;
    if (row === before) return;
    at.push(from[i]!);
    changes.push(changeOf(before, row));
  });
  for (let i = 0; i < changes.length; ) {
    const packed = packRows(changes, i);
    yield { type: "changes", at: Uint32Array.from(at.slice(i, i + packed.rows)), rows: packed };
    i += packed.rows;
  }
}

function changeOf(before: Row, after: Row): Row {
  const change: Row = {};
  for (const name of Object.keys(after))
    if (!Object.hasOwn(before, name) || !Object.is(before[name], after[name])) change[name] = after[name];
  return change;
}
