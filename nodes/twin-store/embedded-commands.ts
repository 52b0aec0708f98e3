import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { CommandRecord } from "../../engine/command/command-record";
import { Failure } from "../../engine/contract/errors";
import type { GroupCommit } from "./group-commit";
import type { CommandLog } from "./store";

export interface CommandLimits {
  /** Commands that are remembered: a repeat of an older one is not known as such. */
  maxCommands: number;
  maxRefusals: number;
}

export const commandLimits: CommandLimits = { maxCommands: 100_000, maxRefusals: 10_000 };
/** The oldest are taken out so many at a time. */
const trimEvery = 100;
const pageSize = 100;

type Row = Record<string, unknown>;

export function prepareCommands(db: DatabaseSync): void {
  db.exec(`CREATE TABLE IF NOT EXISTS commands (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, node TEXT NOT NULL, twin TEXT NOT NULL, state TEXT NOT NULL,
    record TEXT NOT NULL, crc INTEGER NOT NULL)`);
  db.exec("CREATE INDEX IF NOT EXISTS open_commands ON commands (node) WHERE state = 'open'");
  db.exec(`CREATE TABLE IF NOT EXISTS command_refusals (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL, twin TEXT NOT NULL, state TEXT NOT NULL, record TEXT NOT NULL, crc INTEGER NOT NULL)`);
}

const checksum = (id: unknown, record: string): number => crc32(record, crc32(`${id}\n`));

/** Commands in SQLite, one row each with a checksum. A damaged record is refused: what it stood for may have run. */
export function createEmbeddedCommands(
  db: DatabaseSync,
  commit: GroupCommit,
  { maxCommands, maxRefusals, warn }: CommandLimits & { warn?(text: string): void } = commandLimits,
): CommandLog {
  const insert = db.prepare("INSERT INTO commands (id, node, twin, state, record, crc) VALUES (?, ?, ?, ?, ?, ?)");
  const update = db.prepare("UPDATE commands SET node = ?, state = ?, record = ?, crc = ? WHERE id = ?");
  const select = db.prepare("SELECT id, record, crc FROM commands WHERE id = ?");
  const selectOpen = db.prepare("SELECT id, record, crc FROM commands WHERE node = ? AND state = 'open' ORDER BY n");
  // What is open may have run: it is never forgotten before it has ended. A node has 1,000 open at most.
  const trim = db.prepare("DELETE FROM commands WHERE n <= (SELECT max(n) FROM commands) - ? AND state <> 'open'");
  const insertRefusal = db.prepare(
    "INSERT INTO command_refusals (id, twin, state, record, crc) VALUES (?, ?, 'refused', ?, ?)",
  );
  const trimRefusals = db.prepare("DELETE FROM command_refusals WHERE n <= (SELECT max(n) FROM command_refusals) - ?");
  const pageOf = (table: string) =>
    db.prepare(`SELECT n, id, record, crc FROM ${table}
      WHERE n < ? AND (? IS NULL OR twin = ?) AND (? IS NULL OR state = ?) ORDER BY n DESC LIMIT ?`);
  const pages = { commands: pageOf("commands"), refusals: pageOf("command_refusals") };

  /** Not in the file yet. */
  const adding = new Map<string, { record: CommandRecord; added: Promise<void> }>();
  // The first one trims: a process that never lives for long would else never do it.
  let added = -1;
  let refused = -1;

  function recordOf(row: Row): CommandRecord {
    const text = row.record as string;
    if (checksum(row.id, text) !== row.crc)
      throw new Failure(
        "damaged",
        `The record of the command ${String(row.id)} does not match its checksum.`,
        "It may have run: look at the machine, and command again under another id.",
      );
    return JSON.parse(text) as CommandRecord;
  }

  function find(id: string): CommandRecord | undefined {
    const row = select.get(id);
    return row && recordOf(row);
  }

  return {
    async add(record) {
      const { id, node, twin, state } = record;
      const other = adding.get(id);
      if (other) {
        await other.added;
        return other.record;
      }
      const known = find(id);
      if (known) return known;
      const text = JSON.stringify(record);
      const durable = commit.write(() => {
        insert.run(id, node, twin, state, text, checksum(id, text));
        if (++added % trimEvery === 0) trim.run(maxCommands);
      });
      adding.set(id, { record, added: durable });
      try {
        await durable;
      } finally {
        adding.delete(id);
      }
      return undefined;
    },

    async put(record) {
      const { id, node, state } = record;
      const text = JSON.stringify(record);
      await commit.write(() => void update.run(node, state, text, checksum(id, text), id));
    },

    get: async (id) => adding.get(id)?.record ?? find(id),

    open: async (node) =>
      selectOpen.all(node).flatMap((row) => {
        try {
          return [recordOf(row)];
        } catch (error) {
          // One of them must not keep the node from all the others. Under its own id it stays refused.
          warn?.((error as Error).message);
          return [];
        }
      }),

    async addRefusal(record) {
      const text = JSON.stringify(record);
      await commit.write(() => {
        insertRefusal.run(record.id, record.twin, text, checksum(record.id, text));
        if (++refused % trimEvery === 0) trimRefusals.run(maxRefusals);
      });
    },

    async list({ refusals = false, twin, state } = {}, cursor = "", limit = pageSize) {
      const page = refusals ? pages.refusals : pages.commands;
      const before = cursor === "" ? Number.MAX_SAFE_INTEGER : Number(cursor);
      const rows = page.all(before, twin ?? null, twin ?? null, state ?? null, state ?? null, limit);
      const last = rows.at(-1);
      const commands = rows.map(recordOf);
      return rows.length < limit || !last ? { commands } : { commands, cursor: String(last.n) };
    },
  };
}
