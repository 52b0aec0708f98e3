import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { TwinDocument } from "../../engine/contract/document";
import { type Entry, readTrail, type Trail, trailText } from "./twin-records";

/** Damaged rows that are kept; the oldest go first. */
const maxDamagedRows = 1000;
/** A file full of damaged rows would fill the log as well. */
const toldOneByOne = 10;

/** Stands in the JSON of every document whose loop is open. */
const openLoop = /"loop":\{[^}]*"since":/;

type Row = Record<string, unknown>;

/** Makes the tables of the twins. The checksum of a row covers every column since version 1 of the file; `trail` came with version 2. */
export function prepareTwins(db: DatabaseSync): void {
  db.exec(`CREATE TABLE IF NOT EXISTS twins (
    id TEXT PRIMARY KEY, model TEXT, status TEXT NOT NULL, stale_after REAL NOT NULL, document TEXT NOT NULL, crc INTEGER NOT NULL
  ) WITHOUT ROWID`);
  db.exec("CREATE TABLE IF NOT EXISTS damaged_twins (id TEXT, document TEXT, found_at INTEGER)");
  const hasTrail = db.prepare("SELECT 1 FROM pragma_table_info('twins') WHERE name = 'trail'").get();
  if (!hasTrail) db.exec("ALTER TABLE twins ADD COLUMN trail TEXT NOT NULL DEFAULT ''");
  if (db.prepare("PRAGMA user_version").get()?.user_version !== 0) return;
  const update = db.prepare("UPDATE twins SET crc = ? WHERE id = ?");
  for (const { id, model, status, stale_after, document, crc } of db.prepare("SELECT * FROM twins").all() as Row[]) {
    const text = String(document);
    if (crc32(text) === crc) update.run(checksum(id, model, status, stale_after, text, ""), String(id));
  }
}

/** Without a trail as it was in version 1. */
function checksum(
  id: unknown,
  model: unknown,
  status: unknown,
  staleAfter: unknown,
  document: string,
  trail: string,
): number {
  const sum = crc32(document, crc32(`${id}\n${model}\n${status}\n${staleAfter}\n`));
  return trail === "" ? sum : crc32(trail, sum);
}

const isSound = ({ id, model, status, stale_after, document, trail, crc }: Row): boolean =>
  typeof document === "string" &&
  typeof trail === "string" &&
  checksum(id, model, status, stale_after, document, trail) === Number(crc);

/** The documents as they were when they were last folded: one row each, with a checksum. */
export interface TwinRows {
  /** The twin as its row has it. A damaged one is put aside. */
  read(id: string): Entry | undefined;
  /** Number of the latest group that a row follows, when the rows were looked at. */
  readonly latestGroup: number;
  /** How far the row follows the log. */
  trail(id: string): Trail | undefined;
  /** Writes the row, or removes it where there is no document. Returns how many characters it has. */
  write(id: string, entry: Entry): number;
  /** Up to `limit` ids after that one, in order. */
  idsAfter(id: string, limit: number): string[];
  /** The twins that are live and may become stale. */
  timed(): { id: string; staleAfter: number }[];
  /** The documents whose desired loop was open when the rows were looked at. */
  takeOpenLoops(): TwinDocument[];
}

/** Looks at every row: one whose id is damaged would never be asked for (2 us each). */
export function openTwinRows(db: DatabaseSync, now: () => number, warn: (text: string) => void): TwinRows {
  const select = db.prepare("SELECT * FROM twins WHERE id = ?");
  const selectTrail = db.prepare("SELECT trail FROM twins WHERE id = ?");
  const upsert =
    db.prepare(`INSERT INTO twins (id, model, status, stale_after, document, crc, trail) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET model = excluded.model, status = excluded.status, stale_after = excluded.stale_after,
      document = excluded.document, crc = excluded.crc, trail = excluded.trail`);
  const remove = db.prepare("DELETE FROM twins WHERE id = ?");
  const setAside = db.prepare("INSERT INTO damaged_twins SELECT id, document, ? FROM twins WHERE id = ?");
  const forgetOldest = db.prepare(
    "DELETE FROM damaged_twins WHERE rowid <= (SELECT max(rowid) FROM damaged_twins) - ?",
  );
  const every = db.prepare("SELECT * FROM twins");
  const page = db.prepare("SELECT id FROM twins WHERE id > ? ORDER BY id LIMIT ?");
  const live = db.prepare("SELECT id, stale_after FROM twins WHERE stale_after > 0 AND status = 'live'");

  /** A row that cannot even be read (a number beyond what JavaScript has) is a damaged one. */
  function readRow(read: () => Row | undefined): Row | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof RangeError) return {};
      throw error;
    }
  }

  function putAside(id: string, tell = warn): void {
    tell(
      `The stored document of twin ${id} is damaged. It was put aside in the table damaged_twins; the twin begins anew.`,
    );
    try {
      setAside.run(now(), id);
      forgetOldest.run(maxDamagedRows);
      remove.run(id);
    } catch (error) {
      warn(`It could not be put aside: ${String(error)}.`);
    }
  }

  const looping: TwinDocument[] = [];
  let latestGroup = 0;
  function verify(): void {
    every.setReadBigInts(true);
    const damaged: string[] = [];
    for (const row of every.iterate()) {
      if (!isSound(row)) {
        damaged.push(String(row.id));
        continue;
      }
      latestGroup = Math.max(latestGroup, readTrail(row.trail as string)?.last.group ?? 0);
      if (openLoop.test(row.document as string)) looping.push(JSON.parse(row.document as string) as TwinDocument);
    }
    for (const id of damaged.slice(0, toldOneByOne)) putAside(id);
    const rest = damaged.slice(toldOneByOne);
    for (const id of rest) putAside(id, () => undefined);
    if (rest.length > 0) warn(`The stored documents of ${rest.length} more twins are damaged and were put aside, too.`);
  }
  verify();

  return {
    latestGroup,

    read(id) {
      const row = readRow(() => select.get(id));
      if (!row) return undefined;
      if (!isSound(row)) {
        putAside(id);
        return undefined;
      }
      const text = row.document as string;
      return {
        document: JSON.parse(text) as TwinDocument,
        staleAfter: row.stale_after as number,
        trail: readTrail(row.trail as string),
        length: text.length,
        isStored: true,
        isWaiting: false,
        isLent: false,
      };
    },

    trail(id) {
      const row = selectTrail.get(id);
      return row && readTrail(row.trail as string);
    },

    write(id, { document, staleAfter, trail }) {
      if (!document) {
        remove.run(id);
        return 0;
      }
      const text = JSON.stringify(document);
      const { model, status } = document;
      const trailed = trailText(trail);
      const crc = checksum(id, model, status, staleAfter, text, trailed);
      upsert.run(id, model, status, staleAfter, text, crc, trailed);
      return text.length;
    },

    idsAfter: (id, limit) => page.all(id, limit).map((row) => row.id as string),
    takeOpenLoops: () => looping.splice(0),
    timed: () => live.all().map((row) => ({ id: row.id as string, staleAfter: row.stale_after as number })),
  };
}
