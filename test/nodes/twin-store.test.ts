import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TwinDocument } from "../../engine/contract/document";
import type { Drift } from "../../engine/learning/drift/drift-watch";
import { reportSample } from "../../engine/twin/report";
import { type EmbeddedStore, type EmbeddedStoreOptions, openEmbeddedStore } from "../../nodes/twin-store/embedded";
import type { TwinUpdate } from "../../nodes/twin-store/store";
import { failWrites } from "../support/failing-disk";

describe("the embedded store", () => {
  let folder = "";
  const warnings: string[] = [];
  const opened: EmbeddedStore[] = [];
  const open = (options: Partial<EmbeddedStoreOptions> = {}): EmbeddedStore => {
    const store = openEmbeddedStore({ folder, durability: "process", warn: (text) => warnings.push(text), ...options });
    opened.push(store);
    return store;
  };
  const close = (store: EmbeddedStore): void => {
    opened.splice(opened.indexOf(store), 1);
    store.close();
  };
  const report = (store: EmbeddedStore, id: string, x: number, ts = x) =>
    store.twins.update(id, (current) => {
      const { document, changed } = reportSample(current, { id, ts, values: { x } }, { now: ts });
      return { document, changed, notify: true };
    });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-store-"));
    warnings.length = 0;
  });
  afterEach(() => {
    for (const store of [...opened]) close(store);
    rmSync(folder, { recursive: true, force: true });
  });

  it("has every twin, model and alias again after it was closed and opened", async () => {
    const first = open();
    await report(first, "a", 1);
    await report(first, "a", 2);
    const added = await first.models.add("hardness", (version) => ({ report: { version, r2: 0.9 }, model: '{"k":1}' }));
    await first.models.promote("hardness", added.version);
    close(first);
    const second = open();
    assert.equal((await second.twins.get("a"))?.rev, 2);
    const champion = await second.models.get("hardness", "champion");
    assert.equal(champion?.version, 1);
    assert.deepEqual(champion?.report, { version: 1, r2: 0.9 });
    assert.deepEqual(champion?.aliases, ["champion"]);
    assert.equal(await second.models.get("hardness", 2), undefined);
    assert.equal(await second.models.get("softness", "champion"), undefined);
  });

  it("numbers versions from 1, one by one, and moves an alias", async () => {
    const { models } = open();
    const heard: unknown[] = [];
    models.watch((change) => heard.push(change));
    for (let k = 0; k < 3; k++) await models.add("m", (version) => ({ report: { version }, model: "{}" }));
    await models.promote("m", 2);
    await models.promote("m", 3);
    assert.equal((await models.get("m", "champion"))?.version, 3);
    assert.deepEqual(
      (await models.list("m")).map((one) => [one.version, one.aliases]),
      [
        [3, ["champion"]],
        [2, []],
        [1, []],
      ],
    );
    await assert.rejects(models.promote("m", 9), { code: "not-found" });
    const [{ event, ...last }] = heard.slice(-1) as [Record<string, unknown>];
    assert.deepEqual(last, { name: "m", alias: "champion", version: 3 });
    const { at, ...entry } = event as Record<string, unknown>;
    assert.deepEqual(entry, { action: "promote", version: 3, alias: "champion", before: 2 });
  });

  it("keeps what drifts with the version, by node and kind, until it ends, across a restart", async () => {
    const first = open();
    await first.models.add("m", () => ({ report: {}, model: "{}" }));
    const begun: Drift = { of: "inputs", state: "drifting", rows: 900, features: [{ feature: "x", psi: 0.4 }] };
    const [one, two] = [
      { via: "n1", node: "line 1" },
      { via: "n2", node: "line 2" },
    ];
    await first.models.drifted("m", 1, begun, one);
    await first.models.drifted("m", 1, { ...begun, rows: 1000 }, one);
    await first.models.drifted("m", 1, begun, two);
    await first.models.approve("m", 1);
    close(first);
    const { models } = open();
    const found = await models.get("m", 1);
    assert.deepEqual(
      found?.drift?.map(({ node, rows, of }) => [node, rows, of]),
      [
        ["line 1", 1000, "inputs"],
        ["line 2", 900, "inputs"],
      ],
    );
    assert.ok(found?.approved);
    for (const by of [one, two]) await models.drifted("m", 1, { of: "inputs", state: "stable", rows: 1000 }, by);
    assert.equal((await models.list("m"))[0]?.drift, undefined);
    assert.deepEqual(
      (await models.events("m")).map(({ action, node, drift }) => [action, node, drift?.state]),
      [
        ["drift", "line 2", "stable"],
        ["drift", "line 1", "stable"],
        ["approve", undefined, undefined],
        ["drift", "line 2", "drifting"],
        ["drift", "line 1", "drifting"],
        ["drift", "line 1", "drifting"],
      ],
    );
    await assert.rejects(models.drifted("m", 9, begun, one), { code: "not-found" });
  });

  it("tells watchers after the commit, in order, one event per effective change", async () => {
    const { twins } = open();
    const store = opened[0] as EmbeddedStore;
    const revs: number[] = [];
    twins.watch((event) => {
      if (event.after) revs.push(event.after.rev);
    });
    const all = Promise.all([1, 2, 3, 4].map((x) => report(store, "a", x)));
    assert.deepEqual(revs, [], "nothing is told before it is durable");
    await all;
    assert.deepEqual(revs, [1, 2, 3, 4]);
  });

  for (const fault of ["refused", "torn", "short"] as const)
    it(`rejects, and forgets what it could not write, when the disk is full (${fault})`, async () => {
      const store = open();
      await report(store, "a", 1);
      const disk = failWrites({ nth: 1, code: "ENOSPC" }, fault);
      try {
        await assert.rejects(report(store, "a", 2), { code: "store-failed", retryable: true });
      } finally {
        disk.restore();
      }
      assert.equal((await store.twins.get("a"))?.reported.x, 1, "memory goes back to what is stored");
      await report(store, "a", 3);
      assert.equal((await store.twins.get("a"))?.reported.x, 3);
      close(store);
      assert.deepEqual([(await open().twins.get("a"))?.rev, warnings], [2, []]);
    });

  it("notices that a twin is silent although the disk refused its deletion", async () => {
    const store = open();
    await store.twins.update("a", (current) => {
      const { document, changed } = reportSample(current, { id: "a", ts: 1, values: { x: 1 } }, { now: 1 });
      return { document, changed, notify: true, staleAfter: 0.5 };
    });
    const disk = failWrites({ nth: 1 }, "refused");
    await assert.rejects(store.twins.delete("a"), { code: "store-failed" });
    disk.restore();
    assert.equal((await store.twins.get("a"))?.status, "live");
    const heard = new Promise<string | undefined>((resolve) => {
      store.twins.watch(({ after }) => resolve(after?.status));
    });
    assert.equal(await heard, "stale");
  });

  it("goes on, and says so, when the row of a silent twin cannot be read", async () => {
    const store = open();
    const silent = (current: TwinDocument | undefined): TwinUpdate => {
      const { document, changed } = reportSample(current, { id: "a", ts: 1, values: { x: 1 } }, { now: 1 });
      return { document, changed, notify: true, staleAfter: 1 };
    };
    await store.twins.update("a", silent);
    close(store);
    const again = open({ bounds: { cacheLength: 0 } });
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    handle.exec("ALTER TABLE twins RENAME TO away");
    handle.close();
    while (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.match(warnings.join(), /no such table/);
    await assert.rejects(again.twins.get("a"), /no such table/);
  });

  it("looks at so many twins a page, and no more, where few fit", async () => {
    const store = open();
    const ids = Array.from({ length: 2500 }, (_, k) => `t${String(k).padStart(4, "0")}`);
    await store.twins.updateAll(ids, (k, current) => {
      const id = ids[k] as string;
      const { document, changed } = reportSample(current, { id, ts: 1, values: { x: k } }, { now: 1 });
      return { document: { ...document, model: k === 2400 ? "rare" : "press" }, changed, notify: false };
    });
    const pages: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.twins.list({ model: "rare" }, cursor);
      pages.push(page.twins.length);
      cursor = page.cursor;
    } while (cursor !== undefined);
    assert.deepEqual(pages, [0, 0, 1]);
  });

  it("notices a flipped character in a twin, puts it aside and goes on", async () => {
    const first = open();
    await report(first, "a", 1);
    await report(first, "b", 1);
    close(first);
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    handle.exec(`UPDATE twins SET document = replace(document, '"x":1', '"x":7') WHERE id = 'a'`);
    handle.close();
    const second = open();
    assert.equal(await second.twins.get("a"), undefined);
    assert.match(warnings[0] ?? "", /twin a is damaged/);
    assert.equal((await second.twins.get("b"))?.reported.x, 1);
  });

  it("refuses a model that was edited on disk", async () => {
    const first = open();
    await first.models.add("m", () => ({ report: {}, model: '{"weight":1}' }));
    close(first);
    const handle = new DatabaseSync(path.join(folder, "store.db"));
    handle.exec(`UPDATE models SET model = '{"weight":2}'`);
    handle.close();
    await assert.rejects(open().models.get("m", 1), { code: "damaged" });
  });

  it("puts a file that is no database aside and begins a new one", async () => {
    writeFileSync(
      path.join(folder, "store.db"),
      "this is not a database, but long enough to be read as one".repeat(50),
    );
    const store = open();
    await report(store, "a", 1);
    assert.match(warnings[0] ?? "", /put aside/);
    assert.ok(readdirSync(folder).some((name) => name.includes(".damaged-")));
  });

  it("reads twins that do not fit in its memory from the file", async () => {
    const store = open({ bounds: { cacheLength: 10_000, waitingLength: 10_000 } });
    await Promise.all(Array.from({ length: 500 }, (_, k) => report(store, `t${k}`, k + 1)));
    assert.equal((await store.twins.get("t0"))?.reported.x, 1);
    assert.equal((await store.twins.get("t499"))?.reported.x, 500);
    await Promise.all(Array.from({ length: 500 }, (_, k) => report(store, `t${k}`, k + 2)));
    const revs = (await store.twins.list({}, "", 1000)).twins.map(({ rev }) => rev);
    assert.deepEqual([revs.length, new Set(revs)], [500, new Set([2])]);
  });
});
