import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import fs, { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { emptyDocument } from "../../engine/twin/empty-document";
import { reportSample } from "../../engine/twin/report";
import { type EmbeddedStore, type EmbeddedStoreOptions, openEmbeddedStore } from "../../nodes/twin-store/embedded";
import { failFlushes } from "../support/failing-disk";

describe("the log of the embedded store", () => {
  let folder = "";
  let warnings: string[] = [];
  const opened: EmbeddedStore[] = [];
  const open = (options: Partial<EmbeddedStoreOptions> = {}): EmbeddedStore => {
    const store = openEmbeddedStore({ folder, durability: "process", warn: (text) => warnings.push(text), ...options });
    opened.push(store);
    return store;
  };
  const closeAll = (): void => {
    for (const store of opened.splice(0)) store.close();
  };
  const report = (store: EmbeddedStore, id: string, x: number, values: Record<string, number> = { x }) =>
    store.twins.update(id, (current) => {
      const { document, changed } = reportSample(current, { id, ts: x, values }, { now: x });
      return { document, changed, notify: true, staleAfter: 3600 };
    });
  /** The folder as kill -9 would leave it now. */
  const killed = (): string => {
    const copy = `${folder}-killed`;
    rmSync(copy, { recursive: true, force: true });
    cpSync(folder, copy, { recursive: true });
    return copy;
  };
  const rows = (at = folder): Record<string, unknown>[] => {
    const handle = new DatabaseSync(path.join(at, "store.db"), { readOnly: true });
    try {
      return handle.prepare("SELECT * FROM twins ORDER BY id").all();
    } finally {
      handle.close();
    }
  };
  const segments = (of: "twins" | "past", at = folder): string[] =>
    readdirSync(path.join(at, of))
      .filter((name) => name.endsWith(".log"))
      .map((name) => path.join(at, of, name));
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-log-"));
    warnings = [];
  });
  afterEach(() => {
    closeAll();
    for (const one of [folder, `${folder}-killed`]) rmSync(one, { recursive: true, force: true });
  });

  it("has every document again after kill -9, although none is in a row yet", async () => {
    const store = open();
    for (let x = 1; x <= 50; x++)
      await Promise.all(["a", "b", "c"].map((id) => report(store, id, x, { x, [`p${x}`]: x })));
    await store.twins.delete("b");
    await report(store, "d", 1);
    await store.twins.delete("d");
    await report(store, "d", 7);
    assert.deepEqual(rows(), []);
    const expected = (await store.twins.list()).twins;
    assert.deepEqual(
      expected.map(({ id, rev }) => [id, rev]),
      [
        ["a", 50],
        ["c", 50],
        ["d", 1],
      ],
    );
    const again = open({ folder: killed() });
    assert.equal(JSON.stringify((await again.twins.list()).twins), JSON.stringify(expected));
    assert.deepEqual(warnings, []);
  });

  it("has what was acknowledged after our clock was set back, although the rows are of a later time", async () => {
    const { now } = Date;
    Date.now = () => now() + 3_600_000;
    try {
      await report(open(), "a", 1);
      closeAll();
    } finally {
      Date.now = now;
    }
    // A start at which nothing was written: what told of the numbers before is gone from the log.
    open();
    closeAll();
    const store = open();
    for (let x = 2; x <= 5; x++) await report(store, "a", x);
    assert.equal((await open({ folder: killed() }).twins.get("a"))?.rev, 5);
    assert.deepEqual(warnings, []);
  });

  it("is folded into the rows in the background, and let go of", async () => {
    const store = open();
    await Promise.all(["b", "a"].map((id) => report(store, id, 1)));
    await store.twins.delete("b");
    await until(() => rows().length === 1);
    const at = killed();
    // The log still holds both: what is in the row is passed over, and the deleted twin stays away.
    assert.equal((await open({ folder: at }).twins.list()).twins.length, 1);
    closeAll();
    assert.deepEqual(
      rows().map(({ id }) => id),
      ["a"],
    );
    assert.equal((await open().twins.get("a"))?.rev, 1);
    assert.deepEqual([segments("past").length, warnings], [1, []]);
  });

  it("is read from any point of folding, whatever was done to the twin", async () => {
    const store = open({ bounds: { waitingLength: 1 } });
    const done: (() => Promise<unknown>)[] = [
      () => report(store, "a", 1),
      () => report(store, "a", 2),
      () => store.twins.delete("a"),
      () => report(store, "a", 3),
      () => report(store, "b", 4),
      () => report(store, "a", 5, { y: 5 }),
      () => store.twins.delete("b"),
      () => report(store, "b", 6),
    ];
    for (const act of done) {
      await act();
      const expected = JSON.stringify((await store.twins.list()).twins);
      const again = open({ folder: killed() });
      assert.equal(JSON.stringify((await again.twins.list()).twins), expected);
      again.close();
      opened.pop();
    }
    assert.deepEqual(warnings, []);
  });

  it("is passed over as far as the rows have it, where the notes of what was let go of are lost", async () => {
    for (let x = 1; x <= 30; x++) {
      await report(opened[0] ?? open(), "a", x);
      if (x % 10 === 0) closeAll();
    }
    for (const name of readdirSync(path.join(folder, "twins")))
      if (name.endsWith(".released")) rmSync(path.join(folder, "twins", name));
    assert.equal((await open().twins.get("a"))?.rev, 30);
    assert.deepEqual(warnings, []);
  });

  it("goes on while the rows cannot be written, says so once, and folds when they can", async () => {
    const store = open();
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    handle.exec("CREATE TRIGGER full BEFORE INSERT ON twins BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    await report(store, "a", 1);
    await until(() => warnings.length > 0);
    await report(store, "a", 2);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.match(warnings.join(), /^Twins could not be written to their table \(Error: disk full\)[^(]*$/);
    assert.equal((await open({ folder: killed() }).twins.get("a"))?.rev, 2);
    handle.exec("DROP TRIGGER full");
    handle.close();
    await until(() => rows().length === 1);
  });

  it("holds what waits within its bound, and refuses more when nothing can be folded", async () => {
    const store = open({ bounds: { waitingLength: 2000 } });
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    for (let k = 0; k < 100; k++) await report(store, `t${k}`, 1);
    assert.ok(rows().length > 80, `${rows().length} rows`);
    handle.exec("CREATE TRIGGER full BEFORE INSERT ON twins BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    const refused = async (): Promise<boolean> => {
      for (let k = 0; k < 100; k++)
        try {
          await report(store, `u${k}`, 1);
        } catch (error) {
          assert.equal((error as { code: string }).code, "busy");
          return true;
        }
      return false;
    };
    assert.ok(await refused());
    handle.exec("DROP TRIGGER full");
    handle.close();
    await until(() => rows().some(({ id }) => id === "u0"));
    await report(store, "t0", 2);
  });

  for (const [what, bounds] of [
    ["bytes", { logBytes: 20_000 }],
    ["groups of updates", { logGroups: 50 }],
  ] as const)
    it(`refuses when it is full of ${what}, and takes more when it is folded`, async () => {
      const store = open({ bounds });
      let taken = 0;
      await assert.rejects(
        async () => {
          for (let x = 1; x < 1000; x++) {
            await report(store, "a", x);
            taken = x;
          }
        },
        { code: "busy", retryable: true },
      );
      assert.equal((await store.twins.get("a"))?.rev, taken);
      const again = async (): Promise<boolean> =>
        report(store, "a", taken + 1).then(
          () => true,
          () => false,
        );
      while (!(await again())) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal((await open({ folder: killed() }).twins.get("a"))?.rev, taken + 1);
    });

  it("takes more when it is full of what the rows have already, as a kill leaves it", async () => {
    const store = open();
    for (let x = 1; x <= 300; x++) await report(store, "a", x);
    const at = `${folder}-killed`;
    await until(() => rows().length === 1);
    // In that moment it is not noted yet what was let go of.
    killed();
    for (const name of readdirSync(path.join(at, "twins")).filter((one) => one.endsWith(".released")))
      rmSync(path.join(at, "twins", name));
    const again = open({ folder: at, bounds: { logBytes: 20_000 } });
    await assert.rejects(report(again, "a", 301), { code: "busy" });
    const taken = (): Promise<boolean> =>
      report(again, "a", 301).then(
        () => true,
        () => false,
      );
    while (!(await taken())) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await again.twins.get("a"))?.rev, 301);
    assert.deepEqual(warnings, []);
  });

  it("keeps a batch whole or not at all, however long it is", async () => {
    const store = open();
    const ids = Array.from({ length: 6000 }, (_, k) => `t${k}`);
    const values = Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`property-${k}`, k]));
    await store.twins.updateAll(ids, (k, current) => {
      const { document, changed } = reportSample(current, { id: ids[k] as string, ts: 1, values }, { now: 1 });
      return { document, changed, notify: false };
    });
    const at = killed();
    const files = segments("twins", at).sort();
    const sizes = files.map((file) => statSync(file).size);
    assert.ok(sizes.reduce((sum, size) => sum + size) > 3e6, "several records");
    const count = async (): Promise<number> => {
      const again = open({ folder: at });
      let twins = 0;
      let cursor: string | undefined;
      do {
        const page = await again.twins.list({}, cursor, 1000);
        twins += page.twins.length;
        cursor = page.cursor;
      } while (cursor);
      again.close();
      opened.pop();
      return twins;
    };
    assert.equal(await count(), 6000);
    // The process ends in the middle of the last write: nothing was acknowledged, nothing is there.
    killed();
    const last = files.at(-1) as string;
    for (const file of [last]) writeFileSync(file, readFileSync(file).subarray(0, statSync(file).size - 100));
    assert.equal(await count(), 0);
  });

  it("is not put together from pieces that do not fit: a damaged change costs what follows on it, and says so", async () => {
    const store = open();
    for (let x = 1; x <= 9; x++) {
      await report(store, "a", x, { [`p${x}`]: x });
      await report(store, "b", x);
    }
    const at = killed();
    const [file = ""] = segments("twins", at);
    const content = readFileSync(file);
    const place = content.indexOf('"p5"');
    content[place + 1] = "q".charCodeAt(0);
    writeFileSync(file, content);
    const again = open({ folder: at });
    const document = await again.twins.get("a");
    assert.deepEqual([document?.rev, Object.keys(document?.reported ?? {})], [4, ["p1", "p2", "p3", "p4"]]);
    assert.equal((await again.twins.get("b"))?.rev, 9);
    assert.match(warnings.join("\n"), /is damaged.*put aside[\s\S]*latest 4 changes of twin a are lost/);
    // It goes on from there, and the next start has nothing to say.
    await report(again, "a", 20, { p20: 20 });
    warnings = [];
    const third = `${at}-again`;
    cpSync(at, third, { recursive: true });
    try {
      const store3 = open({ folder: third });
      assert.deepEqual([(await store3.twins.get("a"))?.rev, warnings], [5, []]);
      closeAll();
    } finally {
      rmSync(third, { recursive: true, force: true });
    }
  });

  it("takes back what could not be flushed at level power, and what was built on it", async () => {
    const store = open({ durability: "power" });
    await report(store, "a", 1);
    const disk = failFlushes({ nth: 1 });
    try {
      const heard: number[] = [];
      store.twins.watch(({ after }) => heard.push(after?.rev ?? 0));
      const first = report(store, "a", 2);
      await new Promise((resolve) => setImmediate(resolve));
      const second = report(store, "a", 3);
      await assert.rejects(first, { code: "store-failed" });
      await assert.rejects(second, { code: "store-failed" });
      assert.deepEqual([(await store.twins.get("a"))?.rev, heard], [1, []]);
      // Nothing is noted of what was taken back: the record that follows shows it.
      await report(store, "a", 4);
      assert.deepEqual(heard, [2]);
      const at = killed();
      for (const name of readdirSync(path.join(at, "twins")))
        if (name.endsWith(".released")) rmSync(path.join(at, "twins", name));
      const document = await open({ folder: at }).twins.get("a");
      assert.deepEqual([document?.rev, document?.reported, warnings], [2, { x: 4 }, []]);
    } finally {
      disk.restore();
    }
  });

  it("is not let go of while it is on its way to the disk at level power, although everything before is folded", async () => {
    const store = open({ durability: "power" });
    await report(store, "a", 1);
    const { fdatasync } = fs;
    let flush = (): void => undefined;
    Object.assign(fs, {
      fdatasync: (fd: number, done: (error: Error | null) => void) => {
        flush = () => fdatasync(fd, done);
      },
    });
    try {
      const second = report(store, "a", 2);
      await until(() => rows().length === 1);
      // The folded part of the log is let go of after another flush, of the rows.
      await new Promise((resolve) => setTimeout(resolve, 500));
      flush();
      await second;
    } finally {
      Object.assign(fs, { fdatasync });
    }
    assert.equal((await open({ folder: killed() }).twins.get("a"))?.rev, 2);
  });

  it("opens a home folder of the version before, and its twins go on", async () => {
    const old = new DatabaseSync(path.join(folder, "store.db"));
    old.exec(`CREATE TABLE twins (
    id TEXT PRIMARY KEY, model TEXT, status TEXT NOT NULL, stale_after REAL NOT NULL, document TEXT NOT NULL, crc INTEGER NOT NULL
  ) WITHOUT ROWID; PRAGMA user_version = 1`);
    const known = { ...emptyDocument("old", 1), rev: 3, reported: { x: 3 }, meta: { x: { ts: 3, quality: "good" } } };
    const text = JSON.stringify(known);
    const crc = crc32(text, crc32("old\nnull\nlive\n60\n"));
    old.prepare("INSERT INTO twins VALUES ('old', NULL, 'live', 60, ?, ?)").run(text, crc);
    old.close();
    const store = open();
    assert.deepEqual((await store.twins.list()).twins, [known]);
    await report(store, "old", 99);
    assert.equal((await open({ folder: killed() }).twins.get("old"))?.rev, 4);
    closeAll();
    assert.equal((await open().twins.get("old"))?.rev, 4);
    assert.deepEqual(warnings, []);
  });

  it("is folded in small pieces", async () => {
    const store = open();
    const ids = Array.from({ length: 5000 }, (_, k) => `t${k}`);
    await store.twins.updateAll(ids, (k, current) => {
      const { document, changed } = reportSample(current, { id: ids[k] as string, ts: 1, values: { k } }, { now: 1 });
      return { document, changed, notify: false };
    });
    const handle = new DatabaseSync(path.join(folder, "store.db"), { readOnly: true });
    const count = handle.prepare("SELECT count(*) AS n FROM twins");
    const seen = new Set<unknown>();
    await until(() => {
      const n = count.get()?.n;
      seen.add(n);
      return n === ids.length;
    });
    handle.close();
    // Looked at fifty times a second, in between the slices: 5,000 rows are several of them.
    assert.ok(seen.size > 2, `${[...seen]}`);
  });

  describe("in a process that is killed in a storm of updates", () => {
    const storm = (updates: number, mode = ""): { id: string; rev: number }[] => {
      const script = path.join(__dirname, "twin-store.storm.js");
      const { stdout, signal } = spawnSync(process.execPath, [script, folder, String(updates), mode], {
        encoding: "utf8",
      });
      assert.equal(signal, "SIGKILL");
      const acknowledged = new Map<string, number>();
      for (const line of stdout.split("\n").filter(Boolean)) {
        const [id = "", rev] = line.split(" ");
        assert.notEqual(id, "warning", line);
        acknowledged.set(id, Number(rev));
      }
      return [...acknowledged].map(([id, rev]) => ({ id, rev }));
    };
    /** Twins that have less than was acknowledged, or whose revision is not the number of their effective changes. */
    const wrong = async (acknowledged: { id: string; rev: number }[]): Promise<string[]> => {
      const store = open();
      const bad: string[] = [];
      for (const { id, rev } of acknowledged) {
        const document = await store.twins.get(id);
        if (!document || document.rev < rev || document.rev !== document.reported.x) bad.push(id);
      }
      closeAll();
      return bad;
    };
    it("has the revision that is the number of effective changes, and all that was acknowledged, kill after kill", async () => {
      let total = 0;
      for (const updates of [41, 700, 3000, 2500]) {
        const acknowledged = storm(updates);
        total += acknowledged.length;
        assert.deepEqual(await wrong(acknowledged), []);
      }
      assert.ok(total > 40);
      assert.deepEqual(warnings, []);
    });

    it("would be caught acknowledging before it has written", async () => {
      assert.notDeepEqual(await wrong(storm(50, "careless")), []);
    });
  });
});
