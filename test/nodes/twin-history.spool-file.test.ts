import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createRefusedFile } from "../../nodes/twin-history/refused-file";
import { openSpool, type Spool } from "../../nodes/twin-history/spool";
import { decodeRecord, encodeRecord } from "../../nodes/twin-history/spool-record";
import { createWalSync } from "../../nodes/twin-history/wal-sync";

const mib = 1024 * 1024;

describe("twin-history, files of the spool", () => {
  let folder = "";
  let warnings: string[] = [];
  const opened: Spool[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const open = (): Spool => {
    const spool = openSpool({ folder, maxBytes: mib, target: { url: "http://db" }, warn });
    opened.push(spool);
    return spool;
  };
  const put = (spool: Spool, lines: string[], ts = 0, maxBytes = mib): number =>
    spool.put(
      lines,
      lines.map((_, i) => ({ id: `t${i}`, ts: ts + i })),
      1000,
      maxBytes,
    );
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-spool-"));
    warnings = [];
  });
  afterEach(() => {
    for (const spool of opened.splice(0)) spool.close();
    rmSync(folder, { recursive: true });
  });

  it("a record holds lines of any text: line ends, several bytes a character, half characters", () => {
    const lines = ["a", 'twin t="two\nlines" 1', "温度\n\n💧", "", "\n", "x"];
    assert.deepEqual(decodeRecord(encodeRecord({ lines, since: 5, latest: -7 })), { lines, since: 5, latest: -7 });
    const half = decodeRecord(encodeRecord({ lines: ["a\ud800b", "c"], since: 0, latest: 0 }));
    assert.deepEqual(half?.lines, ["a\ufffdb", "c"]);
  });

  it("what is no record is none", () => {
    const record = encodeRecord({ lines: ["abc", "de"], since: 5, latest: 7 });
    for (const bytes of [0, 10, 20, 27, record.length - 1])
      assert.equal(decodeRecord(record.subarray(0, bytes)), undefined);
    assert.equal(decodeRecord(Buffer.concat([record, Buffer.from("x")])), undefined);
  });

  it("gives whole records, oldest first, and after a restart the rest of them with their age", () => {
    const first = open();
    for (let i = 0; i < 10; i++) put(first, [`a${i}`, `b${i}`]);
    const one = first.oldest(5);
    assert.deepEqual(one?.lines, ["a0", "b0", "a1", "b1"]);
    first.release(one?.numbers ?? []);
    first.close();
    const second = open();
    assert.deepEqual({ ...second.describe(), bytes: 0 }, { spooled: 16, records: 8, bytes: 0, since: 1000, lost: 0 });
    assert.deepEqual(second.oldest(1)?.lines, ["a2", "b2"]);
    assert.deepEqual(JSON.parse(readFileSync(path.join(folder, "target.json"), "utf8")), { url: "http://db" });
  });

  it("knows which samples would overtake what it holds", () => {
    const spool = open();
    assert.equal(spool.covers("t0", -5), false, "an empty one holds nothing");
    put(spool, ["a", "b"], 100);
    assert.deepEqual(
      [
        ["t0", 100],
        ["t0", 101],
        ["t1", 101],
        ["t1", 102],
        ["u", 0],
      ].map(([id, ts]) => spool.covers(id as string, ts as number)),
      [true, false, true, false, false],
    );
    spool.close();
    const next = open();
    assert.equal(next.covers("u", 101), true, "whose they are is not known any more: none may overtake");
    assert.equal(next.covers("u", 102), false);
    next.release(next.oldest(9)?.numbers ?? []);
    assert.equal(next.covers("u", 0), false);
  });

  it("holds no more than its bound, in many records or in large ones, and is whole again when it was emptied", () => {
    for (const line of ["x".repeat(50), "x".repeat(120_000)]) {
      const spool = open();
      const lines = Array.from({ length: 100 }, () => line);
      let count = 0;
      for (let taken = 1; taken > 0; count += taken) taken = put(spool, lines);
      assert.ok(count * line.length > mib / 2, `${count} lines`);
      const size = readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
      assert.ok(size <= mib + 10_000, `${size} bytes`);
      assert.equal(put(spool, lines, 0, mib), 0);
      for (let next = spool.oldest(1000); next; next = spool.oldest(1000)) spool.release(next.numbers);
      assert.ok(put(spool, lines) > 0);
      spool.dropOldest();
      spool.close();
      rmSync(folder, { recursive: true });
    }
    writeFileSync(folder, "");
  });

  it("takes a smaller bound with a deploy, also when a segment of the larger one is still there", () => {
    const spool = openSpool({ folder, maxBytes: 512 * mib, target: {}, warn });
    opened.push(spool);
    for (let i = 0; i < 20; i++) put(spool, ["x".repeat(100_000)], 0, 512 * mib);
    assert.equal(put(spool, ["y"]), 0, "full");
    for (let next = spool.oldest(1); next; next = spool.oldest(1)) spool.release(next.numbers);
    assert.equal(put(spool, ["y"]), 1);
    assert.deepEqual(spool.oldest(1)?.lines, ["y"]);
  });

  it("gives up a record that cannot be read, counts it, and goes on with the next", () => {
    const spool = open();
    put(spool, ["a", "b"]);
    spool.close();
    const [log] = readdirSync(folder).filter((name) => name.endsWith(".log"));
    const file = path.join(folder, log as string);
    const content = readFileSync(file);
    content[content.length - 1] = (content.at(-1) as number) ^ 1;
    writeFileSync(file, content);
    appendFileSync(file, "torn");
    const next = open();
    assert.equal(warnings.length, 1, "the log puts the file aside and says so");
    assert.equal(next.oldest(10), undefined);
    put(next, ["c"]);
    assert.deepEqual(next.oldest(10)?.lines, ["c"]);
  });

  it("the latest that joined drains, and when it leaves the one before is woken", () => {
    const spool = open();
    const woken: string[] = [];
    const first = spool.join(() => woken.push("first"));
    const second = spool.join(() => woken.push("second"));
    assert.deepEqual([first.drains(), second.drains()], [false, true]);
    put(spool, ["a"]);
    assert.deepEqual(woken, ["second"]);
    second.leave();
    assert.deepEqual(woken, ["second", "first"]);
    assert.equal(first.drains(), true);
  });

  it("refused.jsonl is bounded: one file before it is kept", async () => {
    const refused = createRefusedFile(folder, warn, 1000);
    const entry = {
      sample: { id: "t", ts: 1, values: { s: "x".repeat(100) } },
      error: { code: "wrong-type", message: "no", hint: "" },
    } as const;
    for (let i = 0; i < 40; i++) await refused.add([entry, entry]);
    assert.equal(refused.count(), 80);
    assert.deepEqual(readdirSync(folder).sort(), ["refused.1.jsonl", "refused.jsonl"]);
    for (const name of readdirSync(folder)) assert.ok(statSync(path.join(folder, name)).size <= 1000);
    const told = (): string[] => warnings.filter((text) => text.startsWith("InfluxDB refused"));
    assert.equal(told().length, 1, `not for each line: ${warnings.join("\n")}`);
    refused.tell();
    assert.match(told()[1] ?? "", /refused 78 samples/);
  });

  it("a commit of the embedded history is on the disk soon after it was made", async () => {
    const file = path.join(folder, "history.db");
    const sync = createWalSync(file, warn, 20);
    sync.touch();
    const begun = Date.now();
    await until(() => warnings.length > 0);
    assert.match(warnings[0] ?? "", /could not be flushed.*ENOENT/);
    assert.ok(sync.durableUntil() < begun + 20);
    writeFileSync(`${file}-wal`, "frames");
    await until(() => sync.durableUntil() >= begun + 20);
    await sync.close();
    assert.equal(warnings.filter((text) => text.includes("could not be flushed")).length, 1, "said once");
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not come to pass");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
