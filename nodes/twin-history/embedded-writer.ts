import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { type CheckedSample, checkSample, type StoredValue } from "../../engine/history/check-sample";
import { createCommitPace } from "../lib/commit-pace";
import { checkedText } from "./embedded-file";
import { maxWaitingSamples, type Written } from "./history";

/** How long one turn of the event loop may write. */
const turnMs = 10;
/** Longest that a sample waits for others. */
const maxWaitMs = 50;
/** So many samples go without waiting. */
const enough = 4000;
const maxCachedSeries = 100_000;

interface Job {
  measurement: string;
  samples: readonly Sample[];
  /** First sample that is not written yet. */
  next: number;
  since: number;
  result: Written;
  resolve(result: Written): void;
  reject(error: Error): void;
}

export interface EmbeddedWriter {
  write(measurement: string, samples: readonly Sample[]): Promise<Written>;
  /** Commits everything that waits, now. */
  flush(): void;
  waiting(): { samples: number; since: number | undefined };
  /** Forgets a series that was removed. */
  forget(measurement: string, id: string): void;
}

/** Gathers samples into transactions, the larger the more there are, and gives long batches several turns. */
export function createEmbeddedWriter(db: DatabaseSync, onResult: (error: unknown) => void): EmbeddedWriter {
  const insert = db.prepare("INSERT INTO samples VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const select = db.prepare('SELECT model, "values", crc FROM samples WHERE series = ? AND ts = ?');
  const replace = db.prepare('UPDATE samples SET model = ?, "values" = ?, crc = ? WHERE series = ? AND ts = ?');
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const findSeries = db.prepare("SELECT series FROM series WHERE measurement = ? AND id = ?");
  const addSeries = db.prepare("INSERT INTO series (measurement, id) VALUES (?, ?)");

  const seriesOf = new Map<string, number>();
  const queue: Job[] = [];
  let waiting = 0;
  const pace = createCommitPace(maxWaitMs);

  function series(measurement: string, id: string): number {
    const key = `${measurement}\n${id}`;
    const cached = seriesOf.get(key);
    if (cached !== undefined) return cached;
    const row = findSeries.get(measurement, id);
    const found = row ? (row.series as number) : Number(addSeries.run(measurement, id).lastInsertRowid);
    if (seriesOf.size >= maxCachedSeries) seriesOf.delete(seriesOf.keys().next().value as string);
    seriesOf.set(key, found);
    return found;
  }

  function store(measurement: string, { id, ts, model, fields }: CheckedSample): void {
    const key = series(measurement, id);
    const values = JSON.stringify(Object.fromEntries(fields));
    const added = insert.run(key, ts, model, values, crc32(checkedText(id, ts, model, values)));
    if (added.changes !== 0) return;
    // The same twin and instant again: property by property, as InfluxDB does.
    const row = select.get(key, ts) as { model: string; values: string; crc: number };
    const isSound = crc32(checkedText(id, ts, row.model, row.values)) === row.crc;
    const before = isSound ? (JSON.parse(row.values) as Record<string, StoredValue>) : {};
    const merged = JSON.stringify({ ...before, ...Object.fromEntries(fields) });
    const newModel = model || (isSound ? row.model : "");
    replace.run(newModel, merged, crc32(checkedText(id, ts, newModel, merged)), key, ts);
  }

  /** Writes what fits into the time, in one transaction. */
  function writeTurn(untilMs: number): void {
    let touched = 0;
    let done = 0;
    try {
      begin.run();
    } catch (error) {
      settle(queue.length, error);
      return;
    }
    try {
      jobs: for (const job of queue) {
        touched++;
        while (job.next < job.samples.length) {
          if (++done % 64 === 0 && performance.now() > untilMs) break jobs;
          writeNext(job);
        }
      }
      commit.run();
    } catch (error) {
      rollBack();
      settle(touched, error);
      return;
    }
    settle(touched, undefined);
  }

  function writeNext(job: Job): void {
    const index = job.next++;
    const checked = checkSample(job.samples[index] as Sample);
    if ("error" in checked) job.result.refused.push({ index, error: { ...checked.error, index } });
    else if (checked.fields.length === 0) job.result.empty++;
    else {
      store(job.measurement, checked);
      job.result.written++;
    }
  }

  function rollBack(): void {
    try {
      db.exec("ROLLBACK");
    } catch {
      // Already rolled back by SQLite, as it does when the disk is full.
    }
    // Numbers of series that were given in the transaction are void.
    seriesOf.clear();
  }

  /** The first `touched` jobs of the queue have met their fate; only the last of them can be unfinished. */
  function settle(touched: number, error: unknown): void {
    const failure = error === undefined ? undefined : failureOf(error);
    const last = queue[touched - 1];
    const isUnfinished = !failure && last !== undefined && last.next < last.samples.length;
    for (const job of queue.splice(0, isUnfinished ? touched - 1 : touched)) {
      waiting -= job.samples.length;
      if (failure) job.reject(failure);
      else job.resolve(job.result);
    }
    onResult(error);
  }

  function turn(): void {
    if (queue.length === 0) return;
    writeTurn(performance.now() + turnMs);
    schedule();
  }

  function schedule(): void {
    if (queue.length > 0) pace.schedule(turn, waiting >= enough);
  }

  return {
    write(measurement, samples) {
      if (waiting > 0 && waiting + samples.length > maxWaitingSamples)
        return Promise.reject(
          new Refusal(
            refuse("busy", `${waiting} samples wait for the history.`, "Send more slowly, or send them again later."),
          ),
        );
      return new Promise((resolve, reject) => {
        const result: Written = { written: 0, empty: 0, refused: [] };
        queue.push({ measurement, samples, next: 0, since: Date.now(), result, resolve, reject });
        waiting += samples.length;
        schedule();
      });
    },
    flush() {
      while (queue.length > 0) writeTurn(Number.POSITIVE_INFINITY);
    },
    waiting: () => ({ samples: waiting, since: queue[0]?.since }),
    forget: (measurement, id) => void seriesOf.delete(`${measurement}\n${id}`),
  };
}

const failureOf = (error: unknown): Failure =>
  new Failure(
    "history-failed",
    `The history could not write: ${error instanceof Error ? error.message : String(error)}.`,
    "Free space on the disk, or look at the rights of the home folder.",
    true,
  );
