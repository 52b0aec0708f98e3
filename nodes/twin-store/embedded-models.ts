import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { GroupCommit } from "./group-commit";
import type { ModelChange, ModelRegistry, ModelSummary, ModelVersion } from "./store";

/** Damaged versions that are kept; the oldest go first. */
const maxDamagedRows = 20;

export interface EmbeddedModels extends ModelRegistry {
  close(): void;
}

type Row = Record<string, unknown>;

/** Makes the tables of the models. Since version 1 of the file a checksum covers every column. */
export function prepareModels(db: DatabaseSync): void {
  const columns = `name TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, report TEXT NOT NULL,
    model TEXT NOT NULL, sha256 TEXT NOT NULL`;
  db.exec(`CREATE TABLE IF NOT EXISTS models (${columns}, crc INTEGER, PRIMARY KEY (name, version))`);
  db.exec(`CREATE TABLE IF NOT EXISTS model_aliases (
    name TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, crc INTEGER, PRIMARY KEY (name, alias)) WITHOUT ROWID`);
  db.exec("CREATE TABLE IF NOT EXISTS damaged_models (name, version, created_at, report, model, sha256, crc)");
  if (db.prepare("PRAGMA user_version").get()?.user_version !== 0) return;
  for (const table of ["models", "model_aliases"]) {
    const has = db.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = 'crc'").get(table);
    if (!has) db.exec(`ALTER TABLE ${table} ADD COLUMN crc INTEGER`);
  }
  const sumHead = db.prepare("UPDATE models SET crc = ? WHERE name = ? AND version = ?");
  for (const row of db.prepare("SELECT name, version, created_at, report, sha256 FROM models").all())
    sumHead.run(headSum(row), row.name as string, row.version as number);
  const sumAlias = db.prepare("UPDATE model_aliases SET crc = ? WHERE name = ? AND alias = ?");
  for (const row of db.prepare("SELECT name, alias, version FROM model_aliases").all())
    sumAlias.run(aliasSum(row), row.name as string, row.alias as string);
}

/** All but the serialised model, which `sha256` covers together with the report. */
const headSum = ({ name, version, created_at, report, sha256 }: Row): number =>
  crc32([name, version, created_at, report, sha256].join("\n"));
const aliasSum = ({ name, alias, version }: Row): number => crc32([name, alias, version].join("\n"));

/** Model versions in SQLite, each with the SHA-256 of its report and its serialised form. */
export function createEmbeddedModels(
  db: DatabaseSync,
  commit: GroupCommit,
  now: () => number,
  warn: (text: string) => void,
): EmbeddedModels {
  putDamagedAside(db, warn);
  const newest = db.prepare("SELECT max(version) AS version FROM models WHERE name = ?");
  const insert = db.prepare("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?)");
  const byVersion = db.prepare("SELECT * FROM models WHERE name = ? AND version = ?");
  const exists = db.prepare("SELECT 1 FROM models WHERE name = ? AND version = ?");
  const wasPutAside = db.prepare("SELECT 1 FROM damaged_models WHERE name = ? AND version = ?");
  const head = "SELECT name, version, created_at, report, sha256, crc FROM models";
  const summaries = db.prepare(`${head} ORDER BY name, version DESC`);
  const summariesOf = db.prepare(`${head} WHERE name = ? ORDER BY version DESC`);
  const aliasTo = db.prepare("SELECT * FROM model_aliases WHERE name = ? AND alias = ?");
  const aliasesOf = db.prepare("SELECT * FROM model_aliases WHERE name = ? AND version = ? ORDER BY alias");
  const point = db.prepare(`INSERT INTO model_aliases VALUES (?, ?, ?, ?)
    ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version, crc = excluded.crc`);

  const listeners = new Set<(change: ModelChange) => void>();
  const tell = (change: ModelChange): void => {
    for (const listener of listeners) listener(change);
  };
  const aliases = (name: string, version: number): string[] =>
    aliasesOf
      .all(name, version)
      .filter((row) => aliasSum(row) === row.crc)
      .map((row) => row.alias as string);
  const damaged = (what: string): Failure =>
    new Failure("damaged", `${what} does not match its checksum.`, "Train it again, or promote another version.");

  /** The version that is meant, when there is such a version or alias. */
  function versionOf(name: string, use: string): number | undefined {
    if (/^\d+$/.test(use)) return Number(use);
    const row = aliasTo.get(name, use);
    if (row && aliasSum(row) !== row.crc) throw damaged(`The alias ${use} of the model ${name}`);
    return row?.version as number | undefined;
  }

  function soundRow(name: string, version: number): Row | undefined {
    const row = byVersion.get(name, version);
    const isLost = row
      ? headSum(row) !== row.crc || digest(row.report as string, row.model as string) !== row.sha256
      : wasPutAside.get(name, version);
    if (isLost) throw damaged(`Version ${version} of the model ${name}`);
    return row;
  }

  /** Serialised models are large: one a turn of the event loop. */
  const unverified = summaries.all().reverse();
  let verifying: NodeJS.Immediate | undefined;
  function verifyNext(): void {
    const row = unverified.pop();
    if (!row) return;
    try {
      soundRow(row.name as string, row.version as number);
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
    }
    verifying = setImmediate(verifyNext);
  }
  verifying = setImmediate(verifyNext);

  return {
    async add(name, make) {
      let added: ModelVersion | undefined;
      await commit.write(() => {
        const version = ((newest.get(name)?.version as number | null) ?? 0) + 1;
        const { report, model } = make(version);
        const text = JSON.stringify(report);
        const createdAt = now();
        const sha256 = digest(text, model);
        const crc = headSum({ name, version, created_at: createdAt, report: text, sha256 });
        insert.run(name, version, createdAt, text, model, sha256, crc);
        added = { name, version, createdAt, report, model, aliases: [] };
      });
      const result = added as unknown as ModelVersion;
      tell({ name, version: result.version });
      return result;
    },

    async get(name, use) {
      const version = versionOf(name, String(use));
      const row = version === undefined ? undefined : soundRow(name, version);
      if (version === undefined || !row) return undefined;
      return {
        name,
        version,
        createdAt: row.created_at as number,
        report: JSON.parse(row.report as string) as Record<string, unknown>,
        model: row.model as string,
        aliases: aliases(name, version),
      };
    },

    async list(name) {
      const rows = (name === undefined ? summaries.all() : summariesOf.all(name)).filter(
        (row) => headSum(row) === row.crc,
      );
      return rows.map(
        (row): ModelSummary => ({
          name: row.name as string,
          version: row.version as number,
          createdAt: row.created_at as number,
          report: JSON.parse(row.report as string) as Record<string, unknown>,
          aliases: aliases(row.name as string, row.version as number),
        }),
      );
    },

    async promote(name, version, alias = "champion") {
      if (!exists.get(name, version))
        throw new Refusal(
          refuse("not-found", `There is no version ${version} of the model ${name}.`, "List the versions first."),
        );
      await commit.write(() => void point.run(name, alias, version, aliasSum({ name, alias, version })));
      tell({ name, alias, version });
    },

    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close: () => clearImmediate(verifying),
  };
}

/** Rows whose name or number cannot be trusted would be taken for another model's, or never be found again. */
function putDamagedAside(db: DatabaseSync, warn: (text: string) => void): void {
  const tell = (what: string, putAside: () => void): void => {
    try {
      putAside();
      warn(`${what} is damaged and was put aside.`);
    } catch (error) {
      warn(`${what} is damaged and could not be put aside: ${String(error)}.`);
    }
  };
  const heads = db.prepare("SELECT rowid AS at, name, version, created_at, report, sha256, crc FROM models");
  const aliases = db.prepare("SELECT * FROM model_aliases");
  for (const statement of [heads, aliases]) statement.setReadBigInts(true);
  for (const row of heads.all().filter((one) => headSum(one) !== Number(one.crc)))
    tell(`The stored version ${row.version} of the model ${row.name}`, () => {
      const at = row.at as bigint;
      db.prepare("INSERT INTO damaged_models SELECT * FROM models WHERE rowid = ?").run(at);
      db.prepare("DELETE FROM damaged_models WHERE rowid <= (SELECT max(rowid) FROM damaged_models) - ?").run(
        maxDamagedRows,
      );
      db.prepare("DELETE FROM models WHERE rowid = ?").run(at);
    });
  for (const row of aliases.all().filter((one) => aliasSum(one) !== Number(one.crc)))
    tell(`The alias ${row.alias} of the model ${row.name} (version ${row.version})`, () =>
      db.prepare("DELETE FROM model_aliases WHERE name = ? AND alias = ?").run(row.name as string, row.alias as string),
    );
}

const digest = (report: string, model: string): string =>
  createHash("sha256").update(report).update("\n").update(model).digest("hex");
