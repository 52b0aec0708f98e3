import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { Failure, Refusal, refuse } from "../../engine/contract/errors";
import { rollbackTarget } from "../../engine/learning/rollback-target";
import { aliasSum, headSum, putDamagedModelsAside } from "./damaged-models";
import type { GroupCommit } from "./group-commit";
import { createModelLife, prepareModelLife, type VersionState } from "./model-life";
import type { ModelChange, ModelEvent, ModelRegistry, ModelSummary, ModelVersion, Signed } from "./store";

export interface EmbeddedModels extends ModelRegistry {
  close(): void;
}

type Row = Record<string, unknown>;
type By = Omit<Signed, "at"> | undefined;
/** Writes an entry of the record. */
type Recorder = (entry: ModelEvent) => void;
type Moves = (ModelEvent & { action: "promote" | "rollback" })[];

/** Nodes and kinds of drift that are remembered of a version. */
const mostNotes = 20;

const isMove = ({ action }: ModelEvent): boolean => action === "promote" || action === "rollback";

/** Makes the tables of the models. Since version 1 of the file a checksum covers every column. */
export function prepareModels(db: DatabaseSync): void {
  const columns = `name TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, report TEXT NOT NULL,
    model TEXT NOT NULL, sha256 TEXT NOT NULL`;
  db.exec(`CREATE TABLE IF NOT EXISTS models (${columns}, crc INTEGER, PRIMARY KEY (name, version))`);
  db.exec(`CREATE TABLE IF NOT EXISTS model_aliases (
    name TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, crc INTEGER, PRIMARY KEY (name, alias)) WITHOUT ROWID`);
  prepareModelLife(db);
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

/** Model versions in SQLite, each with the SHA-256 of its report and its serialised form. */
export function createEmbeddedModels(
  db: DatabaseSync,
  commit: GroupCommit,
  now: () => number,
  warn: (text: string) => void,
): EmbeddedModels {
  putDamagedModelsAside(db, warn);
  const life = createModelLife(db);
  const newest = db.prepare("SELECT max(version) AS version FROM models WHERE name = ?");
  const insert = db.prepare("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?)");
  const byVersion = db.prepare("SELECT * FROM models WHERE name = ? AND version = ?");
  const headOf = db.prepare(
    "SELECT name, version, created_at, report, sha256, crc FROM models WHERE name = ? AND version = ?",
  );
  const remove = db.prepare("DELETE FROM models WHERE name = ? AND version = ?");
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
  /** Versions whose serialised form was found to be damaged: at the start, or when it was asked for. */
  const lost = new Set<string>();
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
    if (isLost) {
      lost.add(keyOf(name, version));
      throw damaged(`Version ${version} of the model ${name}`);
    }
    return row;
  }

  /** What can be said of a version without its model; undefined when its row is gone or damaged. */
  function summaryOf(row: Row | undefined): ModelSummary | undefined {
    if (!row || headSum(row) !== row.crc) return undefined;
    const [name, version] = [row.name as string, row.version as number];
    const { approved, retired, rolledBack, drift } = life.stateOf(name, version);
    return {
      name,
      version,
      createdAt: row.created_at as number,
      report: JSON.parse(row.report as string) as Record<string, unknown>,
      aliases: aliases(name, version),
      ...(approved && { approved }),
      ...(retired && { retired }),
      ...(rolledBack && { rolledBack }),
      ...(drift && { drift }),
      ...(lost.has(keyOf(name, version)) && { damaged: true as const }),
    };
  }

  /** Of a list, what is damaged is left out. */
  function soundSummary(row: Row): ModelSummary | undefined {
    try {
      return summaryOf(row);
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  }

  /**
   * Decides and writes in one transaction, and tells watchers. What `make` throws rejects, and fails nobody else's write of the
   * same group.
   */
  async function change(name: string, make: (record: Recorder) => ModelSummary): Promise<ModelSummary> {
    let made: ModelSummary | undefined;
    let event: ModelEvent | undefined;
    let refused: unknown;
    await commit.write(() => {
      try {
        made = make((entry) => {
          life.add(name, entry);
          event = entry;
        });
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof Failure)) throw error;
        refused = error;
      }
    });
    if (!made) throw refused;
    tell({
      name,
      version: made.version,
      ...(event && { event }),
      ...(event?.alias !== undefined && { alias: event.alias }),
    });
    return made;
  }

  function existing(name: string, version: number): ModelSummary {
    const found = summaryOf(headOf.get(name, version));
    if (found) return found;
    throw new Refusal(
      refuse("not-found", `There is no version ${version} of the model ${name}.`, "List the versions first."),
    );
  }

  /** What is retired stays so, by whom and when it was: nobody finds it good for use, and nobody promotes it. */
  function inUse(found: ModelSummary): ModelSummary {
    if (!found.retired) return found;
    throw new Refusal(
      refuse(
        "version-conflict",
        `Version ${found.version} of the model ${found.name} is retired.`,
        "Choose one that is not, or train again.",
      ),
    );
  }

  function unused(name: string, version: number): ModelSummary {
    const found = existing(name, version);
    if (found.aliases.length === 0) return found;
    throw new Refusal(
      refuse(
        "version-conflict",
        `Version ${version} of the model ${name} is in use as ${found.aliases.join(", ")}.`,
        "Promote another version first.",
      ),
    );
  }

  function pointTo(
    record: Recorder,
    name: string,
    version: number,
    alias: string,
    action: "promote" | "rollback",
    by: By,
  ): ModelSummary {
    const before = aliasTo.get(name, alias)?.version as number | undefined;
    const signature = signed(by);
    point.run(name, alias, version, aliasSum({ name, alias, version }));
    if (action === "rollback" && before !== undefined) noteRollback(name, before, { ...signature, alias });
    const { rolledBack, ...state } = life.stateOf(name, version);
    if (rolledBack?.alias === alias) life.setState(name, version, state);
    record({ action, version, alias, ...(before !== undefined && { before }), ...signature });
    return existing(name, version);
  }

  /** What is damaged stays so: it is no reason not to go back from it. */
  function noteRollback(name: string, version: number, rolledBack: Signed & { alias: string }): void {
    try {
      life.setState(name, version, { ...life.stateOf(name, version), rolledBack });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }

  function decide(
    record: Recorder,
    name: string,
    version: number,
    action: "approve" | "retire",
    by: By,
    decided: (signature: Signed) => VersionState,
  ): ModelSummary {
    const signature = signed(by);
    life.setState(name, version, { ...life.stateOf(name, version), ...decided(signature) });
    record({ action, version, ...signature });
    return existing(name, version);
  }

  const signed = (by: By): Signed => ({ at: now(), ...by });

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
    async add(name, make, imported) {
      let added: ModelVersion | undefined;
      let event: ModelEvent | undefined;
      await commit.write(() => {
        const version = Math.max((newest.get(name)?.version as number | null) ?? 0, life.highestNumber(name)) + 1;
        const { report, model } = make(version);
        const text = JSON.stringify(report);
        const createdAt = now();
        const sha256 = digest(text, model);
        const crc = headSum({ name, version, created_at: createdAt, report: text, sha256 });
        insert.run(name, version, createdAt, text, model, sha256, crc);
        event = imported && { action: "import", version, ...signed(imported) };
        if (event) life.add(name, event);
        added = { name, version, createdAt, report, model, aliases: [] };
      });
      const result = added as unknown as ModelVersion;
      tell({ name, version: result.version, ...(event && { event }) });
      return result;
    },

    async get(name, use) {
      const version = versionOf(name, String(use));
      const row = version === undefined ? undefined : soundRow(name, version);
      if (version === undefined || !row) return undefined;
      return { ...(summaryOf(row) as ModelSummary), model: row.model as string };
    },

    async list(name) {
      const rows = name === undefined ? summaries.all() : summariesOf.all(name);
      return rows.map(soundSummary).filter((summary) => summary !== undefined);
    },

    async promote(name, version, alias = "champion", by, check) {
      return change(name, (record) => {
        const found = inUse(existing(name, version));
        check?.(found);
        return pointTo(record, name, version, alias, "promote", by);
      });
    },

    async rollback(name, alias, by) {
      return change(name, (record) => {
        const moves = life.events(name).filter((event) => event.alias === alias && isMove(event));
        const target = rollbackTarget(moves.reverse() as Moves, (candidate) => {
          const found = summaryOf(headOf.get(name, candidate));
          return found !== undefined && !found.retired;
        });
        if (target === undefined)
          throw new Refusal(
            refuse(
              "not-found",
              `There is no version before the present one for the alias ${alias} of the model ${name}.`,
              "Promote the version that you want.",
            ),
          );
        return pointTo(record, name, target, alias, "rollback", by);
      });
    },

    async approve(name, version, by) {
      return change(name, (record) => {
        inUse(existing(name, version));
        return decide(record, name, version, "approve", by, (approved) => ({ approved }));
      });
    },

    async retire(name, version, by) {
      return change(name, (record) => {
        inUse(unused(name, version));
        return decide(record, name, version, "retire", by, (retired) => ({ retired }));
      });
    },

    async delete(name, version, by) {
      return change(name, (record) => {
        const last = unused(name, version);
        remove.run(name, version);
        life.setState(name, version, { deleted: true });
        record({ action: "delete", version, ...signed(by) });
        return last;
      });
    },

    async drifted(name, version, drift, { via, node }) {
      await change(name, (record) => {
        existing(name, version);
        const at = now();
        const { drift: notes = [], ...state } = life.stateOf(name, version);
        const others = notes.filter((note) => note.via !== via || note.of !== drift.of);
        const all = drift.state === "drifting" ? [...others, { ...drift, at, via, node }] : others;
        life.setState(name, version, { ...state, ...(all.length > 0 && { drift: all.slice(-mostNotes) }) });
        record({ action: "drift", version, at, via, node, drift });
        return existing(name, version);
      });
    },

    events: async (name) => life.events(name),

    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close: () => clearImmediate(verifying),
  };
}

const keyOf = (name: string, version: number): string => `${version} ${name}`;

const digest = (report: string, model: string): string =>
  createHash("sha256").update(report).update("\n").update(model).digest("hex");
