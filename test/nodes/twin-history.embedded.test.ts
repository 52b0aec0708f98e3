import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs, { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Sample, Table } from "../../engine/contract/messages";
import { type RawQuery, readHistoryQuery } from "../../engine/history/history-query";
import { type EmbeddedFile, openEmbeddedFile } from "../../nodes/twin-history/embedded";
import type { History } from "../../nodes/twin-history/history";
import { worstDelay } from "../support/event-loop";

const forever = Number.POSITIVE_INFINITY;
const all = { twin: "*", start: 0, end: 1e12 };
const ask = (history: History, query: RawQuery = {}): Promise<Table> =>
  history.query(readHistoryQuery({ ...all, ...query }, 0));
const samplesOf = (count: number, id = "t", from = 0): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ id, ts: from + i, values: { n: from + i, a: i / 3, b: i / 7 } }));

describe("twin-history, the embedded file", () => {
  let folder = "";
  let file = "";
  let warnings: string[] = [];
  const opened: EmbeddedFile[] = [];

  function open(
    measurement = "twin",
    keepMs = forever,
  ): { held: EmbeddedFile; history: History; close(): Promise<void> } {
    const held = openEmbeddedFile(file, (text) => warnings.push(text));
    opened.push(held);
    return { held, ...held.open({ database: "twin", measurement, keepMs }) };
  }

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-history-"));
    file = path.join(folder, "history.db");
    warnings = [];
  });
  afterEach(async () => {
    for (const held of opened.splice(0)) await held.close().catch(() => undefined);
    rmSync(folder, { recursive: true });
  });

  it("is there after it was closed and opened again", async () => {
    const first = open();
    await first.history.write(samplesOf(10));
    await first.held.close();
    const { history } = open();
    assert.equal((await ask(history)).length, 10);
  });

  it("has everything it acknowledged after kill -9", async function () {
    this.timeout(20_000);
    const script = `
      const { openEmbeddedFile } = require(${JSON.stringify(require.resolve("../../nodes/twin-history/embedded.js"))});
      const held = openEmbeddedFile(${JSON.stringify(file)}, console.error);
      const { history } = held.open({ database: "twin", measurement: "twin", keepMs: Infinity });
      let n = 0;
      const writeNext = () => {
        const ts = n++;
        history.write([{ id: "t", ts, values: { n: ts } }]).then(() => process.stdout.write(ts + "\\n"));
        if (n % 50 === 0) setImmediate(writeNext); else writeNext();
      };
      writeNext();`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      if (said.length > 20_000) child.kill("SIGKILL");
    });
    await new Promise((resolve) => child.once("close", resolve));
    const acknowledged = said.slice(0, said.lastIndexOf("\n")).split("\n").map(Number);
    assert.ok(acknowledged.length > 1000);
    const { history } = open();
    const kept = new Set((await ask(history)).map(({ n }) => n));
    assert.deepEqual(
      acknowledged.filter((n) => !kept.has(n)),
      [],
    );
    assert.deepEqual(warnings, []);
  });

  it("keeps measurements of one database apart", async () => {
    const { history, held } = open();
    const other = held.open({ database: "twin", measurement: "quality", keepMs: forever }).history;
    await history.write([{ id: "t", ts: 1, values: { a: 1 } }]);
    await other.write([{ id: "t", ts: 1, values: { b: 2 } }]);
    assert.deepEqual(await ask(history), [{ time: 1, id: "t", a: 1 }]);
    assert.deepEqual(await ask(other), [{ time: 1, id: "t", b: 2 }]);
  });

  for (const [column, change] of [
    ["values", `UPDATE samples SET "values" = replace("values", '"n":2', '"n":3') WHERE ts = 2`],
    ["ts", "UPDATE samples SET ts = 102 WHERE ts = 2"],
    ["model", "UPDATE samples SET model = 'other' WHERE ts = 2"],
    ["series", "UPDATE samples SET series = 2 WHERE ts = 2"],
  ] as const)
    it(`leaves out a row whose ${column} changed under its checksum, and says so`, async () => {
      const { history } = open();
      await history.write([...samplesOf(5), { id: "u", ts: 2000, values: { n: 9 } }]);
      const db = new DatabaseSync(file);
      db.exec(change);
      db.close();
      assert.deepEqual(
        (await ask(history)).map(({ n }) => n),
        [0, 1, 3, 4, 9],
      );
      await ask(history);
      assert.equal(warnings.length, 1, "once, not with every question");
      assert.match(warnings.join(), /1 samples in .*history\.db do not match their checksum/);
    });

  it("does not merge into a damaged row", async () => {
    const { history } = open();
    await history.write([{ id: "t", ts: 1, values: { a: 1, b: 2 } }]);
    const db = new DatabaseSync(file);
    db.exec(`UPDATE samples SET "values" = '{"a":1,"b":3}'`);
    db.close();
    await history.write([{ id: "t", ts: 1, values: { a: 5 } }]);
    assert.deepEqual(await ask(history), [{ time: 1, id: "t", a: 5 }]);
  });

  for (const [what, damage] of [
    ["is not a database any more", (size: number) => overwrite(file, 0, size, 0x5a)],
    ["has a page of rubbish", () => overwrite(file, 4096, 8192, 0x5a)],
    ["was cut in the middle", (size: number) => truncateSync(file, Math.floor(size / 2 / 4096) * 4096)],
  ] as [string, (size: number) => void][])
    it(`puts a file aside that ${what}, and begins a new one`, async () => {
      const first = open();
      await first.history.write(samplesOf(2000));
      await first.held.close();
      damage(statSync(file).size);
      const { history } = open();
      assert.match(warnings.join(), /damaged.*put aside as .*history\.db\.damaged-\d+/);
      assert.equal(readdirSync(folder).filter((name) => /damaged-\d+$/.test(name)).length, 1);
      await history.write(samplesOf(3));
      assert.equal((await ask(history)).length, 3);
    });

  it("begins a new file when damage shows while writing", async () => {
    const first = open();
    // More than SQLite keeps in memory.
    for (let i = 0; i < 50; i++) await first.history.write(samplesOf(2000, `t${i}`));
    await first.held.close();
    const { history } = open();
    overwrite(file, 4096, statSync(file).size - 4096, 0x5a);
    const failures: { code?: string; retryable?: boolean }[] = [];
    for (let i = 0; i < 50 && warnings.length === 0; i++) {
      await history.write(samplesOf(1, `t${i}`, 1000)).catch((error) => failures.push(error));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.match(warnings.join(), /put aside/);
    assert.equal(failures[0]?.code, "history-failed");
    assert.equal(failures[0]?.retryable, true);
    await history.write(samplesOf(3, "after"));
    assert.equal((await ask(history, { twin: "after" })).length, 3);
    assert.equal(history.describe().state, "ok");
  }).timeout(20_000);

  it("begins a new file later when it cannot put the damaged one aside at once", async () => {
    const first = open();
    for (let i = 0; i < 50; i++) await first.history.write(samplesOf(2000, `t${i}`));
    await first.held.close();
    const { history } = open();
    const { renameSync } = fs;
    const mutable = fs as { renameSync: typeof renameSync };
    let failed = 0;
    mutable.renameSync = (from, to) => {
      if (failed++ > 0) return renameSync(from, to);
      throw new Error("ENOSPC: simulated");
    };
    try {
      overwrite(file, 4096, statSync(file).size - 4096, 0x5a);
      let isWritten = false;
      for (let i = 0; !(isWritten && failed > 1); i++) {
        isWritten = await history.write(samplesOf(1, `t${i % 50}`, 1000 + i)).then(
          () => true,
          (error) => {
            assert.equal(error.retryable, true);
            return false;
          },
        );
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      Object.assign(mutable, { renameSync });
    }
    assert.match(warnings[0] ?? "", /ENOSPC/);
    assert.match(warnings.join(), /put aside/);
  }).timeout(30_000);

  it("rejects what it cannot write, tells its state, and goes on when it can again", async () => {
    const { history } = open();
    await history.write(samplesOf(1));
    const states: string[] = [];
    history.watch(({ state, reason }) => states.push(`${state} ${reason ?? ""}`));
    const blocker = new DatabaseSync(file);
    blocker.exec("BEGIN IMMEDIATE");
    await assert.rejects(history.write(samplesOf(1, "t", 1)), { code: "history-failed", retryable: true });
    assert.equal(history.describe().state, "failed");
    assert.equal(history.describe().waiting, 0);
    blocker.exec("ROLLBACK");
    blocker.close();
    await history.write(samplesOf(1, "new", 2));
    assert.deepEqual(states, ["failed database is locked", "ok "]);
    assert.deepEqual(
      (await ask(history)).map(({ time }) => time),
      [0, 2],
    );
  });

  it("refuses a file of a newer version instead of guessing", async () => {
    const { held } = open();
    await held.close();
    const db = new DatabaseSync(file);
    db.exec("PRAGMA user_version = 99");
    db.close();
    assert.throws(() => open(), { code: "bad-setting", message: /newer version/ });
  });

  it("keeps samples as long as asked: the longest wish counts, and without a wish nothing goes", async () => {
    const now = Date.now();
    const day = 86_400_000;
    const { held, history, close } = open("twin", 10 * day);
    const other = held.open({ database: "twin", measurement: "other", keepMs: 30 * day });
    await history.write([
      ...samplesOf(3000, "long-gone", now - 60 * day),
      ...samplesOf(5, "t", now - 20 * day),
      ...samplesOf(5, "t", now - day),
    ]);
    const count = async (): Promise<number> => (await ask(history, { twin: "*", end: now })).length;
    await held.sweep(now);
    assert.equal(await count(), 10);
    await other.close();
    await held.sweep(now);
    assert.equal(await count(), 5);
    const db = new DatabaseSync(file);
    assert.deepEqual(
      db
        .prepare("SELECT id FROM series")
        .all()
        .map(({ id }) => id),
      ["t"],
    );
    db.close();
    await close();
    await held.sweep(now + 100 * day);
    assert.equal(await count(), 5);
    await history.write(samplesOf(1, "long-gone", now));
    assert.equal(await count(), 6);
  });

  it("removes old samples by itself, in small steps", async () => {
    const { history } = open("twin", 60_000);
    await history.write([...samplesOf(2000, "t", 0), ...samplesOf(1, "t", Date.now())]);
    await until(async () => (await ask(history, { end: Date.now() })).length === 1);
  });

  describe("with many samples", () => {
    // Met is 30 ms; a machine busy with something else stretches it. All at once it would be over a second.
    const generousMs = 500;

    it("does not hold up the event loop while it writes and answers", async function () {
      this.timeout(30_000);
      const { history } = open();
      const writing = await worstDelay(() => history.write(samplesOf(90_000)));
      assert.ok(writing < generousMs, `writing blocked for ${writing} ms`);
      let rows = 0;
      const reading = await worstDelay(async () => {
        rows = (await ask(history)).length;
      });
      assert.equal(rows, 90_000);
      assert.ok(reading < generousMs, `reading blocked for ${reading} ms`);
    });

    it("gives a question up when it is told to or takes too long, and answers the next", async function () {
      this.timeout(30_000);
      const { history } = open();
      await history.write(samplesOf(90_000));
      const query = readHistoryQuery({ ...all, aggregate: "median" }, 0);
      const whole = performance.now();
      await history.query(query);
      const wholeMs = performance.now() - whole;
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 5);
      const begun = performance.now();
      await Promise.all(
        [1, 2].map(() => assert.rejects(history.query(query, { signal: controller.signal }), { code: "cancelled" })),
      );
      await assert.rejects(history.query(query, { signal: AbortSignal.abort() }), { code: "cancelled" });
      // The thread notices by itself, long before it would have been through.
      assert.ok(performance.now() - begun < wholeMs / 2, `${performance.now() - begun} of ${wholeMs} ms`);
      await assert.rejects(history.query(query, { timeoutMs: 5 }), { code: "timed-out" });
      assert.equal((await ask(history, { limit: 3 })).length, 3);
      assert.deepEqual(await ask(history, { aggregate: "count", properties: ["n"] }), [
        { time: 0, id: "t", n: 90_000 },
      ]);
    });

    it("refuses questions and samples beyond what may wait, as busy", async () => {
      const { history } = open();
      const asked = Array.from({ length: 300 }, () =>
        ask(history).then(
          () => "answered",
          ({ code }) => code,
        ),
      );
      const answers = await Promise.all(asked);
      assert.deepEqual([...new Set(answers)].sort(), ["answered", "busy"]);
      const writes = Array.from({ length: 3 }, (_, i) => history.write(samplesOf(45_000, `t${i}`)));
      assert.equal(history.describe().waiting, 90_000);
      await Promise.all([
        ...writes.slice(0, 2),
        assert.rejects(writes[2] as Promise<unknown>, { name: "Refusal", code: "busy" }),
      ]);
      assert.equal(history.describe().waiting, 0);
      await history.write(samplesOf(1));
    }).timeout(20_000);
  });

  it("answers nothing any more once it is closed", async () => {
    const { history, held } = open();
    await Promise.all([assert.rejects(ask(history), { code: "busy" }), held.close()]);
    await assert.rejects(ask(history), { code: "busy" });
  });
});

function overwrite(file: string, from: number, length: number, byte: number): void {
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.alloc(length, byte), 0, length, from);
  closeSync(handle);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not come to pass");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
