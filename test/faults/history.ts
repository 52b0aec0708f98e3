import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Influxd } from "../support/influxd";

/** A row of the history as it lies on disk, read without our own code. */
export interface HistoryRow {
  id: string;
  ts: number;
  n: number;
  value: number | undefined;
}

export interface HistoryReader {
  count(): Promise<number>;
  rows(): Promise<HistoryRow[]>;
}

/** The embedded history of a home folder, while Node-RED writes it or after. */
export function embeddedHistory(home: string): HistoryReader {
  const file = path.join(home, "twin/history.db");
  function ask<T>(statement: string): T[] {
    if (!existsSync(file)) return [];
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      db.exec("PRAGMA busy_timeout = 5000");
      return db.prepare(statement).all() as T[];
    } catch (error) {
      if (/no such table/.test(String(error))) return [];
      throw error;
    } finally {
      db.close();
    }
  }
  return {
    count: async () => ask<{ count: number }>("SELECT count(*) AS count FROM samples")[0]?.count ?? 0,
    rows: async () =>
      ask<{ id: string; ts: number; values: string }>(
        'SELECT id, ts, "values" FROM samples JOIN series USING (series)',
      ).map((row) => ({ id: row.id, ts: row.ts, ...(JSON.parse(row.values) as { n: number; value: number }) })),
  };
}

export function influxHistory(influxd: Influxd): HistoryReader {
  return {
    async count() {
      const { values } = await influxd.query("twin", 'SELECT count("n") FROM "twin"');
      return Number(values[0]?.[1] ?? 0);
    },
    async rows() {
      const { values } = await influxd.query("twin", 'SELECT "id", "n", "value" FROM "twin"');
      return values.map(([ts, id, n, value]) => ({ ts, id, n, value }) as HistoryRow);
    },
  };
}

/** A file with a number on each line, as the stock flow writes it. */
export function numbersIn(file: string): number[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number);
}
