import { strict as assert } from "node:assert";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { CommandRecord } from "../../engine/command/command-record";
import { createEmbeddedCommands, prepareCommands } from "../../nodes/twin-store/embedded-commands";
import { createGroupCommit } from "../../nodes/twin-store/group-commit";
import type { CommandLog } from "../../nodes/twin-store/store";

describe("the commands of the embedded store", () => {
  let folder = "";
  let db: DatabaseSync;
  let log: CommandLog;
  const warnings: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-commands-"));
    open();
  });
  afterEach(() => {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  });
  function open(): void {
    db = new DatabaseSync(path.join(folder, "store.db"));
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    prepareCommands(db);
    log = createEmbeddedCommands(db, createGroupCommit(db), {
      maxCommands: 200,
      maxRefusals: 100,
      warn: (text) => warnings.push(text),
    });
  }
  const record = (id: string, more: Partial<CommandRecord> = {}): CommandRecord => ({
    id,
    twin: "press-6",
    kind: "action",
    name: "home",
    args: null,
    node: "n",
    at: 1,
    expires: 2,
    state: "open",
    attempts: 1,
    sentAt: 1,
    ...more,
  });
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);

  it("adds an id once, also where two come at once, and again after it was opened anew", async () => {
    const both = await Promise.all([log.add(record("a")), log.add(record("a", { name: "other" }))]);
    assert.equal(both[0], undefined);
    assert.equal(both[1]?.name, "home");
    db.close();
    open();
    assert.equal((await log.add(record("a", { name: "third" })))?.name, "home");
    assert.equal((await log.get("a"))?.name, "home");
  });

  it("has what it added after kill -9", async () => {
    await log.add(record("k"));
    const copy = `${folder}-killed`;
    cpSync(folder, copy, { recursive: true });
    const killed = new DatabaseSync(path.join(copy, "store.db"));
    const again = createEmbeddedCommands(killed, createGroupCommit(killed));
    assert.equal((await again.add(record("k")))?.id, "k");
    killed.close();
    rmSync(copy, { recursive: true });
  });

  it("gives the open ones of a node, oldest first", async () => {
    for (const id of ["x", "b", "a"]) await log.add(record(id));
    await log.add(record("other", { node: "m" }));
    await log.put(record("b", { state: "acknowledged", code: 200 }));
    assert.deepEqual(
      (await log.open("n")).map(({ id }) => id),
      ["x", "a"],
    );
  });

  it("keeps the latest, whatever floods the other table", async () => {
    const state = "acknowledged" as const;
    await Promise.all(Array.from({ length: 600 }, (_, k) => log.add(record(`c-${k}`, { state }))));
    await Promise.all(Array.from({ length: 900 }, (_, k) => log.addRefusal(record(`r-${k}`, { state: "refused" }))));
    assert.ok(count("commands") >= 200 && count("commands") < 300, `${count("commands")} commands`);
    assert.ok(count("command_refusals") >= 100 && count("command_refusals") < 200);
    assert.equal((await log.get("c-599"))?.id, "c-599");
    assert.equal(await log.get("r-899"), undefined, "a refusal uses up no id");
  });

  it("never forgets what is open, and its end is still written down", async () => {
    await log.add(record("open"));
    await Promise.all(Array.from({ length: 600 }, (_, k) => log.add(record(`i-${k}`, { state: "refused" }))));
    assert.deepEqual(
      (await log.open("n")).map(({ id }) => id),
      ["open"],
    );
    await log.put(record("open", { state: "acknowledged", code: 200 }));
    assert.equal((await log.add(record("open")))?.code, 200);
  });

  it("is bounded also where no process lives for long", async () => {
    for (let life = 0; life < 12; life++) {
      for (let k = 0; k < 50; k++) await log.add(record(`l-${life}-${k}`, { state: "refused" }));
      db.close();
      open();
    }
    assert.ok(count("commands") <= 300, `${count("commands")} commands`);
  });

  it("lists newest first, page by page, by twin and state", async () => {
    for (let k = 0; k < 5; k++)
      await log.add(record(`p-${k}`, { twin: k % 2 ? "a" : "b", state: k > 2 ? "refused" : "acknowledged" }));
    const ids = ({ commands }: { commands: CommandRecord[] }) => commands.map(({ id }) => id);
    const first = await log.list({}, undefined, 2);
    assert.deepEqual(ids(first), ["p-4", "p-3"]);
    assert.deepEqual(ids(await log.list({}, first.cursor, 2)), ["p-2", "p-1"]);
    assert.deepEqual(ids(await log.list({ twin: "a" })), ["p-3", "p-1"]);
    assert.deepEqual(ids(await log.list({ state: "refused" })), ["p-4", "p-3"]);
    assert.deepEqual(ids(await log.list({ refusals: true })), []);
  });

  it("refuses a record that was damaged: what it stood for may have run", async () => {
    await log.add(record("d"));
    db.exec(`UPDATE commands SET record = replace(record, 'home', 'hone')`);
    await assert.rejects(log.get("d"), /does not match its checksum/);
    await assert.rejects(log.add(record("d")), /does not match its checksum/);
  });

  it("takes up the other open ones when one was damaged, and says so", async () => {
    for (const id of ["e", "f"]) await log.add(record(id));
    db.exec(`UPDATE commands SET record = replace(record, 'home', 'hone') WHERE id = 'e'`);
    assert.deepEqual(
      (await log.open("n")).map(({ id }) => id),
      ["f"],
    );
    assert.match(warnings.join(), /command e does not match its checksum/);
  });
});
