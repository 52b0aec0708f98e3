import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";

/** Damaged versions that are kept; the oldest go first. */
const maxDamagedRows = 20;

type Row = Record<string, unknown>;

/** All but the serialised model, which `sha256` covers together with the report. */
export const headSum = ({ name, version, created_at, report, sha256 }: Row): number =>
  crc32([name, version, created_at, report, sha256].join("\n"));
export const aliasSum = ({ name, alias, version }: Row): number => crc32([name, alias, version].join("\n"));

/** Rows whose name or number cannot be trusted would be taken for another model's, or never be found again. */
export function putDamagedModelsAside(db: DatabaseSync, warn: (text: string) => void): void {
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
