import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createDice, type Dice } from "../../support/dice";
import type { FaultCase, FaultRow } from "../fault-case";
import { onStage } from "../stage";
import { examine, makeFiles, namesBelow } from "./08-damage-files";
import { nodeRedOnDamage } from "./08-node-red";

/** Damages a file and says how. */
type Damage = (file: string, roll: Dice) => string;

/** Flips bits and cuts files of store, journal and history; after each, opens and reads everything. */
export const faultCase: FaultCase = {
  number: 8,
  title: "Flipped bits and cut files of store, journal and history",
  async run(scale, log) {
    const [flips, cuts] = scale === "long" ? [500, 20] : [40, 6];
    const folder = mkdtempSync(path.join(tmpdir(), "meditwin-damage-"));
    const roll = createDice(8);
    try {
      const files = await makeFiles(folder);
      const damage = async (done: string, times: number, act: Damage): Promise<FaultRow> => {
        const count = { times, identical: 0, detected: 0, putAside: 0, wrong: 0, crashed: 0 };
        for (let k = 0; k < times; k++) {
          const home = path.join(folder, "home");
          cpSync(k % 2 === 0 ? files.killed : files.closed, home, { recursive: true });
          const names = namesBelow(home);
          const name = names[roll(names.length)] as string;
          const what = `${k}: ${name}, ${act(path.join(home, name), roll)}`;
          try {
            const { wrong, told, putAside } = await examine(home, files.ledger);
            count[wrong.length > 0 ? "wrong" : told.length > 0 ? "detected" : "identical"]++;
            if (putAside > 0) count.putAside++;
            if (wrong.length > 0) log(`${what}: ${wrong.slice(0, 3).join("; ")}`);
          } catch (error) {
            count.crashed++;
            log(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
          }
          rmSync(home, { recursive: true, force: true });
        }
        return { done, figures: count, held: count.wrong + count.crashed === 0 };
      };
      return [
        await damage("single bits flipped", flips, flip),
        await damage("files cut", cuts, cut),
        await onStage(log, nodeRedOnDamage),
        { ...plainRows(flips, folder, roll), isControl: true },
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const flip: Damage = (file, roll) => {
  const content = readFileSync(file);
  const at = roll(content.length);
  const bit = roll(8);
  if (content.length > 0) content[at] = (content[at] as number) ^ (1 << bit);
  writeFileSync(file, content);
  return `bit ${bit} of byte ${at} of ${content.length}`;
};

const cut: Damage = (file, roll) => {
  const { length } = readFileSync(file);
  const kept = roll(length);
  truncateSync(file, kept);
  return `cut to ${kept} of ${length} bytes`;
};

/** Rows in SQLite as they come, which its own check of the whole file calls sound. */
function plainRows(times: number, folder: string, roll: Dice): FaultRow {
  const clean = path.join(folder, "plain.db");
  const db = new DatabaseSync(clean);
  db.exec("CREATE TABLE twins (id TEXT PRIMARY KEY, document TEXT) WITHOUT ROWID");
  const stored = Array.from({ length: 40 }, (_, k) => ({
    id: `press-${k}`,
    document: `{"force":${k}000,"text":"état"}`,
  }));
  for (const { id, document } of stored) db.prepare("INSERT INTO twins VALUES (?, ?)").run(id, document);
  db.close();
  const right = JSON.stringify(read(clean));
  const count = { times, identical: 0, detected: 0, wrong: 0 };
  for (let k = 0; k < times; k++) {
    const file = path.join(folder, "damaged.db");
    cpSync(clean, file);
    flip(file, roll);
    try {
      count[JSON.stringify(read(file)) === right ? "identical" : "wrong"]++;
    } catch {
      count.detected++;
    }
  }
  return { done: "single bits flipped, SQLite rows without a checksum", figures: count, held: count.wrong === 0 };
}

function read(file: string): unknown[] {
  const db = new DatabaseSync(file);
  try {
    const verdict = db.prepare("PRAGMA integrity_check(1)").get()?.integrity_check;
    if (verdict !== "ok") throw new Error(String(verdict));
    return db.prepare("SELECT * FROM twins ORDER BY id").all();
  } finally {
    db.close();
  }
}
