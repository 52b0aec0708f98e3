import { strict as assert } from "node:assert";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openSegmentLog, type SegmentLog, type SegmentLogOptions } from "../../nodes/lib/segment-log";

describe("segment log", () => {
  let folder = "";
  const warnings: string[] = [];
  const opened = new Set<SegmentLog>();
  const open = (options: Partial<SegmentLogOptions> = {}): SegmentLog => {
    const log = openSegmentLog({ folder, maxBytes: 1e8, warn: (text) => warnings.push(text), ...options });
    opened.add(log);
    return log;
  };
  const close = (log: SegmentLog): void => {
    opened.delete(log);
    log.close();
  };
  const texts = (log: SegmentLog): string[] => [...log.pending()].map(({ payload }) => payload.toString());
  const files = (ending: string): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .sort()
      .map((name) => path.join(folder, name));

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-log-"));
    warnings.length = 0;
  });
  afterEach(() => {
    for (const log of [...opened]) close(log);
    rmSync(folder, { recursive: true, force: true });
  });

  it("has what was not released again, in order, after it was left without closing", () => {
    const log = open({ segmentBytes: 200 });
    const numbers = Array.from({ length: 20 }, (_, k) => log.append(Buffer.from(`record ${k}`)));
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      numbers,
    );
    // Left as kill -9 leaves it: nothing is closed.
    assert.deepEqual(
      texts(open()),
      Array.from({ length: 20 }, (_, k) => `record ${k}`),
    );
  });

  it("forgets what was released, in any order, and deletes segments that are done with", () => {
    const log = open({ segmentBytes: 200 });
    const numbers = Array.from({ length: 20 }, (_, k) => log.append(Buffer.from(`record ${k}`)));
    const before = files(".log").length;
    for (const k of [3, 1, 2, 0, 4, 5, 6, 7, 8, 9, 12]) log.release(numbers[k] as number);
    assert.ok(files(".log").length < before);
    close(log);
    assert.deepEqual(
      texts(open()),
      [10, 11, 13, 14, 15, 16, 17, 18, 19].map((k) => `record ${k}`),
    );
  });

  it("never gives a number twice", () => {
    const log = open();
    const first = log.append(Buffer.from("a"));
    log.release(first);
    close(log);
    assert.ok(open().append(Buffer.from("b")) > first);
  });

  it("is bounded: what does not fit is refused as busy, and fits after a release", () => {
    const log = open({ maxBytes: 1000, segmentBytes: 300 });
    const numbers: number[] = [];
    assert.throws(
      () => {
        for (;;) numbers.push(log.append(Buffer.alloc(80)));
      },
      { code: "busy", retryable: true },
    );
    assert.equal(numbers.length, 10);
    assert.equal(log.hasRoom(80), false);
    for (const number of numbers.slice(0, 5)) log.release(number);
    assert.equal(log.hasRoom(80), true);
    log.append(Buffer.alloc(80));
    const onDisk = files(".log").reduce((sum, file) => sum + statSync(file).size, 0);
    assert.ok(onDisk <= 1000, `${onDisk} bytes on disk`);
  });

  it("cuts a torn end, keeps every whole record, and says so", () => {
    const log = open();
    for (let k = 0; k < 5; k++) log.append(Buffer.from(`record ${k}`));
    close(log);
    const [file] = files(".log") as [string];
    truncateSync(file, statSync(file).size - 3);
    const again = open();
    assert.deepEqual(texts(again), ["record 0", "record 1", "record 2", "record 3"]);
    assert.match(warnings[0] ?? "", /put aside/);
    again.append(Buffer.from("next"));
    assert.equal(texts(open()).at(-1), "next");
  });

  it("finds any flipped bit: each record is as written or missing with a warning, and the file is put aside", () => {
    const log = open();
    const written = Array.from({ length: 4 }, (_, k) => `record ${k}`);
    for (const text of written) log.append(Buffer.from(text));
    close(log);
    const [file] = files(".log") as [string];
    const clean = readFileSync(file);
    for (let bit = 0; bit < clean.length * 8; bit += 7) {
      const flipped = Buffer.from(clean);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      for (const name of readdirSync(folder)) rmSync(path.join(folder, name));
      writeFileSync(file, flipped);
      warnings.length = 0;
      const again = open();
      const read = texts(again);
      assert.ok(
        read.every((text) => written.includes(text)),
        `bit ${bit}: ${JSON.stringify(read)}`,
      );
      assert.equal(read.length, 3, `bit ${bit}`);
      assert.equal(warnings.length, 1, `bit ${bit} was not noticed`);
      close(again);
    }
  });

  it("never releases by a damaged note: the record comes again instead", () => {
    const log = open();
    const numbers = Array.from({ length: 3 }, (_, k) => log.append(Buffer.from(`record ${k}`)));
    log.release(numbers[0] as number);
    close(log);
    const [notes] = files(".released") as [string];
    const content = readFileSync(notes);
    content.writeBigUInt64LE(BigInt(numbers[1] as number), 0);
    writeFileSync(notes, content);
    assert.deepEqual(texts(open()), ["record 0", "record 1", "record 2"]);
  });

  it("takes a half written record back when the disk is full, and writes again when there is room", () => {
    const log = open();
    log.append(Buffer.from("a"));
    // A full disk cannot be made without a mount of its own: bytes of a torn write stand in for it.
    const [file] = files(".log") as [string];
    close(log);
    appendFileSync(file, Buffer.from("4d545731 torn", "utf8"));
    const again = open();
    again.append(Buffer.from("b"));
    assert.deepEqual(texts(again), ["a", "b"]);
  });

  it("has reached the disk when synced resolves", async () => {
    const log = open();
    log.append(Buffer.from("a"));
    const first = log.synced();
    log.append(Buffer.from("b"));
    await Promise.all([first, log.synced(), log.synced()]);
    assert.equal(log.size.records, 2);
  });
});
