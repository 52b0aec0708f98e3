import type { ChildProcess } from "node:child_process";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type FlowNode, step, stockFlow, twinFlow } from "./flows";
import { startNodeRed } from "./node-red";
import { type Broker, forkScript, heard, type Scope, until } from "./processes";
import { sampleOf, twinName } from "./samples";

/** One of those that take the same messages from the same broker. */
export interface Side {
  topic: string;
  child: ChildProcess;
  /** Resolves when everything up to sample `total` has come through. */
  through(total: number): Promise<void>;
  /** Throws, or rejects, when a sample is missing. */
  check(total: number): void | Promise<void>;
}

export interface TwinSideOptions {
  broker: Broker;
  topic: string;
  deliver: "each" | "batch";
  twins: number;
  scope: Scope;
  home?: string;
  /** Rows that the history holds already. */
  rowsBefore?: number;
  more?: FlowNode[];
}

/** Our flow. What came through is read from its files, from outside. */
export async function twinSide(options: TwinSideOptions): Promise<Side> {
  const { broker, topic, deliver, twins, scope, rowsBefore = 0 } = options;
  const flow = twinFlow(broker.port, topic, deliver, options.more);
  const { child, home } = await startNodeRed(topic, flow, scope, options.home);
  await broker.subscribed(`${topic}/#`);
  const history = open(home, "history.db", scope);
  const store = open(home, "store.db", scope);
  const find = history.prepare(
    "SELECT 1 FROM samples WHERE series = (SELECT series FROM series WHERE measurement = 'twin' AND id = ?) AND ts = ?",
  );
  const sums = store.prepare("SELECT count(*) AS twins, sum(json_extract(document, '$.rev')) AS revs FROM twins");
  const rows = (): number => (history.prepare("SELECT count(*) AS n FROM samples").get()?.n as number) - rowsBefore;
  return {
    topic,
    child,
    async through(total) {
      const { twin, ts } = sampleOf(total - 1, twins);
      await until(() => find.get(twinName(twin), ts) !== undefined, `sample ${total} of ${topic}`);
    },
    async check(total) {
      const inHistory = rows();
      if (inHistory !== total) throw new Error(`${topic}: ${inHistory} of ${total} samples are in the history.`);
      // Every sample changes a value, and every change raises the revision by one.
      // The store folds its log into the table within seconds.
      let state: { twins?: number; revs?: number } = {};
      const isAll = (): boolean => {
        state = sums.get() as { twins: number; revs: number };
        return state.revs === total && state.twins === Math.min(twins, total);
      };
      await until(isAll, `${total} samples in the state`, 120_000, 500).catch(() => {
        throw new Error(`${topic}: ${state.revs} of ${total} samples of ${state.twins} twins are in the state.`);
      });
    },
  };
}

function open(home: string, file: string, scope: Scope): DatabaseSync {
  const db = new DatabaseSync(path.join(home, "twin", file), { readOnly: true });
  db.exec("PRAGMA busy_timeout = 5000");
  scope.onEnd(() => db.close());
  return db;
}

export async function stockSide(broker: Broker, topic: string, scope: Scope): Promise<Side> {
  const { child } = await startNodeRed(topic, stockFlow(broker.port, topic), scope);
  await broker.subscribed(`${topic}/#`);
  return counting(topic, child);
}

export async function bareSide(broker: Broker, topic: string, scope: Scope): Promise<Side> {
  const child = forkScript("lib/bare-subscriber.js", [String(broker.port), `${topic}/#`, String(step)], scope);
  await broker.subscribed(`${topic}/#`);
  return counting(topic, child);
}

/** A side that tells by itself how much it has counted. */
function counting(topic: string, child: ChildProcess): Side {
  let counted = 0;
  child.on("message", (message: { kind: string; count: number }) => {
    if (message.kind === "done") counted = message.count;
  });
  return {
    topic,
    child,
    through: async (total) => {
      if (counted < total)
        await heard<{ kind: string; count: number }>(child, ({ kind, count }) => kind === "done" && count >= total);
    },
    check(total) {
      if (counted !== total) throw new Error(`${topic}: ${counted} of ${total} messages were counted.`);
    },
  };
}
