import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Message, NodeRed } from "../../nodes/lib/node-red";
import { disposeShared } from "../../nodes/lib/shared";

/**
 * The real Node-RED inside mocha, with a scratch home folder, nodes of this package and core nodes:
 *
 *     const runtime = useRuntime();                       // in a describe: starts and stops the server
 *     const flow = await runtime.load(["twin-state"], [
 *       { id: "state", type: "twin-state", operation: "report", wires: [["out"], ["refused"]] },
 *       { id: "out", type: "helper" }, { id: "refused", type: "helper" },
 *     ]);
 *     flow.send("state", { topic: "press-6", payload: { a: 1 } });
 *     const msg = await flow.next("out");                 // the next message that node received
 *
 * Configuration node types of this package are always loaded. Core nodes: pass "core/common/25-catch" and the like.
 */
// The helper ships no types.
const helper = require("node-red-node-test-helper");

const configTypes = ["twin-store", "twin-model", "twin-history", "twin-broker"];

export interface FlowNode {
  id: string;
  type: string;
  [field: string]: unknown;
}

export interface LoadedFlow {
  /** Hands a message to a node's input. */
  send(id: string, msg: Message): void;
  /** The next message that the node received and that was not taken yet. Rejects after `timeoutMs`. */
  next(id: string, timeoutMs?: number): Promise<Message>;
  /** Messages that the node received and that were not taken yet. */
  waiting(id: string): Message[];
  /** The node itself. */
  node(id: string): Record<string, unknown> & NodeJS.EventEmitter;
  /** Statuses that the node showed, oldest first. */
  statuses(id: string): { fill?: string; shape?: string; text?: string }[];
  /** Errors that nodes reported by `done(err)` or `node.error`, oldest first. */
  errors(): { id: string; error: Error & { code?: string } }[];
}

export interface Runtime {
  /** Loads a flow in place of the one before. */
  load(
    types: (string | ((red: NodeRed) => void))[],
    flow: FlowNode[],
    credentials?: Record<string, unknown>,
  ): Promise<LoadedFlow>;
  unload(): Promise<void>;
  /** The home folder of this suite. */
  home(): string;
  /** Base of the flows' HTTP endpoints, such as http://127.0.0.1:38211. */
  url(): string;
}

export function useRuntime(): Runtime {
  let home = "";
  let loaded = false;
  before((done) => {
    home = mkdtempSync(path.join(tmpdir(), "meditwin-"));
    helper.init(require.resolve("node-red"), { userDir: home, flowFile: path.join(home, "flows.json") });
    helper.startServer(done);
  });
  afterEach(async () => {
    await helper.unload();
    loaded = false;
  });
  after((done) => {
    void disposeShared().then(() => {
      helper.stopServer(() => {
        rmSync(home, { recursive: true, force: true });
        done();
      });
    });
  });

  return {
    home: () => home,
    url: () => helper.url() as string,
    async unload() {
      await helper.unload();
      loaded = false;
    },
    async load(types, flow, credentials) {
      // Core nodes as they are: the helper loads some of them itself and knows them by identity.
      const wanted = [...new Set([...configTypes, ...types])];
      const modules = wanted.flatMap((type) => {
        if (typeof type !== "string") return [(red: NodeRed) => type(withHooks(red))];
        if (type.startsWith("core/")) return loadType(type);
        return loadType(type).map((load) => (red: NodeRed) => load(withHooks(red)));
      });
      if (loaded) await helper.unload();
      loaded = true;
      await helper.load(modules, onTab(flow), credentials ?? {});
      return loadedFlow(flow);
    },
  };
}

/** The helper's RED lacks `hooks` and `events`, which the real one gives to nodes: they are the same objects. */
function withHooks(red: NodeRed): NodeRed {
  const util = require("@node-red/util") as Pick<NodeRed, "hooks" | "events">;
  return Object.assign(red, { hooks: red.hooks ?? util.hooks, events: red.events ?? util.events });
}

/** Flow nodes stand on a tab and have a place, as in the editor (a node without one counts as a configuration node). */
function onTab(flow: FlowNode[]): FlowNode[] {
  const placed = flow.map((node) =>
    node.type === "tab" || configTypes.includes(node.type) ? node : { z: "test-tab", x: 0, y: 0, wires: [], ...node },
  );
  return [{ id: "test-tab", type: "tab" }, ...placed];
}

function loadType(type: string): ((red: NodeRed) => void)[] {
  if (type.startsWith("core/"))
    return [require(path.join(path.dirname(require.resolve("@node-red/nodes/package.json")), type))];
  try {
    return [require(`../../nodes/${type}/${type}.js`).default];
  } catch (error) {
    // A configuration type that is not built yet is no reason to fail another node's test.
    if (configTypes.includes(type) && (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return [];
    throw error;
  }
}

function loadedFlow(flow: FlowNode[]): LoadedFlow {
  const received = new Map<string, Message[]>();
  const wake = new Set<() => void>();
  for (const { id, type } of flow) {
    if (type !== "helper") continue;
    const inbox: Message[] = [];
    received.set(id, inbox);
    helper.getNode(id)?.on("input", (msg: Message) => {
      inbox.push(msg);
      for (const tell of [...wake]) tell();
    });
  }
  const inboxOf = (id: string): Message[] => {
    const inbox = received.get(id);
    if (!inbox) throw new Error(`${id} is not a helper node of this flow`);
    return inbox;
  };
  return {
    send: (id, msg) => helper.getNode(id).receive(msg),
    waiting: inboxOf,
    node: (id) => helper.getNode(id),
    statuses: (id) => helper.getNode(id).status.args.map((args: unknown[]) => args[0]),
    errors: () =>
      flow.flatMap(({ id }) =>
        (helper.getNode(id)?.error?.args ?? []).map((args: unknown[]) => ({ id, error: args[0] as Error })),
      ),
    async next(id, timeoutMs = 5000) {
      const inbox = inboxOf(id);
      const deadline = Date.now() + timeoutMs;
      while (inbox.length === 0) {
        if (Date.now() > deadline)
          throw new Error(
            `${id} received nothing. Errors: ${JSON.stringify(this.errors().map((one) => [one.id, String(one.error)]))}`,
          );
        await new Promise<void>((resolve) => {
          const tell = (): void => {
            clearTimeout(timer);
            wake.delete(tell);
            resolve();
          };
          const timer = setTimeout(tell, 50);
          wake.add(tell);
        });
      }
      return inbox.shift() as Message;
    },
  };
}
