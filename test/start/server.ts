import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { freePort } from "../support/ports";

export interface Started {
  child: ChildProcess;
  url: string;
  home: string;
  /** Everything that was printed so far. */
  output(): string;
  /** Resolves when the banner is there; rejects with the output when the process ends before. */
  serving(): Promise<void>;
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null; afterMs: number }>;
  signal(name: NodeJS.Signals): void;
}

/** Starts scripts/start.mjs (or a command of yours), on ports and a home folder of its own. All are ended after each test. */
export function useStarts(): {
  start(env?: Record<string, string>, command?: string[]): Promise<Started>;
  home(): string;
  put(file: string, text: string): string;
} {
  let home = "";
  let running: Started[] = [];
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "meditwin start "));
  });
  afterEach(async () => {
    for (const one of running) one.signal("SIGTERM");
    await Promise.all(running.map((one) => one.ended()));
    running = [];
    rmSync(home, { recursive: true, force: true });
  });
  return {
    home: () => home,
    put(file, text) {
      writeFileSync(path.join(home, file), text);
      return path.join(home, file);
    },
    async start(env = {}, command = [process.execPath, path.join(projectRoot, "scripts/start.mjs")]) {
      const port = env.PORT ?? String(await freePort());
      const mqtt = env.TWIN_MQTT_PORT ?? String(await freePort());
      const started = spawnStart(command, { TWIN_HOME: home, ...env, PORT: port, TWIN_MQTT_PORT: mqtt });
      running.push(started);
      return started;
    },
  };
}

function spawnStart([program = "", ...args]: string[], env: Record<string, string>): Started {
  const { HOME, PATH } = process.env;
  const child = spawn(program, args, {
    cwd: projectRoot,
    // Nothing of this shell's own settings.
    env: { HOME, PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const wake = new Set<() => void>();
  const tell = (): void => {
    for (const one of [...wake]) one();
  };
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      text += String(chunk);
      tell();
    });
  let told = 0;
  const ended = new Promise<Awaited<ReturnType<Started["ended"]>>>((resolve) => {
    // "close" comes when all that holds the output is gone, Node-RED included.
    let exit: [number | null, NodeJS.Signals | null] = [null, null];
    child.once("exit", (code, signal) => {
      exit = [code, signal];
    });
    child.once("close", () => {
      resolve({ code: exit[0], signal: exit[1], afterMs: told ? Date.now() - told : 0 });
      tell();
    });
  });
  return {
    child,
    url: `http://127.0.0.1:${env.PORT}`,
    home: env.TWIN_HOME ?? "",
    output: () => text,
    ended: () => ended,
    signal(name) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      told ||= Date.now();
      child.kill(name);
    },
    serving: () =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const isServing = text.includes("MediTwin is running");
          const isOver = child.exitCode !== null || child.signalCode !== null;
          if (!isServing && !isOver) return;
          wake.delete(look);
          if (isServing) resolve();
          else reject(new Error(`It ended before it served:\n${text}`));
        };
        wake.add(look);
        void ended.then(look);
        look();
      }),
  };
}

/** Waits for a condition, not for a time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
