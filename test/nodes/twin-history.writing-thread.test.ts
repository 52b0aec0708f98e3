import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import threads from "node:worker_threads";
import type { Sample } from "../../engine/contract/messages";
import { readHistoryQuery } from "../../engine/history/history-query";
import { type EmbeddedFile, openEmbeddedFile } from "../../nodes/twin-history/embedded";
import { openHistoryFile } from "../../nodes/twin-history/embedded-file";
import { createEmbeddedWriter, type EmbeddedWriter } from "../../nodes/twin-history/embedded-writer";
import type { History } from "../../nodes/twin-history/history";
import { packSample, unpackRows } from "../../nodes/twin-history/packed-rows";
import { startWritingThread } from "../../nodes/twin-history/writing-thread";

const forever = Number.POSITIVE_INFINITY;
const sampleAt = (ts: number): Sample => ({ id: "t", ts, values: { n: ts } });
const timesIn = async (history: History): Promise<Set<unknown>> => {
  const rows = await history.query(readHistoryQuery({ twin: "*", start: 0, end: 1e12 }, 0));
  return new Set(rows.map(({ time }) => time));
};

describe("twin-history, the thread that writes the embedded file", () => {
  let folder = "";
  let file = "";
  let warnings: string[] = [];
  const opened: EmbeddedFile[] = [];
  const { Worker } = threads;
  let begun: { worker: threads.Worker; script: string; ended: boolean }[] = [];
  const writers = (): threads.Worker[] =>
    begun.filter(({ script }) => script.endsWith("write-worker.js")).map(({ worker }) => worker);

  function open(keepMs = forever): { held: EmbeddedFile; history: History; close(): Promise<void> } {
    const held = openEmbeddedFile(file, (text) => warnings.push(text));
    opened.push(held);
    return { held, ...held.open({ database: "twin", measurement: "twin", keepMs }) };
  }

  before(() => {
    threads.Worker = class extends Worker {
      constructor(script: string, options: threads.WorkerOptions) {
        super(script, options);
        const entry = { worker: this, script, ended: false };
        begun.push(entry);
        this.once("exit", () => {
          entry.ended = true;
        });
      }
    };
  });
  after(() => {
    threads.Worker = Worker;
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-history-"));
    file = path.join(folder, "history.db");
    warnings = [];
    begun = [];
  });
  afterEach(async () => {
    for (const held of opened.splice(0)) await held.close();
    rmSync(folder, { recursive: true });
  });

  it("may end at any moment: what is acknowledged is there, what is not says so, and the next write begins another", async function () {
    this.timeout(30_000);
    const { history } = open();
    const acknowledged: number[] = [];
    const errors: { code: string; retryable: boolean }[] = [];
    let ts = 0;
    for (let round = 0; round < 8; round++) {
      const writes = Array.from({ length: 400 }, () => {
        const mine = ts++;
        return history.write([sampleAt(mine)]).then(
          () => acknowledged.push(mine),
          (error) => errors.push(error),
        );
      });
      for (let turn = 0; turn <= round; turn++) await new Promise(setImmediate);
      await writers().at(-1)?.terminate();
      await Promise.all(writes);
    }
    await history.write([sampleAt(ts)]);
    assert.equal(history.describe().state, "ok");
    assert.equal(history.describe().waiting, 0);
    assert.ok(errors.length > 0, "no thread ended with samples under way");
    assert.deepEqual([...new Set(errors.map(({ code, retryable }) => `${code} ${retryable}`))], ["worker-failed true"]);
    const kept = await timesIn(history);
    assert.ok(kept.has(ts));
    assert.deepEqual(
      acknowledged.filter((n) => !kept.has(n)),
      [],
    );
    assert.ok(writers().length > 1);
    assert.deepEqual(warnings, []);
  });

  it("control: acknowledged when they are handed to the thread, samples are lost with it", async () => {
    openHistoryFile(file, assert.fail).close();
    const thread = startWritingThread(file, { onOpen: () => undefined, warn: assert.fail });
    const writer = createEmbeddedWriter(
      async (rows) => {
        thread.write(rows).catch(() => undefined);
        return 0;
      },
      () => undefined,
    );
    // However late it ends: the thread cannot have committed.
    const blocker = new DatabaseSync(file);
    blocker.exec("BEGIN IMMEDIATE");
    await writer.write("twin", [sampleAt(1)]);
    await writers()[0]?.terminate();
    blocker.close();
    assert.deepEqual([...(await timesIn(open().history))], []);
  });

  it("keeps removing old samples after it was begun anew", async () => {
    const { held, history } = open(60_000);
    await history.write([sampleAt(1)]);
    await writers()[0]?.terminate();
    const now = Date.now();
    await history.write([sampleAt(1), sampleAt(now)]);
    await held.sweep(now);
    assert.equal((await timesIn(history)).has(1), false);
    assert.equal(writers().length, 2);
  });

  it("writes in the order in which samples came: of one instant the last stays", async () => {
    const { history } = open();
    const writes = Array.from({ length: 3000 }, (_, n) => history.write([{ id: "t", ts: 1, values: { n } }]));
    const batch = Array.from({ length: 20_000 }, (_, n) => ({ id: "t", ts: 1, values: { n: 3000 + n } }));
    await Promise.all([...writes, history.write(batch), history.write([{ id: "t", ts: 1, values: { last: true } }])]);
    const rows = await history.query(readHistoryQuery({ twin: "t", start: 0, end: 10 }, 0));
    assert.deepEqual(rows, [{ time: 1, id: "t", n: 22_999, last: true }]);
  }).timeout(20_000);

  it("is through with what waits when the file closes, and no thread is left", async () => {
    const first = open();
    const writing = [0, 1, 2].map((part) =>
      first.history.write(Array.from({ length: 10_000 }, (_, n) => sampleAt(part * 10_000 + n))),
    );
    await first.held.close();
    assert.deepEqual(
      (await Promise.all(writing)).map(({ written }) => written),
      [10_000, 10_000, 10_000],
    );
    await assert.rejects(first.history.write([sampleAt(1)]), { code: "busy", retryable: true });
    assert.deepEqual(
      begun.filter(({ ended }) => !ended),
      [],
    );
    assert.equal((await timesIn(open().history)).size, 30_000);
  }).timeout(20_000);

  it("a node that closes waits for what was given to it", async () => {
    const { history, close } = open();
    let isWritten = false;
    void history.write([sampleAt(1)]).then(() => {
      isWritten = true;
    });
    await close();
    assert.ok(isWritten);
  });
});

describe("twin-history, groups for the writing thread", () => {
  const commits: { rows: string; resolve(ms: number): void; reject(error: Error): void }[] = [];
  let results: unknown[] = [];
  let writer: EmbeddedWriter;
  beforeEach(() => {
    commits.length = 0;
    results = [];
    writer = createEmbeddedWriter(
      (rows) => new Promise((resolve, reject) => commits.push({ rows, resolve, reject })),
      (error) => results.push(error),
    );
  });
  const commit = async (): Promise<(typeof commits)[0]> => {
    const count = commits.length;
    while (commits.length === count) await new Promise((resolve) => setTimeout(resolve, 1));
    return commits[count] as (typeof commits)[0];
  };
  const countRows = (rows: string): number => rows.split("\n").length / 5 - 0.2;

  it("one is under way at a time, and holds all that came meanwhile", async () => {
    const writes = [writer.write("twin", [sampleAt(0)])];
    const first = await commit();
    for (let ts = 1; ts < 50; ts++) writes.push(writer.write("twin", [sampleAt(ts)]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(commits.length, 1);
    assert.deepEqual(writer.waiting().samples, 50);
    first.resolve(0);
    const second = await commit();
    assert.equal(countRows(second.rows), 49);
    second.resolve(0);
    await Promise.all(writes);
    assert.equal(writer.waiting().samples, 0);
  });

  it("no group is much larger than 8 million characters", async () => {
    const values = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`p${n}`, "x".repeat(60_000)]));
    const writing = writer.write(
      "twin",
      Array.from({ length: 20 }, (_, ts) => ({ id: "t", ts, values })),
    );
    let rows = 0;
    while (rows < 20) {
      const group = await commit();
      assert.ok(group.rows.length < 10_000_000, `${group.rows.length}`);
      rows += countRows(group.rows);
      group.resolve(0);
    }
    assert.equal((await writing).written, 20);
    assert.ok(commits.length > 2);
  });

  it("a group that fails rejects its samples, those of a batch with its rest, and no others", async () => {
    const good = writer.write("twin", [sampleAt(0)]);
    const first = await commit();
    const failing = [writer.write("twin", [sampleAt(1)]), writer.write("twin", [sampleAt(2)])];
    first.resolve(0);
    const second = await commit();
    const after = writer.write("twin", [sampleAt(3)]);
    second.reject(new Error("disk I/O error"));
    for (const one of failing)
      await assert.rejects(one, { code: "history-failed", retryable: true, message: /disk I\/O error/ });
    (await commit()).resolve(0);
    assert.equal((await good).written, 1);
    assert.equal((await after).written, 1);
    assert.deepEqual(
      results.map((error) => (error as Error | undefined)?.message),
      [undefined, "disk I/O error", undefined],
    );
  });

  it("a sample that cannot even be looked at fails its message, and no other", async () => {
    const bad = writer.write("twin", [null as unknown as Sample]);
    const good = writer.write("twin", [sampleAt(1)]);
    void commit().then(({ resolve }) => resolve(0));
    await assert.rejects(bad, { code: "history-failed" });
    assert.equal((await good).written, 1);
  });

  it("when the thread does not answer, closing gives up what waits", async () => {
    const writing = writer.write("twin", [sampleAt(1)]);
    await Promise.all([assert.rejects(writing, { code: "busy", retryable: true }), writer.close(20)]);
    commits[0]?.resolve(0);
    assert.equal(writer.waiting().samples, 0);
  });
});

describe("twin-history, samples as rows for the writing thread", () => {
  function rowOf(values: Record<string, unknown>): unknown {
    const found: unknown[] = [];
    const sample = { id: "press-6", ts: 12, model: "press", values } as Sample;
    const rows = packSample("twin", sample);
    if (typeof rows !== "string") return rows;
    // Several in a row are told apart.
    unpackRows(rows + rows, ({ measurement, id, ts, model, values: text, checked }) => {
      assert.deepEqual([measurement, id, ts, model], ["twin", "press-6", 12, "press"]);
      assert.equal(checked, `press-6\n12\npress\n${text}`);
      found.push(JSON.parse(text));
    });
    assert.equal(found.length, 2);
    assert.deepEqual(found[0], found[1]);
    return found[0];
  }

  for (const values of [
    { n: 1, on: false, text: "" },
    { text: 'line\nend\r\n"quoted"\\ \u2028 état \u{1f527}\0', 温度: -0.1 },
  ])
    it(JSON.stringify(values), () => assert.deepEqual(rowOf(values), values));

  it("only readings count", () => {
    assert.deepEqual(rowOf({ a: null, b: Number.NaN, c: 3, d: undefined }), { c: 3 });
    assert.equal(rowOf({ a: null }), undefined);
    assert.equal((rowOf({ a: [] }) as { code: string }).code, "wrong-type");
  });

  it("an object with a way of its own to become JSON is read property by property", () => {
    class Reading {
      n = 1;
      toJSON(): string {
        return "something else";
      }
    }
    assert.deepEqual(rowOf(new Reading() as unknown as Record<string, unknown>), { n: 1 });
  });
});
