import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { Failure } from "../../engine/contract/errors";
import type { DriftNote, ModelEvent, Signed } from "./store";

/** Entries of the record of one model that are kept. What a version is (approved, retired) does not hang on them. */
const maxEvents = 5000;
/** How many more there may be before the oldest are deleted. */
const slack = 100;

/** What has been decided of a version. */
export interface VersionState {
  approved?: Signed;
  retired?: Signed;
  rolledBack?: Signed & { alias: string };
  drift?: DriftNote[];
  /** Its row is gone; its number is not given again. */
  deleted?: true;
}

/** The record of what was done to models, and what versions are by it. Called within the store's transactions. */
export interface ModelLife {
  /** Throws `damaged` where what is stored does not match its checksum: a version that may be retired is not used. */
  stateOf(name: string, version: number): VersionState;
  setState(name: string, version: number, state: VersionState): void;
  /** 0 for none. */
  highestNumber(name: string): number;
  add(name: string, event: ModelEvent): void;
  /** Newest first; damaged ones are left out. */
  events(name: string): ModelEvent[];
}

export function prepareModelLife(db: DatabaseSync): void {
  db.exec(`CREATE TABLE IF NOT EXISTS model_states (
    name TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (name, version)) WITHOUT ROWID`);
  db.exec(`CREATE TABLE IF NOT EXISTS model_events (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, event TEXT NOT NULL, crc INTEGER NOT NULL)`);
  db.exec("CREATE INDEX IF NOT EXISTS model_events_of ON model_events (name, id)");
}

export function createModelLife(db: DatabaseSync): ModelLife {
  const stateRow = db.prepare("SELECT state, crc FROM model_states WHERE name = ? AND version = ?");
  const putState = db.prepare(`INSERT INTO model_states VALUES (?, ?, ?, ?)
    ON CONFLICT (name, version) DO UPDATE SET state = excluded.state, crc = excluded.crc`);
  const highest = db.prepare("SELECT max(version) AS version FROM model_states WHERE name = ?");
  const insert = db.prepare("INSERT INTO model_events (name, event, crc) VALUES (?, ?, ?)");
  const count = db.prepare("SELECT count(*) AS count FROM model_events WHERE name = ?");
  const newest = db.prepare("SELECT event, crc FROM model_events WHERE name = ? ORDER BY id DESC");
  const forget = db.prepare(`DELETE FROM model_events WHERE name = ? AND id <=
    (SELECT id FROM model_events WHERE name = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`);

  return {
    stateOf(name, version) {
      const row = stateRow.get(name, version);
      if (!row) return {};
      const text = row.state as string;
      if (stateSum(name, version, text) !== row.crc)
        throw new Failure(
          "damaged",
          `What was decided of version ${version} of the model ${name} does not match its checksum.`,
          "Promote another version.",
        );
      return JSON.parse(text) as VersionState;
    },
    setState(name, version, state) {
      const text = JSON.stringify(state);
      putState.run(name, version, text, stateSum(name, version, text));
    },
    highestNumber: (name) => (highest.get(name)?.version as number | null) ?? 0,
    add(name, event) {
      const text = JSON.stringify(event);
      insert.run(name, text, eventSum(name, text));
      if ((count.get(name)?.count as number) > maxEvents + slack) forget.run(name, name, maxEvents);
    },
    events: (name) =>
      newest
        .all(name)
        .filter((row) => eventSum(name, row.event as string) === row.crc)
        .map((row) => JSON.parse(row.event as string) as ModelEvent),
  };
}

const stateSum = (name: string, version: number, state: string): number => crc32(`${name}\n${version}\n${state}`);
const eventSum = (name: string, event: string): number => crc32(`${name}\n${event}`);
