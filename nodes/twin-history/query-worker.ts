import type { DatabaseSync } from "node:sqlite";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { crc32 } from "node:zlib";
import { Refusal, type RefusalInfo } from "../../engine/contract/errors";
import { matchesPattern } from "../../engine/contract/matches-pattern";
import type { Row, Values } from "../../engine/contract/messages";
import { createAnswer } from "../../engine/history/answer";
import { answerQuery, type HistorySource } from "../../engine/history/answer-query";
import type { HistoryQuery } from "../../engine/history/history-query";
import { isDamage, loadSqlite } from "../lib/sqlite";
import { checkedText } from "./embedded-file";

/**
 * The one thread that reads a history file, so that no question holds up the event loop. Main asks (`Ask`), and then asks for
 * each further piece (`next`), so that it never has to unpack more than one piece at a time.
 */
export interface Ask {
  kind: "ask";
  measurement: string;
  query: HistoryQuery;
  maxCells: number;
}
export type ToWorker = Ask | { kind: "next" } | { kind: "drop" };
export type FromWorker =
  | { kind: "rows"; rows: Row[]; last: boolean; damaged: number }
  | { kind: "refused"; info: RefusalInfo }
  | { kind: "failed"; message: string; damaged: boolean }
  | { kind: "stopped" };

export interface WorkerData {
  file: string;
  /** Its first cell is 1 when the present question is to be given up. */
  stop: SharedArrayBuffer;
}

class Stopped extends Error {}

/** How many rows are read between two looks at `stop`. */
const rowsPerLook = 256;

function start(port: MessagePort, { file, stop }: WorkerData): void {
  const { DatabaseSync: Database } = loadSqlite("history");
  const db = new Database(file, { readOnly: true });
  db.exec("PRAGMA busy_timeout = 5000");
  const stopped = new Int32Array(stop);
  let damaged = 0;
  let pieces: Iterator<Row[]> | undefined;
  let ahead: Row[] = [];

  const checkStop = (): void => {
    if (Atomics.load(stopped, 0) !== 0) throw new Stopped();
  };

  function sendPiece(): void {
    if (!pieces) return;
    const rows = ahead;
    const next = pieces.next();
    ahead = next.done ? [] : next.value;
    port.postMessage({ kind: "rows", rows, last: next.done === true, damaged } satisfies FromWorker);
    if (next.done) pieces = undefined;
  }

  function ask({ measurement, query, maxCells }: Ask): void {
    damaged = 0;
    const answer = createAnswer(query, maxCells);
    const found = (): void => void damaged++;
    answerQuery(query, sourceOf(db, measurement, query.twin, checkStop, found), answer);
    pieces = answer.chunks();
    const first = pieces.next();
    ahead = first.done ? [] : first.value;
    sendPiece();
  }

  port.on("message", (message: ToWorker) => {
    try {
      if (message.kind === "ask") ask(message);
      else if (message.kind === "next") sendPiece();
      else pieces = undefined;
    } catch (error) {
      pieces = undefined;
      port.postMessage(answerTo(error));
    }
  });
}

function answerTo(error: unknown): FromWorker {
  if (error instanceof Stopped) return { kind: "stopped" };
  if (error instanceof Refusal) return { kind: "refused", info: error.info };
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "failed", message, damaged: isDamage(error) };
}

function sourceOf(
  db: DatabaseSync,
  measurement: string,
  twin: string,
  checkStop: () => void,
  onDamage: () => void,
): HistorySource {
  const series = new Map<string, number>();
  const all = db.prepare("SELECT series, id FROM series WHERE measurement = ? ORDER BY id");
  const one = db.prepare("SELECT series, id FROM series WHERE measurement = ? AND id = ?");
  const range = db.prepare(
    'SELECT ts, model, "values", crc FROM samples WHERE series = ? AND ts BETWEEN ? AND ? ORDER BY ts',
  );
  return {
    ids() {
      // Not iterated while other statements run: a list of ids is small, and the file may change in between.
      const rows = twin.includes("*") ? all.all(measurement) : one.all(measurement, twin);
      for (const row of rows) {
        const id = row.id as string;
        if (!twin.includes("*") || matchesPattern(id, twin)) series.set(id, row.series as number);
      }
      return series.keys();
    },
    *samples(id, start, end) {
      checkStop();
      let read = 0;
      for (const row of range.iterate(series.get(id) as number, start, end)) {
        if (++read % rowsPerLook === 0) checkStop();
        const ts = row.ts as number;
        const text = row.values as string;
        if (crc32(checkedText(id, ts, row.model as string, text)) !== row.crc) {
          onDamage();
          continue;
        }
        yield { ts, values: JSON.parse(text) as Values };
      }
    },
  };
}

if (parentPort) start(parentPort, workerData as WorkerData);
