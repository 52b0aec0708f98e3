import { strict as assert } from "node:assert";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TwinDocument } from "../../engine/contract/document";
import type { Moment } from "../../engine/twin/moment";
import { reportSample } from "../../engine/twin/report";
import { type EmbeddedStore, type EmbeddedStoreOptions, openEmbeddedStore } from "../../nodes/twin-store/embedded";
import { worstDelay } from "../support/event-loop";

describe("the past of a twin in the embedded store", () => {
  let folder = "";
  let warnings: string[] = [];
  let now = 0;
  const opened: EmbeddedStore[] = [];
  const open = (options: Partial<EmbeddedStoreOptions> = {}): EmbeddedStore => {
    const warn = (text: string): void => void warnings.push(text);
    const store = openEmbeddedStore({ folder, durability: "process", keepMs: 1e12, now: () => now, warn, ...options });
    opened.push(store);
    return store;
  };
  const closeAll = (): void => {
    for (const store of opened.splice(0)) store.close();
  };
  /** Every document that twin `a` ever had, with when it was stored. */
  let kept: { time: number; document: TwinDocument }[] = [];
  const report = async (store: EmbeddedStore, values: Record<string, number | string>, id = "a"): Promise<void> => {
    now += 10;
    const document = await store.twins.update(id, (current) => {
      const result = reportSample(current, { id, ts: now, values }, { now });
      return { document: result.document, changed: result.changed, notify: true };
    });
    if (id === "a") kept.push({ time: now, document: document as TwinDocument });
  };
  const at = async (store: EmbeddedStore, moment: Moment): Promise<string> =>
    JSON.stringify((await store.twins.at("a", moment))?.document);
  /** Asks for every moment there was. */
  const checkAll = async (store: EmbeddedStore): Promise<void> => {
    for (const [k, { time, document }] of kept.entries()) {
      const expected = JSON.stringify(document);
      for (const instant of [time, time + 9])
        assert.equal(await at(store, { time: instant }), expected, `at ${instant}`);
      const isLastOfRev = kept[k + 1]?.document.rev !== document.rev;
      if (isLastOfRev) assert.equal(await at(store, { rev: document.rev }), expected, `rev ${document.rev}`);
    }
  };
  const segments = (of: "twins" | "past", home = folder): string[] =>
    readdirSync(path.join(home, of))
      .filter((name) => name.endsWith(".log"))
      .map((name) => path.join(home, of, name))
      .sort();

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-past-"));
    warnings = [];
    kept = [];
    now = 1_700_000_000_000;
  });
  afterEach(() => {
    closeAll();
    for (const one of [folder, `${folder}-killed`]) rmSync(one, { recursive: true, force: true });
  });

  it("is every document it ever had, by instant and by revision, over restarts and kill -9", async function () {
    this.timeout(60_000);
    let store = open();
    for (let k = 1; k <= 400; k++) {
      // Now and then a value that is known already: stored, without a new revision; and long texts, so that whole documents are written again.
      await report(store, k % 5 === 0 ? { x: (k - 1) % 7 } : { x: k % 7, [`p${k % 11}`]: `${k} ${"état".repeat(30)}` });
      if (k % 90 === 0) await report(store, { y: k }, "b");
      if (k % 150 === 0) {
        closeAll();
        store = open();
      }
    }
    await checkAll(store);
    assert.ok(segments("past").length >= 2);
    const killed = `${folder}-killed`;
    cpSync(folder, killed, { recursive: true });
    await checkAll(open({ folder: killed }));
    assert.deepEqual(warnings, []);
  });

  it("of updates within one turn is told apart by revision", async () => {
    const store = open();
    await Promise.all([1, 2, 3].map((x) => report(store, { x })));
    for (const rev of [1, 2, 3]) assert.equal(JSON.parse(await at(store, { rev })).reported.x, rev);
  });

  it("ends before its first report and after its last, and belongs to no other twin", async () => {
    const store = open();
    await report(store, { x: 1 });
    await report(store, { x: 2 });
    const first = { rev: 1, time: kept[0]?.time };
    assert.deepEqual(await store.twins.at("a", { time: now - 1000 }), { oldest: first });
    assert.deepEqual(await store.twins.at("a", { rev: 0 }), { oldest: first });
    assert.deepEqual(await store.twins.at("a", { rev: 3 }), {});
    assert.equal(await at(store, { time: now + 1e9 }), JSON.stringify(kept[1]?.document));
    assert.equal(await store.twins.at("b", { rev: 1 }), undefined);
    await store.twins.delete("a");
    assert.equal(await store.twins.at("a", { rev: 1 }), undefined);
    now += 10;
    await report(store, { x: 9 });
    assert.deepEqual(await store.twins.at("a", { rev: 1 }), { document: kept.at(-1)?.document });
    assert.deepEqual(await store.twins.at("a", { time: now - 5 }), { oldest: { rev: 1, time: now } });
  });

  it("is kept for so long, and so much of it; beyond that the oldest that is kept is told", async () => {
    let store = open();
    for (let round = 0; round < 3; round++) {
      for (let k = 1; k <= 200; k++) await report(store, { x: round * 1000 + k, text: `${k} ${"x".repeat(200)}` });
      closeAll();
      store = open();
    }
    closeAll();
    const files = segments("past");
    assert.equal(files.length, 3);
    const sizes = files.map((file) => statSync(file).size);
    // Room for the last two.
    store = open({ keepBytes: (sizes[1] ?? 0) + (sizes[2] ?? 0) + 100 });
    assert.equal(segments("past").length, 2);
    const { document, oldest } = (await store.twins.at("a", { rev: 10 })) ?? {};
    assert.equal(document, undefined);
    assert.ok(oldest && oldest.rev > 200 && oldest.rev <= 400, `rev ${oldest?.rev}`);
    assert.equal(kept[oldest.rev - 1]?.time, oldest.time);
    kept = kept.slice(oldest.rev - 1);
    await checkAll(store);
    closeAll();
    const [older, newer] = segments("past");
    utimesSync(older!, now / 1000 - 100, now / 1000 - 100);
    utimesSync(newer!, now / 1000, now / 1000);
    store = open({ keepMs: 50_000 });
    assert.deepEqual(segments("past"), [newer]);
    closeAll();
    store = open({ keepBytes: 0 });
    assert.equal(segments("past").length, 0);
    closeAll();
    store = open();
    // The present is the present, whatever is kept.
    const last = kept.at(-1);
    assert.equal(await at(store, { time: now }), JSON.stringify(last?.document));
    assert.deepEqual(await store.twins.at("a", { rev: 599 }), { oldest: { rev: 600, time: last?.time } });
    // And it goes on from here.
    await report(store, { x: 1 });
    await report(store, { x: 2 });
    assert.equal(JSON.parse(await at(store, { rev: 601 })).reported.x, 1);
    assert.deepEqual(warnings, []);
  });

  it("survives a start with the clock a year ahead", async () => {
    const stamp = (files: string[]): void => {
      for (const file of files) utimesSync(file, now / 1000, now / 1000);
    };
    for (let round = 0; round < 3; round++) {
      const store = open();
      await report(store, { x: round });
      closeAll();
    }
    const before = segments("past");
    assert.equal(before.length, 2);
    stamp(before);
    const right = now;
    now += 365 * 86_400_000;
    await report(open({ keepMs: 50_000 }), { x: 9 });
    closeAll();
    const after = segments("past");
    assert.deepEqual(after.slice(0, 2), before);
    stamp(after.slice(2));
    now = right + 1000;
    open({ keepMs: 50_000 });
    assert.deepEqual(segments("past").slice(0, 2), before);
  });

  it("is not kept at all with 0", async () => {
    let store = open({ keepBytes: 0 });
    await report(store, { x: 1 });
    await report(store, { x: 2 });
    closeAll();
    store = open({ keepBytes: 0 });
    assert.deepEqual([segments("past"), segments("twins")], [[], []]);
    assert.deepEqual(await store.twins.at("a", { rev: 1 }), { oldest: { rev: 2, time: now } });
    assert.equal(await at(store, { rev: 2 }), JSON.stringify(kept[1]?.document));
  });

  it("that is damaged is not shown, and nothing else is lost", async () => {
    let store = open();
    for (let k = 1; k <= 50; k++) await report(store, { x: k });
    // A start takes the folded segment over.
    for (let k = 0; k < 2; k++) {
      closeAll();
      store = open();
    }
    closeAll();
    const [file = ""] = segments("past");
    const content = readFileSync(file);
    const place = content.indexOf('"x":20');
    content[place + 4] = "9".charCodeAt(0);
    writeFileSync(file, content);
    store = open();
    const past = await store.twins.at("a", { rev: 20 });
    assert.equal(past?.document, undefined);
    assert.equal(await at(store, { rev: 50 }), JSON.stringify(kept[49]?.document));
  });

  it("is read without holding up the event loop", async () => {
    const store = open();
    const ids = Array.from({ length: 30_000 }, (_, k) => (k % 2 ? "a" : `t${k}`));
    for (let round = 0; round < 3; round++) {
      now += 10;
      await store.twins.updateAll(ids, (k, current) => {
        const id = ids[k] as string;
        const { document, changed } = reportSample(current, { id, ts: now + k, values: { x: k } }, { now: now + k });
        return { document, changed, notify: false };
      });
    }
    let document: TwinDocument | undefined;
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const worst = await worstDelay(async () => {
      document = (await store.twins.at("a", { rev: 7 }))?.document;
    });
    clearInterval(timer);
    assert.equal(document?.rev, 7);
    assert.ok(turns > 0, `no turn in between; worst delay ${worst} ms`);
  });
});
