import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Values } from "../../engine/contract/messages";
import { checkedText } from "./embedded-file";
import { type PackedRow, unpackRows } from "./packed-rows";

const maxCachedSeries = 100_000;

export interface SampleTable {
  /** Writes all of them in one transaction, or throws and none. */
  write(rows: string): void;
  /** Forgets a series that was removed. */
  forget(measurement: string, id: string): void;
}

/** The rows of a history file, as its writing thread writes them. */
export function createSampleTable(db: DatabaseSync): SampleTable {
  const insert = db.prepare("INSERT INTO samples VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const select = db.prepare('SELECT model, "values", crc FROM samples WHERE series = ? AND ts = ?');
  const replace = db.prepare('UPDATE samples SET model = ?, "values" = ?, crc = ? WHERE series = ? AND ts = ?');
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const findSeries = db.prepare("SELECT series FROM series WHERE measurement = ? AND id = ?");
  const addSeries = db.prepare("INSERT INTO series (measurement, id) VALUES (?, ?)");
  const seriesOf = new Map<string, number>();

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

  function store({ measurement, id, ts, model, values, checked }: PackedRow): void {
    const key = series(measurement, id);
    const added = insert.run(key, ts, model, values, crc32(checked));
    if (added.changes !== 0) return;
    // The same twin and instant again: property by property, as InfluxDB does.
    const row = select.get(key, ts) as { model: string; values: string; crc: number };
    const isSound = crc32(checkedText(id, ts, row.model, row.values)) === row.crc;
    const before = isSound ? (JSON.parse(row.values) as Values) : {};
    const merged = JSON.stringify({ ...before, ...(JSON.parse(values) as Values) });
    const newModel = model || (isSound ? row.model : "");
    replace.run(newModel, merged, crc32(checkedText(id, ts, newModel, merged)), key, ts);
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

  return {
    write(rows) {
      begin.run();
      try {
        unpackRows(rows, store);
        commit.run();
      } catch (error) {
        rollBack();
        throw error;
      }
    },
    forget: (measurement, id) => void seriesOf.delete(`${measurement}\n${id}`),
  };
}
