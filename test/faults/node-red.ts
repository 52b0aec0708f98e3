import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { freePort } from "../support/ports";
import type { FlowNode } from "./flows";
import type { Probe } from "./node-red-settings";
import { type Child, comesTrue, pause, residentBytes, type Stage, startChild } from "./stage";

export type DeployType = "full" | "flows" | "nodes";

/** A real Node-RED with a home folder of its own, which outlives its process. */
export interface NodeRed {
  url: string;
  home: string;
  /** Starts it and waits until the flows run. Gives the time that took, ms. */
  start(): Promise<number>;
  /** Starts it and waits for nothing. */
  spawn(): Child;
  /** Kill -9. */
  kill(): Promise<void>;
  /** Politely, as a service manager does. */
  stop(): Promise<void>;
  /** Freezes the process, or lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  /** Deploys; gives the time until Node-RED answers, ms: old nodes closed, new ones started. */
  deploy(flow: FlowNode[], type: DeployType): Promise<number>;
  probe(reset?: boolean): Promise<Probe>;
  /** Resident memory, bytes, read from outside. */
  rssBytes(): number;
  /** What `record` of the flows wrote into that file, oldest first. */
  recorded<T>(file: string): T[];
  output(): string;
}

const startPatienceMs = 60_000;

export async function createNodeRed(
  stage: Stage,
  flow: FlowNode[],
  { name = "home", env = {} }: { name?: string; env?: Record<string, string> } = {},
): Promise<NodeRed> {
  const home = path.join(stage.folder, name);
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, "flows.json"), JSON.stringify(flow));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logFile = path.join(home, "node-red.log");
  let child: Child | undefined;

  function spawn(): Child {
    child = startChild(
      stage,
      process.execPath,
      [path.join(projectRoot, "node_modules/node-red/red.js"), "-s", path.join(__dirname, "node-red-settings.js")],
      { cwd: home, logFile, env: { ...env, FAULTS_HOME: home, FAULTS_PORT: String(port) } },
    );
    return child;
  }

  return {
    url,
    home,
    spawn,
    async start() {
      const began = Date.now();
      const mine = spawn();
      const started = await comesTrue(
        () => mine.output().includes("Started flows") || mine.process.exitCode !== null,
        startPatienceMs,
        10,
      );
      if (!started || mine.process.exitCode !== null) throw new Error(`Node-RED did not start:\n${mine.output()}`);
      return Date.now() - began;
    },
    async kill() {
      await child?.end("SIGKILL");
    },
    async stop() {
      await child?.end("SIGTERM");
    },
    signal: (signal) => void child?.process.kill(signal),
    async deploy(next, type) {
      const began = performance.now();
      const response = await fetch(`${url}/flows`, {
        method: "POST",
        headers: { "content-type": "application/json", "Node-RED-Deployment-Type": type },
        body: JSON.stringify(next),
      });
      if (!response.ok) throw new Error(`Node-RED refused the deploy: ${response.status} ${await response.text()}`);
      return performance.now() - began;
    },
    async probe(reset = false) {
      for (let attempt = 0; ; attempt++) {
        try {
          return (await (await fetch(`${url}/faults/probe${reset ? "?reset" : ""}`)).json()) as Probe;
        } catch (error) {
          if (attempt === 50) throw error;
          await pause(100);
        }
      }
    },
    rssBytes: () => residentBytes(child?.process.pid),
    recorded<T>(file: string) {
      const name = path.join(home, `${file}.jsonl`);
      if (!existsSync(name)) return [];
      // A kill may have torn the last line.
      return readFileSync(name, "utf8")
        .split("\n")
        .filter((line) => line.endsWith("}") || line.endsWith("]") || /^\d+$/.test(line))
        .map((line) => JSON.parse(line) as T);
    },
    output: () => readFileSync(logFile, "utf8"),
  };
}
