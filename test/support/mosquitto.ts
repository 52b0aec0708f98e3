import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const places = [
  "/usr/sbin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/usr/bin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
];

export interface Mosquitto {
  port: number;
  url: string;
  /** Stops it as `kill -9` does, or politely, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and folder. */
  start(): Promise<void>;
}

/**
 * A real mosquitto on a private port, for the tests of a suite: `const broker = useMosquitto();` in a describe. Without
 * mosquitto the suite is skipped, loudly; with MEDITWIN_REQUIRE_SERVERS=1 it fails.
 *
 * @param config further lines of mosquitto.conf
 */
export function useMosquitto(config: string[] = []): Mosquitto {
  const binary = places.find((place) => existsSync(place));
  const folder = { path: "" };
  let child: ChildProcess | undefined;
  const broker: Mosquitto = {
    port: 0,
    url: "",
    async start() {
      const file = path.join(folder.path, "mosquitto.conf");
      const lines = [`listener ${broker.port} 127.0.0.1`, "allow_anonymous true", "persistence true"];
      writeFileSync(file, [...lines, `persistence_location ${folder.path}/`, ...config, ""].join("\n"));
      child = spawn(binary as string, ["-c", file], { stdio: "ignore" });
      await listening(broker.port);
    },
    async stop(signal = "SIGKILL") {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null) return;
      const ended = new Promise((resolve) => running.once("exit", resolve));
      running.kill(signal);
      await ended;
    },
  };
  before(async function () {
    if (!binary) {
      if (process.env.MEDITWIN_REQUIRE_SERVERS === "1") throw new Error("mosquitto is required here and not installed");
      console.warn("      SKIPPED: mosquitto is not installed (apt-get install mosquitto)");
      this.skip();
    }
    folder.path = mkdtempSync(path.join(tmpdir(), "mosquitto-"));
    broker.port = await freePort();
    broker.url = `mqtt://127.0.0.1:${broker.port}`;
    await broker.start();
  });
  after(async () => {
    await broker.stop();
    if (folder.path) rmSync(folder.path, { recursive: true, force: true });
  });
  return broker;
}

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = dial(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`mosquitto does not listen on port ${port}`);
}
