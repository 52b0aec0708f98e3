import { strict as assert } from "node:assert";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { TwinDocument } from "../../engine/contract/document";
import type { Sample } from "../../engine/contract/messages";
import { desire } from "../../engine/twin/desired";
import { applyPatch } from "../../engine/twin/document-patch";
import { offlineDocument } from "../../engine/twin/empty-document";
import { mergeSample } from "../../engine/twin/report";
import { type EmbeddedStore, openEmbeddedStore } from "../../nodes/twin-store/embedded";
import type { TwinUpdate } from "../../nodes/twin-store/store";
import { failWrites } from "../support/failing-disk";

const id = fc.constantFrom("a", "b");
const value = fc.nat({ max: 3 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("report" as const), id, name: fc.constantFrom("x", "y"), value }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("desire" as const), id, value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("get" as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("at" as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("list" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("watch" as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("refuse" as const) }) },
);

describe("a twin that is changed in place", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-in-place-"));
  });
  afterEach(() => {
    for (const one of [folder, `${folder}-killed`]) rmSync(one, { recursive: true, force: true });
  });

  const open = (bounds = {}, warn: (text: string) => void = assert.fail, at = folder): EmbeddedStore =>
    openEmbeddedStore({ folder: at, durability: "process", warn, bounds, now: () => 100 });

  const update = (current: TwinDocument | undefined, sample: Sample, now: number): [TwinUpdate, TwinDocument] => {
    const { patch, changed } = mergeSample(current, sample, { now });
    const document = applyPatch(current ?? offlineDocument(sample.id, now), patch);
    return [current ? { patch, changed, notify: true } : { document, changed, notify: true }, document];
  };

  it("never changes for those who have it, goes back whole when the disk refuses, and is there after kill -9 (fast-check)", async function () {
    this.timeout(120_000);
    const seen = { steps: 0, held: 0, refused: 0, told: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.boolean(), async (steps, isTight) => {
        for (const one of [folder, `${folder}-killed`]) rmSync(one, { recursive: true, force: true });
        // Tight: everything is folded at once, and read from its row again.
        const store = open(isTight ? { waitingLength: 0, cacheLength: 0 } : {}, () => undefined);
        /** What the twins are to be, and what of that is durable. */
        let now = new Map<string, TwinDocument>();
        let durable = new Map<string, TwinDocument>();
        const was = new Map<string, Set<string>>();
        const held: [TwinDocument, string][] = [];
        let stop = (): unknown => undefined;
        let time = 1;
        let underWay: Promise<unknown>[] = [];
        const settle = (): void => {
          durable = new Map(now);
        };
        const hold = (document: TwinDocument | undefined): void => {
          if (document) held.push([document, JSON.stringify(document)]);
        };
        const note = (one: string, document: TwinDocument): void => {
          now.set(one, deepFreeze(document));
          if (!was.has(one)) was.set(one, new Set());
          was.get(one)?.add(JSON.stringify(document));
        };
        for (const one of steps) {
          seen.steps++;
          time++;
          if (one.do === "report") {
            const sample = { id: one.id, ts: time, values: { [one.name]: one.value } };
            const [, document] = update(now.get(one.id), sample, time);
            underWay.push(store.twins.updateAll([one.id], (_, current) => update(current, sample, time)[0]));
            note(one.id, document);
          } else if (one.do === "desire") {
            const wish = (current: TwinDocument | undefined) => {
              const result = desire(current ?? offlineDocument(one.id, time), { x: one.value }, { now: time });
              assert.ok(!("error" in result));
              return result;
            };
            underWay.push(store.twins.update(one.id, (current) => ({ ...wish(current), notify: true })).then(hold));
            note(one.id, wish(now.get(one.id)).document);
          } else if (one.do === "delete") {
            underWay.push(store.twins.delete(one.id));
            now.delete(one.id);
          } else if (one.do === "get") {
            const document = await store.twins.get(one.id);
            assert.deepEqual(document, now.get(one.id));
            hold(document);
          } else if (one.do === "at") {
            hold((await store.twins.at(one.id, { time }))?.document);
            settle();
          } else if (one.do === "list") {
            const { twins } = await store.twins.list();
            settle();
            assert.deepEqual(
              twins,
              [...durable.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
            );
            for (const document of twins) hold(document);
          } else if (one.do === "watch") {
            stop();
            settle();
            stop = store.twins.watch(
              ({ before, after }) => {
                seen.told++;
                for (const document of [before, after]) {
                  hold(document);
                  if (document)
                    assert.ok(was.get(document.id)?.has(JSON.stringify(document)), JSON.stringify(document));
                }
              },
              (twin) => twin === one.id,
            );
          } else if (one.do === "turn") {
            await setImmediate();
            settle();
          } else if (!isDeepStrictEqual(now, durable)) {
            const disk = failWrites({ nth: 1, times: 100 }, "torn");
            const results = Promise.allSettled(underWay);
            await setImmediate();
            disk.restore();
            underWay = [];
            assert.ok((await results).some(({ status }) => status === "rejected"));
            seen.refused++;
            now = new Map(durable);
            for (const twin of ["a", "b"]) assert.deepEqual(await store.twins.get(twin), now.get(twin));
          }
        }
        await Promise.all(underWay.map((work) => work.catch(() => undefined)));
        await setImmediate();
        for (const [document, text] of held) assert.equal(JSON.stringify(document), text);
        seen.held += held.length;
        cpSync(folder, `${folder}-killed`, { recursive: true });
        stop();
        store.close();
        for (const at of [folder, `${folder}-killed`]) {
          const again = open({}, () => undefined, at);
          for (const twin of ["a", "b"]) assert.deepEqual(await again.twins.get(twin), now.get(twin));
          again.close();
        }
      }),
      { numRuns: 100 },
    );
    for (const [what, count] of Object.entries(seen)) assert.ok(count > 10, `${what}: ${count}`);
  });

  it("stays the same object while nobody has it, and is another once somebody has", async () => {
    const store = open();
    const seen: unknown[] = [];
    const report = (x: number): Promise<void> =>
      store.twins.updateAll(["a"], (_, current) => {
        seen.push(current?.reported);
        return update(current, { id: "a", ts: x, values: { x } }, x)[0];
      });
    for (let x = 1; x <= 5; x++) await report(x);
    assert.equal(seen[4], seen[3], "in place");
    const lent = await store.twins.get("a");
    await report(6);
    await report(7);
    assert.notEqual(seen[6], lent?.reported);
    assert.equal(lent?.reported.x, 5);
    const stop = store.twins.watch(
      () => assert.fail(),
      (twin) => twin === "b",
    );
    await report(8);
    await report(9);
    assert.equal(seen[8], seen[7], "who watches another twin costs nothing");
    stop();
    const told: unknown[] = [];
    store.twins.watch(({ before, after }) => told.push(before?.reported.x, after?.reported.x));
    for (const x of [10, 11]) await report(x);
    assert.deepEqual(told, [9, 10, 10, 11]);
    store.close();
  });

  it("is listed as far as it is durable, also what a watcher changes while it is told", async () => {
    const store = open();
    const report = (id: string, x: number): Promise<void> =>
      store.twins.updateAll([id], (_, current) => update(current, { id, ts: x, values: { x } }, x)[0]);
    for (const id of ["a", "b"]) await report(id, 1);
    await report("b", 2);
    let refused: Promise<unknown> | undefined;
    store.twins.watch(
      () => {
        refused = assert.rejects(report("b", 3), { code: "store-failed" });
      },
      (id) => id === "a",
    );
    const disk = failWrites({ nth: 2, times: 100 }, "refused");
    const [, { twins }] = await Promise.all([report("a", 2), store.twins.list({ id: "b" })]);
    await refused;
    disk.restore();
    assert.deepEqual([twins[0]?.reported.x, (await store.twins.get("b"))?.reported.x], [2, 2]);
    store.close();
    const again = open();
    assert.equal((await again.twins.get("b"))?.reported.x, 2);
    again.close();
  });
});

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
