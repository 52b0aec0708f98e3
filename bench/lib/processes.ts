import { type ChildProcess, fork, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort, listening } from "../../test/support/ports";

/** The package's folder, seen from dist/bench/lib. */
export const root = path.resolve(__dirname, "../../..");

/** What a case started, ended in reverse order. */
export interface Scope {
  folder(name: string): string;
  onEnd(end: () => void | Promise<void>): void;
  end(): Promise<void>;
}

export function createScope(): Scope {
  const ends: (() => void | Promise<void>)[] = [];
  return {
    folder(name) {
      const folder = mkdtempSync(path.join(tmpdir(), `meditwin-bench-${name}-`));
      ends.push(() => rmSync(folder, { recursive: true, force: true }));
      return folder;
    },
    onEnd: (end) => void ends.push(end),
    async end() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}

/** Ends a child that may be stopped, and waits until it is gone. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 6000);
  await gone;
  clearTimeout(timer);
}

export const forkScript = (script: string, args: string[], scope: Scope): ChildProcess => {
  const child = fork(path.join(root, "dist/bench", script), args, { cwd: root });
  scope.onEnd(() => endChild(child));
  return child;
};

/** The next message from a child that fits; rejects when the child ends first. */
export function heard<T>(child: ChildProcess, fits: (message: T) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      if (fits(message as T)) finish(() => resolve(message as T));
    };
    const onExit = (code: number | null): void => finish(() => reject(new Error(`A child ended (${code}).`)));
    const finish = (settle: () => void): void => {
      child.off("message", onMessage);
      child.off("exit", onExit);
      settle();
    };
    child.on("message", onMessage);
    child.on("exit", onExit);
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(isTrue: () => boolean, what: string, patienceMs = 120_000, everyMs = 10): Promise<void> {
  for (const end = Date.now() + patienceMs; !isTrue(); await pause(everyMs))
    if (Date.now() > end) throw new Error(`Waited ${patienceMs / 1000} s in vain for ${what}.`);
}

const places = [
  "/usr/sbin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/usr/bin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
];

export interface Broker {
  port: number;
  /** Resolves when a client has subscribed to the filter. */
  subscribed(filter: string): Promise<void>;
}

/**
 * mosquitto as it is shipped (20 messages in flight), but with an unbounded queue, so that the messages of a round lie ready.
 * Nothing is kept on disk: saving a queue of 100,000 is not what is measured.
 */
export async function startMosquitto(scope: Scope): Promise<Broker> {
  const binary = places.find((place) => existsSync(place));
  if (!binary) throw new Error("mosquitto is not installed (apt-get install mosquitto).");
  const port = await freePort();
  const config = path.join(scope.folder("mosquitto"), "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence false",
    "max_queued_messages 0",
    "log_dest stderr",
    "log_type subscribe",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const child = spawn(binary, ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  scope.onEnd(() => endChild(child));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await listening(port, "mosquitto");
  return {
    port,
    subscribed: (filter) => until(() => said.includes(` ${filter}\n`), `the subscription to ${filter}`, 20_000),
  };
}
