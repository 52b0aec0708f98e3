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
import { type FailingDisk, failFlushes, failWrites } from "../support/failing-disk";

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

  it("lets go of all up to a number, a segment at a time, and hands their files over", () => {
    const retired: string[] = [];
    const log = open({ segmentBytes: 200, retire: (file) => retired.push(path.basename(file)) });
    const [first, ...numbers] = Array.from({ length: 20 }, (_, k) => log.append(Buffer.from(`record ${k}`)));
    const segments = files(".log").length;
    assert.equal(log.oldest, first);
    const through = numbers.at(-2) as number;
    let turns = 0;
    while (log.releaseThrough(through)) turns++;
    assert.equal(turns, segments - 1);
    assert.deepEqual(texts(log), ["record 19"]);
    assert.equal(log.next, (numbers.at(-1) as number) + 1);
    assert.deepEqual(
      retired,
      files(".log")
        .slice(0, -1)
        .map((file) => path.basename(file)),
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

  describe("on a disk that fails (node:fs refuses the n-th call)", () => {
    let disk: FailingDisk | undefined;
    afterEach(() => {
      disk?.restore();
      disk = undefined;
    });

    for (const fault of ["refused", "torn", "short"] as const)
      for (const cutsFail of [false, true])
        it(`has what it gave a number after a write was ${fault}${cutsFail ? " and could not be taken back" : ""}, and goes on`, () => {
          const log = open();
          log.append(Buffer.from("a"));
          disk = failWrites({ nth: 1, times: 2, code: "ENOSPC" }, fault, cutsFail);
          for (const _ of [1, 2])
            assert.throws(() => log.append(Buffer.from("not taken")), { code: "store-failed", retryable: true });
          log.append(Buffer.from("b"));
          assert.deepEqual(texts(log), ["a", "b"]);
          assert.deepEqual(texts(open()), ["a", "b"]);
        });

    for (const fault of ["refused", "torn", "short"] as const)
      it(`takes a whole turn's records back when their write was ${fault}, and takes nothing on trust until one succeeds`, async () => {
        const log = open();
        log.append(Buffer.from("a"));
        const before = log.size;
        disk = failWrites({ nth: 1, times: 2, code: "ENOSPC" }, fault);
        const numbers = ["b", "c"].map((text) => log.appendSoon(text));
        const written = log.written() as Promise<void>;
        assert.equal(disk.failed(), 0, "not written yet");
        await assert.rejects(written, { code: "store-failed", retryable: true });
        assert.deepEqual(log.size, before);
        assert.equal(log.read(numbers[0] as number), undefined);
        assert.throws(() => log.appendSoon("d"), { code: "store-failed" }, "at once, not at the end of the turn");
        log.appendSoon("e");
        log.appendSoon("f");
        await log.written();
        assert.deepEqual(texts(open()), ["a", "e", "f"]);
      });

    it("keeps no file for each try while it can neither write nor take back", () => {
      const log = open();
      disk = failWrites({ nth: 1, times: 50 }, "torn", true);
      for (let k = 0; k < 50; k++) assert.throws(() => log.append(Buffer.from("x")));
      assert.ok(files(".log").length <= 2, `${files(".log").length} files`);
    });

    it("notes releases whole or not at all, and says once that it cannot", async () => {
      const log = open();
      const numbers = Array.from({ length: 3 }, (_, k) => log.append(Buffer.from(`record ${k}`)));
      log.release(numbers[0] as number);
      disk = failWrites({ nth: 1, times: 3 }, "short");
      await until(() => (disk as FailingDisk).failed() === 3);
      log.release(numbers[1] as number);
      close(log);
      assert.equal(warnings.length, 1);
      assert.deepEqual(texts(open()), ["record 2"]);
    });

    it("promises nothing that a failed flush should have covered, nor what came while it was under way", async () => {
      const log = open();
      const failing = failFlushes({ nth: 2 });
      disk = failing;
      const append = (text: string): Promise<void> => {
        log.append(Buffer.from(text));
        return log.synced();
      };
      await append("a");
      const outcomes = await Promise.allSettled([append("b"), append("c"), append("d")]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ["rejected", "rejected", "rejected"],
      );
      await append("e");
      failing.powerCut();
      const found = texts(open());
      assert.ok(found.includes("a") && found.includes("e"), found.join());
    });
  });

  it("notices that its end was cut off between two records", () => {
    const log = open();
    for (let k = 0; k < 5; k++) log.append(Buffer.from(`record ${k}`));
    close(log);
    const [file] = files(".log") as [string];
    truncateSync(file, statSync(file).size - (statSync(file).size / 5) * 2);
    assert.deepEqual(texts(open()), ["record 0", "record 1", "record 2"]);
    assert.match(warnings.join(), /last records are missing/);
    warnings.length = 0;
    open();
    assert.deepEqual(warnings, [], "said once");
  });

  it("says that its list of released records is damaged", () => {
    const log = open();
    log.release(log.append(Buffer.from("a")));
    log.append(Buffer.from("b"));
    close(log);
    const [notes] = files(".released") as [string];
    truncateSync(notes, statSync(notes).size - 5);
    open();
    assert.match(warnings.join(), /list of released records/);
  });

  it("does not hand out a record that was damaged while it was open", () => {
    const log = open();
    const numbers = ["a", "b", "c"].map((text) => log.append(Buffer.from(text)));
    const [file] = files(".log") as [string];
    const content = readFileSync(file);
    content[content.length - 1 - 21] = 0;
    writeFileSync(file, content);
    assert.equal(log.read(numbers[1] as number), undefined);
    assert.match(warnings.join(), /damaged and cannot be read/);
    assert.deepEqual(texts(log), ["a", "c"]);
  });

  it("keeps the whole records of a damaged file also where there is no room to write them anew", () => {
    const log = open();
    for (let k = 0; k < 3; k++) log.append(Buffer.from(`record ${k}`));
    close(log);
    const [file] = files(".log") as [string];
    appendFileSync(file, "torn");
    const disk = failWrites({ nth: 1, code: "ENOSPC" }, "short");
    try {
      const again = open();
      assert.deepEqual(texts(again), ["record 0", "record 1", "record 2"]);
      again.append(Buffer.from("next"));
      assert.deepEqual(texts(again).at(-1), "next");
    } finally {
      disk.restore();
    }
    assert.match(warnings.join(), /could not be put aside/);
    assert.equal(texts(open()).length, 4);
  });

  it("writes what one turn brings at once, in order with the rest, and before anything reads it", async () => {
    const log = open({ segmentBytes: 300 });
    const soon = (text: string): number => log.appendSoon(text);
    soon("a");
    const second = soon("b");
    assert.equal(log.read(second)?.toString(), "b");
    soon("c");
    log.append(Buffer.from("d"));
    const all = Array.from({ length: 30 }, (_, k) => `record ${k}`);
    for (const text of all) soon(text);
    assert.ok(log.written());
    await log.written();
    assert.equal(log.written(), undefined);
    assert.deepEqual(texts(open({ segmentBytes: 300 })), ["a", "b", "c", "d", ...all]);
    soon("left");
    close(log);
    assert.equal(texts(open({ segmentBytes: 300 })).at(-1), "left", "a close writes it");
  });

  it("takes texts of every length and script behind a head, also those longer than what is gathered at once", async () => {
    const log = open({ segmentBytes: 4 * 1024 * 1024, maxBytes: 64 * 1024 * 1024 });
    const head = Buffer.from([3, 97, 98, 99]);
    const words = ["", "plain", "压片机 23.5 °C", "\u{1f9ea}".repeat(1000), "a half \ud800 character"];
    const lengths = [200_000, 262_120, 262_144, 300_000, 1_000_000];
    const all = [...words, ...lengths.map((length) => "µ".repeat(length / 2)), ...words];
    for (const text of all) log.appendSoon(text, head);
    await log.written();
    const expected = all.map((text) => `\u0003abc${Buffer.from(text).toString()}`);
    const found = texts(open({ segmentBytes: 4 * 1024 * 1024, maxBytes: 64 * 1024 * 1024 }));
    assert.equal(found.length, expected.length);
    assert.ok(found.every((text, k) => text === expected[k]));
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

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
