import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import type { GroupCommit } from "./group-commit";
import type { ModelChange, ModelRegistry, ModelSummary, ModelVersion } from "./store";

/** Model versions in SQLite, each with the SHA-256 of its report and its serialised form. */
export function createEmbeddedModels(db: DatabaseSync, commit: GroupCommit, now: () => number): ModelRegistry {
  db.exec(`CREATE TABLE IF NOT EXISTS models (
    name TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, report TEXT NOT NULL, model TEXT NOT NULL,
    sha256 TEXT NOT NULL, PRIMARY KEY (name, version))`);
  db.exec(`CREATE TABLE IF NOT EXISTS model_aliases (
    name TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (name, alias)) WITHOUT ROWID`);
  const newest = db.prepare("SELECT max(version) AS version FROM models WHERE name = ?");
  const insert = db.prepare("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?)");
  const byVersion = db.prepare("SELECT * FROM models WHERE name = ? AND version = ?");
  const exists = db.prepare("SELECT 1 FROM models WHERE name = ? AND version = ?");
  const summaries = db.prepare("SELECT name, version, created_at, report FROM models ORDER BY name, version DESC");
  const summariesOf = db.prepare(
    "SELECT name, version, created_at, report FROM models WHERE name = ? ORDER BY version DESC",
  );
  const aliasTo = db.prepare("SELECT version FROM model_aliases WHERE name = ? AND alias = ?");
  const aliasesOf = db.prepare("SELECT alias FROM model_aliases WHERE name = ? AND version = ? ORDER BY alias");
  const point = db.prepare(`INSERT INTO model_aliases VALUES (?, ?, ?)
    ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version`);

  const listeners = new Set<(change: ModelChange) => void>();
  const tell = (change: ModelChange): void => {
    for (const listener of listeners) listener(change);
  };
  const aliases = (name: string, version: number): string[] =>
    aliasesOf.all(name, version).map((row) => row.alias as string);

  return {
    async add(name, make) {
      let added: ModelVersion | undefined;
      await commit.write(() => {
        const version = ((newest.get(name)?.version as number | null) ?? 0) + 1;
        const { report, model } = make(version);
        const text = JSON.stringify(report);
        const createdAt = now();
        insert.run(name, version, createdAt, text, model, digest(text, model));
        added = { name, version, createdAt, report, model, aliases: [] };
      });
      const result = added as unknown as ModelVersion;
      tell({ name, version: result.version });
      return result;
    },

    async get(name, use) {
      const version = /^\d+$/.test(String(use)) ? Number(use) : (aliasTo.get(name, String(use))?.version as number);
      const row = version === undefined ? undefined : byVersion.get(name, version);
      if (!row) return undefined;
      const report = row.report as string;
      const model = row.model as string;
      if (digest(report, model) !== row.sha256)
        throw new Failure(
          "damaged",
          `Version ${version} of the model ${name} does not match its checksum.`,
          "Train it again, or promote another version.",
        );
      return {
        name,
        version,
        createdAt: row.created_at as number,
        report: JSON.parse(report) as Record<string, unknown>,
        model,
        aliases: aliases(name, version),
      };
    },

    async list(name) {
      const rows = name === undefined ? summaries.all() : summariesOf.all(name);
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
      await commit.write(() => void point.run(name, alias, version));
      tell({ name, alias, version });
    },

    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const digest = (report: string, model: string): string =>
  createHash("sha256").update(report).update("\n").update(model).digest("hex");
