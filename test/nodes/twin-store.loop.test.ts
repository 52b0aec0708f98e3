import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { mock } from "node:test";
import type { TwinDocument } from "../../engine/contract/document";
import { desire } from "../../engine/twin/desired";
import { emptyDocument } from "../../engine/twin/empty-document";
import { reportSample } from "../../engine/twin/report";
import { createDesiredLoops } from "../../nodes/twin-store/desired-loop";
import { type EmbeddedStore, openEmbeddedStore } from "../../nodes/twin-store/embedded";
import type { TwinEvent } from "../../nodes/twin-store/store";

const tickMs = 250;
const timing = { retryMs: 5000, retryMaxMs: 300_000, timeoutMs: 60_000 };

function wished(id: string, now: number, current: TwinDocument = emptyDocument(id, now)): TwinDocument {
  const result = desire(current, { speed: 80 }, { now, timing });
  assert.ok("document" in result);
  return result.document;
}

describe("the loop of desired values in the store", () => {
  let now = 0;
  let told: TwinEvent[] = [];

  beforeEach(() => {
    now = 1_000_000;
    told = [];
    mock.timers.enable({ apis: ["setInterval"] });
  });
  afterEach(() => mock.timers.reset());

  /** Lets the one timer tick as if that time had passed. */
  function pass(ms: number): void {
    for (let left = ms; left > 0; left -= tickMs) {
      now += Math.min(tickMs, left);
      mock.timers.tick(tickMs);
    }
  }

  describe("of many twins", () => {
    it("tells at most 1,000 a second, every one of them, on one timer", () => {
      const documents = new Map<string, TwinDocument>();
      const perTick: number[] = [];
      const reminded = new Set<string>();
      let inThisTick = 0;
      const loops = createDesiredLoops({
        now: () => now,
        load: (id) => documents.get(id),
        remind: ({ id }) => {
          inThisTick++;
          reminded.add(id);
        },
        callLate: () => undefined,
      });
      for (let k = 0; k < 20_000; k++) {
        documents.set(`t${k}`, wished(`t${k}`, now));
        loops.note(`t${k}`, documents.get(`t${k}`));
      }
      for (let at = 0; at < 60_000; at += tickMs) {
        inThisTick = 0;
        pass(tickMs);
        perTick.push(inThisTick);
      }
      loops.close();
      assert.equal(Math.max(...perTick), 250);
      assert.equal(reminded.size, 20_000);
      const seconds = perTick.slice(0, 19).reduce((sum, count) => sum + count, 0);
      assert.equal(seconds, 0, "none before its time");
    });

    it("goes on when our clock is set back by an hour", () => {
      const document = wished("a", now);
      const reminders: number[] = [];
      const loops = createDesiredLoops({
        now: () => now,
        load: () => document,
        remind: (_, reminder) => void reminders.push(reminder),
        callLate: () => undefined,
      });
      loops.note("a", document);
      pass(1000);
      now -= 3_600_000;
      pass(7000);
      loops.close();
      assert.deepEqual(reminders, [1]);
    });

    it("does not put off what is due for a twin that reports all the time", () => {
      let document = wished("busy", now);
      const reminders: number[] = [];
      const loops = createDesiredLoops({
        now: () => now,
        load: () => document,
        remind: (_, reminder) => void reminders.push(reminder),
        callLate: () => undefined,
      });
      for (let at = 0; at < 40_000; at += 100) {
        now += 100;
        document = reportSample(document, { id: "busy", ts: now, values: { x: at } }, { now }).document;
        loops.note("busy", document);
        if (at % 500 === 400) mock.timers.tick(tickMs);
      }
      loops.close();
      assert.deepEqual(reminders, [1, 2, 3]);
    });
  });

  describe("in the embedded store", () => {
    let folder = "";
    let store: EmbeddedStore;

    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), "meditwin-loop-"));
      open();
    });
    afterEach(() => {
      store.close();
      rmSync(folder, { recursive: true, force: true });
    });

    function open(): void {
      store = openEmbeddedStore({ folder, durability: "process", warn: assert.fail, now: () => now });
      store.twins.watch((event) => told.push(event));
    }
    function restart(): void {
      store.close();
      told = [];
      open();
    }
    const want = (id: string, clientToken?: string) =>
      store.twins.update(id, (current) => ({
        document: wished(id, now, current),
        changed: {},
        notify: true,
        ...(clientToken ? { clientToken } : {}),
      }));
    const report = (id: string, speed: number, status?: "offline") =>
      store.twins.update(id, (current) => {
        const { document, changed } = reportSample(current, { id, ts: now, values: { speed } }, { now });
        return { document: { ...document, ...(status ? { status } : {}) }, changed, notify: true };
      });
    /** What was told since the last call, after the commit that carries it. */
    async function heard(): Promise<[string, ...string[]][]> {
      await store.twins.list();
      return told.splice(0).map(({ id, events, reminder }) => [id, ...events, ...(reminder ? [`${reminder}`] : [])]);
    }

    it("tells the delta on change, again until it is met, late once, and then no more", async () => {
      await want("a", "t-1");
      assert.equal(told[0]?.clientToken, "t-1");
      assert.deepEqual(await heard(), [["a", "change", "delta", "status", "ack"]]);
      pass(6000);
      assert.deepEqual(await heard(), [["a", "delta", "1"]]);
      pass(56_000);
      assert.deepEqual((await heard()).sort(), [
        ["a", "ack"],
        ["a", "delta", "2"],
        ["a", "delta", "3"],
      ]);
      assert.equal((await store.twins.get("a"))?.ack?.code, 504);
      pass(30_000);
      assert.deepEqual(await heard(), [["a", "delta", "4"]]);
      await report("a", 80);
      assert.deepEqual(await heard(), [["a", "change", "delta", "ack"]]);
      pass(1_000_000);
      assert.deepEqual(await heard(), []);
    });

    it("tells the delta again when the device comes back", async () => {
      await want("a");
      await report("a", 100, "offline");
      await heard();
      await report("a", 100);
      assert.deepEqual(await heard(), [["a", "delta", "status"]]);
      pass(6000);
      assert.deepEqual(await heard(), [["a", "delta", "1"]], "and counts from there");
    });

    it("goes on after a restart where it was: nothing is told at once, late only after a grace", async () => {
      for (let k = 0; k < 600; k++) await want(`t${k}`);
      restart();
      pass(4000);
      assert.deepEqual(await heard(), [], "what is not due yet is not due for a restart");
      store.close();
      now += 3_600_000;
      told = [];
      open();
      pass(5000);
      assert.deepEqual(
        (await heard()).filter(([, event]) => event === "ack"),
        [],
        "reports may be on their way",
      );
      pass(8000);
      const late = (await heard()).filter(([, event]) => event === "ack");
      assert.equal(late.length, 600);
      restart();
      pass(20_000);
      assert.deepEqual(
        (await heard()).filter(([, event]) => event === "ack"),
        [],
        "late once",
      );
    });

    it("forgets a twin that was deleted", async () => {
      await want("a");
      await store.twins.delete("a");
      await heard();
      pass(100_000);
      assert.deepEqual(await heard(), []);
    });
  });
});
