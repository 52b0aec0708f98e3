import { strict as assert } from "node:assert";
import { EventEmitter } from "node:events";
import type { TwinDocument } from "../../engine/contract/document";
import { emptyDocument } from "../../engine/twin/empty-document";
import type { Host } from "../../nodes/lib/define-node";
import type { Message } from "../../nodes/lib/node-red";
import type { TwinCollection, TwinEvent, TwinPage } from "../../nodes/twin-store/store";
import { startWatcher, type WatcherLimits } from "../../nodes/twin-watch/watcher";

/** A store whose pages may be read long after they were asked for, or long before they are handed over. Documents count their updates in `n`. */
export function createFakeTwins() {
  const documents = new Map<string, TwinDocument>();
  const listeners = new Set<(event: TwinEvent) => void>();
  let position = 0;
  /** Pages that were asked for and not handed over. */
  let pages: (() => void)[] = [];
  let pagesWait: "unread" | "read" | undefined;

  let sorted: string[] | undefined;

  function tell(event: Omit<TwinEvent, "position">): void {
    position++;
    for (const listener of listeners) listener({ ...event, position });
  }

  const twins: Pick<TwinCollection, "get" | "list" | "watch"> = {
    get: async (id) => documents.get(id),
    list(_filter, cursor = "", limit = 100) {
      const read = (): TwinPage => {
        const from = sorted ? sorted.indexOf(cursor) + 1 : 0;
        const ids = sorted?.slice(from, from + limit + 1) ?? [...documents.keys()].filter((id) => id > cursor).sort();
        const page: TwinPage = { twins: ids.slice(0, limit).map((id) => documents.get(id) as TwinDocument), position };
        if (ids.length > limit) page.cursor = ids[limit - 1] as string;
        return page;
      };
      return new Promise((resolve) => {
        const page = pagesWait === "unread" ? undefined : read();
        if (pagesWait) pages.push(() => resolve(page ?? read()));
        else resolve(page as TwinPage);
      });
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  return {
    twins,
    documents,
    /** The ids in order, where there are many and none comes or goes. */
    sorted(ids: string[]): void {
      sorted = ids;
    },
    /** The twin's next update; the first is its birth. */
    update(id: string): void {
      const before = documents.get(id);
      const known = before ?? emptyDocument(id, 0);
      const n = Number(known.reported.n ?? 0) + 1;
      const after: TwinDocument = { ...known, rev: known.rev + 1, reported: { n }, updatedAt: position + 1 };
      documents.set(id, after);
      const changed = { n: { before: before?.reported.n, after: n } };
      tell({ id, events: ["change"], ...(before && { before }), after, changed });
    },
    /** Live or stale: no revision tells it. */
    turn(id: string): void {
      const before = documents.get(id);
      if (!before) return;
      const status = before.status === "live" ? "stale" : "live";
      const after: TwinDocument = { ...before, status, updatedAt: position + 1 };
      documents.set(id, after);
      tell({ id, events: ["status"], before, after, changed: {} });
    },
    remove(id: string): void {
      const before = documents.get(id);
      if (!before) return;
      documents.delete(id);
      tell({ id, events: ["change"], before, changed: {} });
    },
    holdPages(wait?: "unread" | "read"): void {
      pagesWait = wait;
      if (wait) return;
      for (const handOver of pages.splice(0)) handOver();
      pages = [];
    },
  };
}
export type FakeTwins = ReturnType<typeof createFakeTwins>;

/** A watcher whose flow is done with messages only when it is told so, and what that flow makes of the messages. */
export function createWatched(store: FakeTwins, settings: { replay: boolean }, limits: WatcherLimits = {}) {
  const events = new EventEmitter();
  const hooks = new Map<string, (event: unknown) => void>();
  const disposers: (() => unknown)[] = [];
  const inbox: Message[] = [];
  const warnings: string[] = [];
  const destination = { node: { id: "slow", type: "test-slow", _expectedDoneCount: 1 } };
  const host = {
    red: {
      events,
      hooks: { add: (name: string, handler: (event: unknown) => void) => hooks.set(name, handler) },
      util: { cloneMessage: structuredClone },
    },
    show: () => undefined,
    text: (key: string) => key,
    warn: (text: string) => warnings.push(text),
    fail: (error: unknown) => {
      throw error;
    },
    onClose: (dispose: () => unknown) => disposers.push(dispose),
    onFlowsStarted: (begin: () => void) => events.once("flows:started", begin),
    send(msg: Message) {
      hooks.get("preDeliver.meditwin")?.({ msg, destination });
      inbox.push(msg);
    },
  } as unknown as Host;
  const watcher = startWatcher(
    host,
    store.twins,
    { store: "", twin: "*", model: "", events: ["change", "status"], models: false, ...settings },
    undefined,
    limits,
  );
  /** What the page shows. Without a replay it is told of the twins by other means. */
  const view = new Map<string, TwinDocument>(settings.replay ? [] : store.documents);
  const replayed = new Map<string, number>();

  /** What a page that shows the twins makes of a message: it must fit what the page shows. */
  function apply(msg: Message): void {
    const id = msg.topic as string;
    const shown = view.get(id);
    const document = msg.payload as TwinDocument;
    const age = document.updatedAt - (shown?.updatedAt ?? -1);
    if (msg.deleted) {
      assert.ok(age >= 0, `${id}: an old document`);
      view.delete(id);
      return;
    }
    // One event may give two messages.
    assert.ok(age > 0 || msg.replayed || msg.event === "status", `${id}: an old document`);
    assert.ok(age >= 0, `${id}: an older document`);
    if (msg.replayed) {
      const wasBornAgain = Number(document.reported.n) < Number(shown?.reported.n ?? 0);
      assert.ok(
        !wasBornAgain || warnings.includes("problem.lost"),
        `${id}: it was deleted in between, and nobody said so`,
      );
      replayed.set(id, (replayed.get(id) ?? 0) + 1);
    } else if (msg.event === "change") {
      const { n } = msg.changed as { n?: { before?: number; after: number } };
      if (n) {
        assert.equal(n.before, shown?.reported.n, `${id}: a gap or a repeat in front of ${n.after}`);
        assert.equal(n.after, document.reported.n);
      }
    }
    view.set(id, document);
  }

  return {
    watcher,
    view,
    inbox,
    warnings,
    /** How often the present state of the twin came. */
    replayed,
    startFlows: () => events.emit("flows:started"),
    /** The flow is done with that many messages. */
    consume(count: number): void {
      for (const msg of inbox.splice(0, count)) {
        hooks.get("onReceive.meditwin")?.({ msg, destination });
        apply(msg);
        hooks.get("onComplete.meditwin")?.({ msg });
      }
    },
    /** A deploy that loses what the flow has in hand. */
    deploy(): void {
      events.emit("flows:stopping");
      inbox.length = 0;
      events.emit("flows:started");
    },
    async settle(): Promise<void> {
      let quiet = 0;
      while (quiet < 3) {
        quiet = inbox.length === 0 && watcher.waiting === 0 ? quiet + 1 : 0;
        this.consume(1000);
        await new Promise(setImmediate);
      }
    },
    close(): void {
      for (const dispose of disposers) dispose();
    },
  };
}
