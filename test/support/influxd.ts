import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "./ports";

/**
 * A real InfluxDB (influxd 1.x) on private ports with a scratch folder:
 *
 *     const influxd = useInfluxd();          // in a describe: starts before, stops after; skips loudly where none is installed
 *     influxd().url                          // http://127.0.0.1:38131
 *     await influxd().query("twin", 'SELECT * FROM "twin"')
 *     await influxd().kill(); await influxd().start();
 *
 * With MEDITWIN_REQUIRE_SERVERS=1 a missing influxd is a failure.
 */
export interface Influxd {
  url: string;
  /** Its process id while it runs. */
  readonly pid: number | undefined;
  /** The first series of the answer, as the server gave it. Throws on an error of the server. */
  query(database: string, statement: string): Promise<{ columns: string[]; values: unknown[][] }>;
  start(): Promise<void>;
  /** Kill -9. */
  kill(): Promise<void>;
}

export interface InfluxdOptions {
  /** User and password of an administrator: every request needs them. */
  admin?: { username: string; password: string };
}

export const influxdIsInstalled = (): boolean => {
  try {
    execFileSync("influxd", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

export function useInfluxd(options: InfluxdOptions = {}): () => Influxd {
  let running: (Influxd & { remove(): Promise<void> }) | undefined;
  before(async function () {
    this.timeout(30_000);
    if (!influxdIsInstalled()) {
      if (process.env.MEDITWIN_REQUIRE_SERVERS === "1") throw new Error("influxd is not installed");
      console.warn(`      SKIPPED, influxd is not installed: ${this.test?.parent?.fullTitle()}`);
      this.skip();
    }
    running = await createInfluxd(options);
    await running.start();
  });
  after(async () => {
    await running?.remove();
  });
  return () => running as Influxd;
}

/** The same for use outside of mocha: `start()` it, in the end `remove()` it. */
export async function createInfluxd({ admin }: InfluxdOptions = {}): Promise<Influxd & { remove(): Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-influxd-"));
  const [port, rpcPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const config = path.join(folder, "influxdb.conf");
  writeFileSync(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
  auth-enabled = ${admin !== undefined}
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
`,
  );
  let child: ChildProcess | undefined;

  async function ask(database: string, statement: string): Promise<Record<string, unknown>> {
    const body = new URLSearchParams({ db: database, epoch: "ms", q: statement });
    const headers: Record<string, string> = admin
      ? { authorization: `Basic ${Buffer.from(`${admin.username}:${admin.password}`).toString("base64")}` }
      : {};
    const response = await fetch(`${url}/query`, { method: "POST", body, headers });
    return (await response.json()) as Record<string, unknown>;
  }

  async function kill(): Promise<void> {
    const dying = child;
    child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const ended = new Promise((resolve) => dying.once("exit", resolve));
    dying.kill("SIGKILL");
    await ended;
  }

  return {
    url,
    get pid() {
      return child?.pid;
    },
    kill,
    async query(database, statement) {
      const answer = await ask(database, statement);
      const result = (answer.results as { error?: string; series?: unknown[] }[] | undefined)?.[0];
      const error = answer.error ?? result?.error;
      if (error) throw new Error(String(error));
      return (result?.series?.[0] as { columns: string[]; values: unknown[][] }) ?? { columns: [], values: [] };
    },
    async start() {
      const started = spawn("influxd", ["-config", config], { stdio: ["ignore", "ignore", "pipe"] });
      child = started;
      let said = "";
      started.stderr.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-4000);
      });
      started.once("exit", (code, signal) => {
        if (child === started) console.error(`influxd ended by itself (${code ?? signal}):\n${said}`);
      });
      const deadline = Date.now() + 20_000;
      while (!(await answers(url))) {
        if (Date.now() > deadline) throw new Error("influxd did not start");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      if (admin) await ask("", `CREATE USER "${admin.username}" WITH PASSWORD '${admin.password}' WITH ALL PRIVILEGES`);
    },
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ping`)).status === 204;
  } catch {
    return false;
  }
}
