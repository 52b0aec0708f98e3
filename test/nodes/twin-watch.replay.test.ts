import { strict as assert } from "node:assert";
import fc from "fast-check";
import { emptyDocument } from "../../engine/twin/empty-document";
import type { WatcherLimits } from "../../nodes/twin-watch/watcher";
import { createFakeTwins, createWatched } from "./twin-watch.support";

type Step =
  | { do: "update" | "turn" | "remove"; twin: number }
  | { do: "consume"; count: number }
  | { do: "wait" }
  | { do: "hold"; as: "unread" | "read" }
  | { do: "handOver" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("update" as const), twin: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("turn" as const, "remove" as const), twin: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("consume" as const), count: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.constant({ do: "wait" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("hold" as const), as: fc.constantFrom("unread" as const, "read" as const) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "handOver" as const }) },
);
const nameOf = (twin: number): string => `twin-${String(twin).padStart(2, "0")}`;

/** Runs the steps, then lets the flow catch up: what it shows must be what there is. */
async function run(steps: readonly Step[], before: number, replay: boolean, limits: WatcherLimits) {
  const store = createFakeTwins();
  for (let twin = 0; twin < before; twin++) store.update(nameOf(twin));
  const watched = createWatched(store, { replay }, limits);
  try {
    let started = false;
    let most = 0;
    for (const [index, one] of steps.entries()) {
      if (index >= 3 && !started) {
        watched.startFlows();
        started = true;
      }
      if (one.do === "consume") watched.consume(one.count);
      else if (one.do === "wait") await new Promise(setImmediate);
      else if (one.do === "hold") store.holdPages(one.as);
      else if (one.do === "handOver") store.holdPages();
      else store[one.do](nameOf(one.twin));
      most = Math.max(most, watched.watcher.underWay);
      assert.ok(watched.watcher.waiting <= (limits.twins ?? 10_000));
    }
    store.holdPages();
    if (!started) watched.startFlows();
    await watched.settle();
    // More deletions than twins are kept: they are lost, and it is said.
    if (watched.warnings.includes("problem.lost"))
      for (const id of watched.view.keys()) if (!store.documents.has(id)) watched.view.delete(id);
    assert.deepEqual(new Map([...watched.view].sort()), new Map([...store.documents].sort()));
    return { watched, most };
  } finally {
    watched.close();
  }
}

describe("twin-watch, whatever happens while it tells (fast-check)", () => {
  const runs = { numRuns: 1000, seed: 1 };
  const steps = fc.array(step, { maxLength: 150, size: "max" });
  const pressure = { underWay: 6, stalledMs: 1e9, giveUp: 1, checkMs: 1e6 };

  it("tells the present state of each twin once and first, and then its changes, without gap or repeat", () =>
    fc.assert(
      fc.asyncProperty(steps, fc.nat(12), async (list, before) => {
        const { watched } = await run(list, before, true, { page: 2 });
        for (const [id, times] of watched.replayed) assert.equal(times, 1, id);
      }),
      runs,
    ));

  it("holds that for a flow that does not keep up: one event a twin waits, and its before is what was told", () =>
    fc.assert(
      fc.asyncProperty(steps, fc.nat(12), fc.boolean(), async (list, before, replay) => {
        const { most } = await run(list, before, replay, { page: 2, pressure });
        assert.ok(most <= 6 + 2, `${most} events were on their way`);
      }),
      runs,
    ));

  it("ends in the present state where more twins wait than are kept", () =>
    fc.assert(
      fc.asyncProperty(steps, fc.nat(12), fc.boolean(), async (list, before, replay) => {
        await run(list, before, replay, { page: 2, pressure, twins: 3 });
      }),
      runs,
    ));

  it("tells a twin that changes all the time, and still every other, to a flow that never keeps up", async () => {
    const store = createFakeTwins();
    for (let twin = 0; twin < 12; twin++) store.update(nameOf(twin));
    const watched = createWatched(store, { replay: true }, { page: 2, pressure, twins: 3 });
    watched.startFlows();
    for (let k = 0; k < 400; k++) {
      for (let twin = 0; twin < 6; twin++) store.update(nameOf(twin));
      watched.consume(1);
      await new Promise(setImmediate);
    }
    assert.equal(watched.view.size, 12, "each was shown while all of them went on changing");
    watched.close();
  });
});

describe("twin-watch and a flow that loses events or never says that it is done", () => {
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it("goes on when nothing comes back at all, and says for which node", async () => {
    const store = createFakeTwins();
    const pressure = { underWay: 2, stalledMs: 20, giveUp: 1, checkMs: 5 };
    const watched = createWatched(store, { replay: false }, { pressure });
    watched.startFlows();
    for (let twin = 0; twin < 4; twin++) store.update(nameOf(twin));
    assert.equal(watched.inbox.length, 2);
    await until(() => watched.inbox.length === 4);
    assert.equal(watched.warnings.filter((text) => text === "problem.stalled").length, 2);
    watched.close();
  });

  it("tells a twin as it is now, and a deletion again, when a deploy may have lost its event", async () => {
    const store = createFakeTwins();
    for (let twin = 0; twin < 3; twin++) store.update(nameOf(twin));
    const watched = createWatched(store, { replay: false });
    watched.startFlows();
    store.update(nameOf(0));
    store.update(nameOf(0));
    store.remove(nameOf(1));
    watched.deploy();
    assert.equal(watched.inbox.length, 0);
    await until(() => watched.inbox.length === 2);
    const [first, second] = watched.inbox;
    assert.deepEqual([first?.topic, first?.replayed], [nameOf(0), true]);
    assert.deepEqual([second?.topic, second?.deleted], [nameOf(1), true]);
    await watched.settle();
    assert.deepEqual(watched.view, store.documents);
    watched.close();
  });
});

describe("twin-watch and 100,000 twins", () => {
  const many = 100_000;

  it("reads them page by page, gives the rest of the process its turn, and has no more on their way than fit", async function () {
    this.timeout(60_000);
    const store = createFakeTwins();
    const ids = Array.from({ length: many }, (_, k) => `twin-${String(k).padStart(6, "0")}`);
    for (const id of ids) store.documents.set(id, { ...emptyDocument(id, 0), rev: 1, reported: { n: 1 } });
    store.sorted(ids);
    const watched = createWatched(store, { replay: true });
    watched.startFlows();
    let most = 0;
    let mostAtOnce = 0;
    let before = 0;
    while (watched.view.size < many) {
      await new Promise(setImmediate);
      mostAtOnce = Math.max(mostAtOnce, watched.inbox.length - before);
      most = Math.max(most, watched.watcher.underWay);
      // Slower than the pages come.
      watched.consume(50);
      before = watched.inbox.length;
    }
    assert.ok(mostAtOnce <= 100, `${mostAtOnce} twins in one turn of the event loop`);
    assert.ok(most <= 2500, `${most} on their way`);
    watched.close();
  });

  it("waits with the next page for as long as the flow is done with nothing", async () => {
    const store = createFakeTwins();
    const ids = Array.from({ length: 10_000 }, (_, k) => `twin-${String(k).padStart(6, "0")}`);
    for (const id of ids) store.documents.set(id, { ...emptyDocument(id, 0), rev: 1, reported: { n: 1 } });
    store.sorted(ids);
    const watched = createWatched(store, { replay: true });
    watched.startFlows();
    for (let turn = 0; turn < 500; turn++) await new Promise(setImmediate);
    assert.equal(watched.inbox.length, 2500, "half of the room; the other half is for changes");
    store.update(ids[0] as string);
    assert.equal(watched.inbox.length, 2501);
    await watched.settle();
    assert.equal(watched.view.size, 10_000);
    watched.close();
  });
});
