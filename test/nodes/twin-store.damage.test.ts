import { strict as assert } from "node:assert";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { reportSample } from "../../engine/twin/report";
import { type EmbeddedStore, openEmbeddedStore } from "../../nodes/twin-store/embedded";

/** A number and its checksum. */
const noteBytes = 12;

describe("damage to the embedded store", () => {
  let folder = "";
  let warnings: string[] = [];
  const opened: EmbeddedStore[] = [];
  const open = (at = folder): EmbeddedStore => {
    const store = openEmbeddedStore({ folder: at, durability: "process", warn: (text) => warnings.push(text) });
    opened.push(store);
    return store;
  };
  const closeAll = (): void => {
    for (const store of opened.splice(0)) store.close();
  };
  const report = (store: EmbeddedStore, id: string, x: number) =>
    store.twins.update(id, (current) => {
      const { document, changed } = reportSample(current, { id, ts: x, values: { x } }, { now: x });
      return { document, changed, notify: true, staleAfter: 60 };
    });
  /** Edits the file as nobody should: what bits that flip on a disk do. */
  const edit = (statement: string): void => {
    closeAll();
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    handle.exec(statement);
    handle.close();
  };

  beforeEach(() => beginAgain());
  async function beginAgain(): Promise<void> {
    if (folder) rmSync(folder, { recursive: true, force: true });
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-damage-"));
    warnings = [];
    const store = open();
    await report(store, "a", 1);
    await report(store, "b", 1);
    await store.models.add("m", () => ({ report: { r2: 0.9 }, model: '{"k":1}' }));
    await store.models.add("m", () => ({ report: { r2: 0.8 }, model: '{"k":2}' }));
    await store.models.promote("m", 2);
  }
  afterEach(() => {
    closeAll();
    for (const one of [folder, `${folder}-copy`]) rmSync(one, { recursive: true, force: true });
  });

  for (const [column, statement] of [
    ["id", "UPDATE twins SET id = 'c' WHERE id = 'a'"],
    ["model", "UPDATE twins SET model = 'pump' WHERE id = 'a'"],
    ["status", "UPDATE twins SET status = 'stale' WHERE id = 'a'"],
    ["stale_after", "UPDATE twins SET stale_after = 61 WHERE id = 'a'"],
    ["crc", "UPDATE twins SET crc = 9007199254740993 WHERE id = 'a'"],
    ["document", "UPDATE twins SET document = x'00ff' WHERE id = 'a'"],
  ] as const)
    it(`is noticed in the ${column} of a twin when the store is opened, and the row is put aside`, async () => {
      edit(statement);
      const store = open();
      assert.match(warnings.join(), /twin [ac] is damaged/);
      assert.deepEqual(
        (await store.twins.list()).twins.map(({ id }) => id),
        ["b"],
      );
      closeAll();
      const handle = new DatabaseSync(path.join(folder, "store.db"));
      assert.equal(handle.prepare("SELECT count(*) AS n FROM damaged_twins").get()?.n, 1);
      handle.close();
    });

  it("is noticed in a twin that is read while the store is open", async () => {
    closeAll();
    const store = open();
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    handle.exec("UPDATE twins SET stale_after = 61, crc = 9007199254740993 WHERE id = 'a'");
    handle.close();
    assert.equal(await store.twins.get("a"), undefined);
    assert.match(warnings.join(), /twin a is damaged/);
  });

  for (const [column, statement] of [
    ["version", "UPDATE models SET version = 7 WHERE version = 1"],
    ["report", "UPDATE models SET report = '{\"r2\":1}' WHERE version = 1"],
    ["created_at", "UPDATE models SET created_at = 5 WHERE version = 1"],
    ["name", "UPDATE models SET name = 'n' WHERE version = 1"],
  ] as const)
    it(`is noticed in the ${column} of a model: the version is put aside, and asking for it says so`, async () => {
      edit(statement);
      const { models } = open();
      assert.match(warnings.join(), /version \d+ of the model [mn] is damaged and was put aside/);
      assert.deepEqual(
        (await models.list()).map(({ version }) => version),
        [2],
      );
      const damaged = column === "version" ? 7 : 1;
      if (column !== "name") await assert.rejects(models.get("m", damaged), { code: "damaged" });
    });

  it("is noticed in a serialised model soon after the start, without anybody asking for it", async () => {
    edit(`UPDATE models SET model = '{"k":3}' WHERE version = 1`);
    const { models } = open();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.match(warnings.join(), /Version 1 of the model m does not match/);
    assert.deepEqual(
      (await models.list("m")).map(({ version, damaged }) => [version, damaged]),
      [
        [2, undefined],
        [1, true],
      ],
    );
  });

  it("does not let an alias point to another version", async () => {
    edit("UPDATE model_aliases SET version = 1");
    const { models } = open();
    assert.match(warnings.join(), /alias champion of the model m \(version 1\) is damaged/);
    assert.equal(await models.get("m", "champion"), undefined);
    await models.promote("m", 2);
    assert.equal((await models.get("m", "champion"))?.version, 2);
  });

  it("of an alias is noticed while the store is open, too", async () => {
    const [{ models }] = opened as [EmbeddedStore];
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    handle.exec("UPDATE model_aliases SET version = 1");
    handle.close();
    await assert.rejects(models.get("m", "champion"), { code: "damaged" });
    assert.deepEqual(
      (await models.list("m")).map(({ aliases }) => aliases),
      [[], []],
    );
  });

  it("in the name of a table does not make an empty one of it", () => {
    closeAll();
    const file = path.join(folder, "store.db");
    const content = readFileSync(file);
    const at = content.indexOf("CREATE TABLE twins") + "CREATE TABLE ".length;
    const before = content.indexOf("tabletwinstwins");
    assert.ok(before > 0 && at > before);
    for (const place of [before + 5, before + 10, at]) content[place] = "u".charCodeAt(0);
    writeFileSync(file, content);
    open();
    assert.match(warnings.join(), /damaged \(malformed.*put aside/);
    assert.ok(readdirSync(folder).some((name) => name.startsWith("store.db.damaged-")));
  });

  it("leaves tables alone that somebody else made", async () => {
    edit("CREATE TABLE notes (text TEXT); CREATE VIEW twin_ids AS SELECT id FROM twins");
    const store = open();
    assert.deepEqual(warnings, []);
    assert.equal((await store.twins.get("a"))?.rev, 1);
  });

  describe("in the write-ahead log", () => {
    /** As kill -9 leaves the folder, with that change. */
    const copyWith = (change: (wal: Buffer) => Buffer, hasIndex = true): string => {
      const copy = `${folder}-copy`;
      cpSync(folder, copy, { recursive: true, filter: (file) => hasIndex || !file.endsWith("-shm") });
      const wal = path.join(copy, "store.db-wal");
      writeFileSync(wal, change(readFileSync(wal)));
      return copy;
    };
    const flip = (at: (wal: Buffer) => number) => (wal: Buffer) => {
      wal[at(wal)] = (wal[at(wal)] as number) ^ 4;
      return wal;
    };
    const frame = 24 + 4096;
    const bits: [string, (wal: Buffer) => Buffer][] = [
      ["a page", flip(() => 32 + 24 + 4000)],
      ["a page of the last commit", flip((wal) => wal.length - 9)],
      ["a salt of the last frame", flip((wal) => wal.length - frame + 9)],
      ["a checksum", flip(() => 32 + 17)],
      ["the header", flip(() => 20)],
    ];
    const cuts: [string, (wal: Buffer) => Buffer][] = [
      ["a page", (wal) => wal.subarray(0, wal.length - 1000)],
      ["a frame", (wal) => wal.subarray(0, wal.length - frame)],
      ["all of it", (wal) => wal.subarray(0, 0)],
      ["all but a part of the header", (wal) => wal.subarray(0, 17)],
    ];

    for (const hasIndex of [true, false]) {
      const how = hasIndex ? "" : " where its index is lost";
      it(`is none as the process left it${how}, in the middle of a commit too`, async () => {
        assert.equal((await open(copyWith((wal) => wal, hasIndex)).twins.get("b"))?.rev, 1);
        closeAll();
        rmSync(`${folder}-copy`, { recursive: true });
        await beginAgain();
        const torn = (wal: Buffer) => Buffer.concat([wal, wal.subarray(32, 32 + 24), Buffer.alloc(900)]);
        assert.equal((await open(copyWith(torn, hasIndex)).twins.get("b"))?.rev, 1);
        assert.deepEqual(warnings, []);
      });

      for (const [what, change] of bits)
        it(`is noticed in ${what}${how}, and a copy put aside`, () => {
          const copy = copyWith(change, hasIndex);
          open(copy);
          assert.match(warnings.join(), /latest changes to the store .* are lost/);
          assert.ok(readdirSync(copy).some((name) => name.startsWith("store.db-wal.damaged-")));
        });
    }

    for (const [what, change] of cuts)
      it(`is noticed where ${what} was cut off`, () => {
        open(copyWith(change));
        assert.match(warnings.join(), /latest changes to the store .* are lost/);
      });

    it("of an older round behind the present one is none", async () => {
      const handle = new DatabaseSync(path.join(folder, "store.db"));
      handle.exec("PRAGMA wal_checkpoint(RESTART)");
      handle.close();
      await report(opened[0] as EmbeddedStore, "a", 2);
      for (const hasIndex of [true, false]) {
        const copy = copyWith((wal) => wal, hasIndex);
        assert.equal((await open(copy).twins.get("a"))?.rev, 2);
        (opened.pop() as EmbeddedStore).close();
        rmSync(copy, { recursive: true });
      }
      assert.deepEqual(warnings, []);
    });
  });

  it("in many rows fills neither the file nor the log", async () => {
    const [store] = opened as [EmbeddedStore];
    await Promise.all(Array.from({ length: 1200 }, (_, k) => report(store, `t${k}`, 1)));
    for (let k = 0; k < 25; k++) await store.models.add("many", () => ({ report: {}, model: "{}" }));
    edit("UPDATE twins SET status = 'stale'; UPDATE models SET report = '{ }'");
    const again = open();
    assert.equal((await again.twins.list()).twins.length, 0);
    assert.equal(warnings.filter((text) => text.includes("stored document")).length, 11);
    assert.match(warnings.join(), /1192 more twins are damaged/);
    closeAll();
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    const count = (table: string) => handle.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
    assert.deepEqual([count("damaged_twins"), count("damaged_models")], [1000, 20]);
    handle.close();
  });

  it("again and again keeps the latest damaged files, and no more than 30", () => {
    closeAll();
    const names = (): string[] => readdirSync(folder).filter((name) => name.includes(".damaged-"));
    for (let k = 0; k < 40; k++) {
      writeFileSync(path.join(folder, "store.db"), `no database, number ${k} `.repeat(100));
      open();
      closeAll();
    }
    assert.ok(names().length >= 25 && names().length <= 30, `${names().length} files`);
    const texts = names().map((name) => readFileSync(path.join(folder, name), "utf8"));
    assert.ok(texts.some((text) => text.includes("number 39")));
    assert.ok(!texts.some((text) => text.includes("number 3 ")));
  });

  it("is not what a file of the version before is taken for", async () => {
    closeAll();
    rmSync(path.join(folder, "store.db"));
    const old = new DatabaseSync(path.join(folder, "store.db"));
    old.exec(`CREATE TABLE twins (id TEXT PRIMARY KEY, model TEXT, status TEXT NOT NULL, stale_after REAL NOT NULL,
      document TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID`);
    old.exec(`CREATE TABLE models (name TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
      report TEXT NOT NULL, model TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (name, version))`);
    old.exec(`CREATE TABLE model_aliases (name TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY (name, alias)) WITHOUT ROWID`);
    const document = JSON.stringify({ id: "a", rev: 3 });
    old.prepare("INSERT INTO twins VALUES ('a', NULL, 'live', 0, ?, ?)").run(document, crc32(document));
    old.prepare("INSERT INTO twins VALUES ('b', NULL, 'live', 0, ?, ?)").run(document, 5);
    const sha = "f7a5ab8f48b18a2ab6b4d0d1e4ff2d5a5ae12fdbcf15d3dc2bcdb1dfb73f9d3a";
    old.prepare("INSERT INTO models VALUES ('m', 1, 5, '{}', '{}', ?)").run(sha);
    old.exec("INSERT INTO model_aliases VALUES ('m', 'champion', 1)");
    old.close();
    const store = open();
    assert.equal((await store.twins.get("a"))?.rev, 3);
    assert.equal(await store.twins.get("b"), undefined, "what was damaged before stays so");
    assert.deepEqual(
      (await store.models.list()).map(({ version, aliases }) => [version, aliases]),
      [[1, ["champion"]]],
    );
    await assert.rejects(store.models.get("m", 1), { code: "damaged" }, "its SHA-256 is made up");
  });

  it("does not bring a deleted twin back where the list of what was let go of is damaged", async () => {
    const store = open();
    await report(store, "gone", 1);
    await report(store, "stays", 1);
    await store.twins.delete("gone");
    const listOf = (at: string): string =>
      path.join(at, "twins", readdirSync(path.join(at, "twins")).find((name) => name.endsWith(".released")) as string);
    const isNoted = (): boolean => {
      try {
        return readFileSync(listOf(folder)).length >= 7 * noteBytes;
      } catch {
        return false;
      }
    };
    while (!isNoted()) await new Promise((resolve) => setTimeout(resolve, 50));
    const left = `${folder}-left`;
    try {
      for (let at = 0; at < readFileSync(listOf(folder)).length; at += noteBytes) {
        rmSync(left, { recursive: true, force: true });
        cpSync(folder, left, { recursive: true });
        const notes = readFileSync(listOf(left));
        notes[at] = (notes[at] as number) ^ 1;
        writeFileSync(listOf(left), notes);
        const again = open(left);
        assert.equal(await again.twins.get("gone"), undefined, `note ${at / noteBytes}`);
        assert.equal((await again.twins.get("stays"))?.rev, 1);
      }
      assert.match(warnings.join(), /its list of released records are damaged/);
    } finally {
      closeAll();
      rmSync(left, { recursive: true, force: true });
    }
  });
});
