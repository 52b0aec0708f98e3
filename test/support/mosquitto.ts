import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { freePort, listening } from "./ports";

const places = [
  "/usr/sbin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/usr/bin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
];

export interface Mosquitto {
  port: number;
  url: string;
  /** Its process id while it runs. */
  readonly pid: number | undefined;
  /** Stops it as `kill -9` does, or politely, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it (again) on the same port and folder. */
  start(): Promise<void>;
}

export interface MosquittoOptions {
  /** The whole mosquitto.conf, for a port and the folder for its data. @default anonymous, persistence on, `config` below */
  write?(port: number, folder: string): string;
  /** Further lines of the default mosquitto.conf. */
  config?: string[];
}

export const mosquittoIsInstalled = (): boolean => places.some((place) => existsSync(place));

/** A real mosquitto on a private port with a folder of its own, for use outside of mocha: `start()` it, in the end `remove()` it. */
export async function createMosquitto(
  options: MosquittoOptions = {},
): Promise<Mosquitto & { remove(): Promise<void> }> {
  const broker = mosquittoIn(options);
  await broker.prepare();
  return broker;
}

/**
 * A real mosquitto on a private port, for the tests of a suite: `const broker = useMosquitto();` in a describe. Without
 * mosquitto the suite is skipped, loudly; with MEDITWIN_REQUIRE_SERVERS=1 it fails.
 *
 * @param config further lines of mosquitto.conf
 */
export function useMosquitto(config: string[] = []): Mosquitto {
  const broker = mosquittoIn({ config });
  before(async function () {
    if (!mosquittoIsInstalled()) {
      if (process.env.MEDITWIN_REQUIRE_SERVERS === "1") throw new Error("mosquitto is required here and not installed");
      console.warn("      SKIPPED: mosquitto is not installed (apt-get install mosquitto)");
      this.skip();
    }
    await broker.prepare();
    await broker.start();
  });
  after(() => broker.remove());
  return broker;
}

function mosquittoIn({ config = [], write }: MosquittoOptions) {
  let folder = "";
  let child: ChildProcess | undefined;
  const broker = {
    port: 0,
    url: "",
    get pid() {
      return child?.pid;
    },
    async prepare() {
      folder = mkdtempSync(path.join(tmpdir(), "mosquitto-"));
      broker.port = await freePort();
      broker.url = `mqtt://127.0.0.1:${broker.port}`;
    },
    async start() {
      const binary = places.find((place) => existsSync(place));
      if (!binary) throw new Error("mosquitto is not installed");
      const lines = [`listener ${broker.port} 127.0.0.1`, "allow_anonymous true", "persistence true"];
      // Started as root, mosquitto becomes the user `mosquitto`, who may not write into our folder: it would keep nothing and not say so.
      lines.push(`user ${userInfo().username}`, `persistence_location ${folder}/`);
      const plain = [...lines, ...config, ""].join("\n");
      const file = path.join(folder, "mosquitto.conf");
      writeFileSync(file, write?.(broker.port, folder) ?? plain);
      child = spawn(binary, ["-c", file], { stdio: "ignore" });
      await listening(broker.port, "mosquitto");
    },
    async stop(signal: NodeJS.Signals = "SIGKILL") {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once("exit", resolve));
      running.kill(signal);
      await ended;
    },
    async remove() {
      await broker.stop();
      if (folder) rmSync(folder, { recursive: true, force: true });
    },
  };
  return broker;
}
