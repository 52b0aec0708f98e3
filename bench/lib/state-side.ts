import { type ChildProcess, fork, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { freePort } from "../../test/support/ports";
import { endChild, heard, root, type Scope, until } from "./processes";

export type Order =
  | { kind: "open"; folder: string }
  | { kind: "redis"; port: number }
  | { kind: "fill"; twins: number; properties: number }
  | ({ kind: "update" } & Updates)
  | { kind: "close" };

export interface Updates {
  count: number;
  /** How many are under way at a time. */
  inFlight: number;
  twins: number;
  properties: number;
  /** Only what the store does: the new document has the maps of the old one. */
  bare?: boolean;
}

export interface Updated {
  /** Updates a second. */
  rate: number;
  /** Us of CPU of all threads of the process, an update. */
  cpu: number;
  /** Longest time that the event loop was held up. */
  worstMs: number;
}

export type Answer =
  | { kind: "opened"; ms: number }
  | { kind: "filled"; bytes: number }
  | { kind: "closed" }
  | ({ kind: "updated" } & Updated);

/** Twins in a process of their own. */
export interface StateSide {
  child: ChildProcess;
  /** How long opening took, ms. */
  openMs: number;
  /** Makes the twins; returns the bytes that they take in memory. */
  fill(twins: number, properties: number): Promise<number>;
  update(updates: Updates): Promise<Updated>;
  /** Ends it as a stop does. */
  close(): Promise<void>;
  kill(): Promise<void>;
}

export const storeSide = (folder: string, scope: Scope): Promise<StateSide> =>
  startSide({ kind: "open", folder }, scope);

async function startSide(first: Order, scope: Scope): Promise<StateSide> {
  const script = path.join(root, "dist/bench/lib/state-process.js");
  const child = fork(script, [], { cwd: root, execArgv: ["--expose-gc"] });
  scope.onEnd(() => endChild(child));
  async function tell<Kind extends Answer["kind"]>(order: Order, kind: Kind): Promise<Extract<Answer, { kind: Kind }>> {
    const answer = heard<Answer>(child, (message) => message.kind === kind);
    child.send(order);
    return (await answer) as Extract<Answer, { kind: Kind }>;
  }
  const { ms } = await tell(first, "opened");
  return {
    child,
    openMs: ms,
    fill: async (twins, properties) => (await tell({ kind: "fill", twins, properties }, "filled")).bytes,
    update: (updates) => tell({ kind: "update", ...updates }, "updated"),
    async close() {
      await tell({ kind: "close" }, "closed");
      await endChild(child);
    },
    async kill() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
  };
}

const places = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"];

/** Twins in a Redis that appends to its file and flushes it every second. Undefined: it is not installed. */
export async function redisSide(scope: Scope): Promise<StateSide | undefined> {
  const program = places.find((place) => existsSync(place));
  if (!program) return undefined;
  const port = await freePort();
  const settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
  const args = ["--port", String(port), "--dir", scope.folder("redis"), ...settings];
  const server = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  scope.onEnd(() => endChild(server));
  let said = "";
  server.stdout.on("data", (data) => {
    said += data;
  });
  await until(() => said.includes("Ready to accept connections"), "redis-server", 20_000);
  return startSide({ kind: "redis", port }, scope);
}
