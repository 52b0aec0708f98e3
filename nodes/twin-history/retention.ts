import type { DatabaseSync } from "node:sqlite";

export interface Retention {
  /** How long samples are kept from now on. Infinity, as in the beginning: for ever. */
  keep(ms: number): void;
  /** Removes what is too old, all of it. For tests; otherwise it happens by itself, in small steps. */
  sweep(now: number): void;
  close(): void;
}

/** One step: so many series are looked at, and so many rows removed. */
const seriesPerStep = 200;
const rowsPerStep = 500;
const stepPauseMs = 50;
const roundPauseMs = 60_000;

/** Removes samples past their time, in steps of some ms, so that writing goes on in between. */
export function createRetention(
  db: DatabaseSync,
  forget: (measurement: string, id: string) => void,
  warn: (text: string) => void,
): Retention {
  let keepMs = Number.POSITIVE_INFINITY;
  const page = db.prepare("SELECT series, measurement, id FROM series WHERE series > ? ORDER BY series LIMIT ?");
  const remove = db.prepare(`DELETE FROM samples WHERE series = ?1 AND ts IN
    (SELECT ts FROM samples WHERE series = ?1 AND ts < ?2 ORDER BY ts LIMIT ?3)`);
  const anyLeft = db.prepare("SELECT 1 FROM samples WHERE series = ? LIMIT 1");
  const removeSeries = db.prepare("DELETE FROM series WHERE series = ?");
  let after = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Whether there is more to do in this round. */
  function step(now: number): boolean {
    if (!Number.isFinite(keepMs)) return false;
    let budget = rowsPerStep;
    const rows = page.all(after, seriesPerStep);
    for (const row of rows) {
      const series = row.series as number;
      const removed = Number(remove.run(series, now - keepMs, budget).changes);
      budget -= removed;
      if (budget <= 0) return true;
      after = series;
      if (!anyLeft.get(series)) {
        removeSeries.run(series);
        forget(row.measurement as string, row.id as string);
      }
    }
    if (rows.length === seriesPerStep) return true;
    after = 0;
    return false;
  }

  function tick(): void {
    let more = false;
    try {
      more = step(Date.now());
    } catch (error) {
      warn(`Old samples could not be removed: ${String(error)}.`);
    }
    timer = setTimeout(tick, more ? stepPauseMs : roundPauseMs).unref();
  }
  timer = setTimeout(tick, stepPauseMs).unref();

  return {
    keep(ms) {
      keepMs = ms;
    },
    sweep(now) {
      after = 0;
      while (step(now));
    },
    close: () => clearTimeout(timer),
  };
}
