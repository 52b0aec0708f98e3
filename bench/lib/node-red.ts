import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort, listening } from "../../test/support/ports";
import { endChild, root, type Scope, until } from "./processes";

export interface RunningNodeRed {
  child: ChildProcess;
  home: string;
  /** Lines that it wrote. */
  said(): string;
}

/**
 * Node-RED as a process of its own, with the settings of this package, a scratch home and this flow. With BENCH_PROF set to
 * a folder it writes CPU profiles of its threads below it when it ends.
 */
export async function startNodeRed(
  name: string,
  flow: Record<string, unknown>[],
  scope: Scope,
  home = scope.folder(name),
): Promise<RunningNodeRed> {
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, "flows.json"), JSON.stringify(flow));
  const port = await freePort();
  const profile = process.env.BENCH_PROF;
  const child = spawn(
    process.execPath,
    [
      ...(profile ? ["--cpu-prof", `--cpu-prof-dir=${path.join(profile, name)}`] : []),
      path.join(root, "node_modules/node-red/red.js"),
      "--settings",
      path.join(root, "dist/bench/lib/node-red-settings.js"),
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        NODE_ENV: "production",
        PORT: String(port),
        HOST: "127.0.0.1",
        TWIN_HOME: home,
        TWIN_FLOW_FILE: "flows.json",
        TWIN_MQTT_PORT: String(await freePort()),
        MQTT_URL: "",
        INFLUX_URL: "",
        NODE_RED_DISABLE_TELEMETRY: "true",
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    },
  );
  scope.onEnd(() => endChild(child));
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-20_000);
    });
  const told = new Promise<never>((_resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`Node-RED ended (${code}):\n${said}`)));
  });
  told.catch(() => undefined);
  await Promise.race([listening(port, "Node-RED", 30_000), told]);
  await Promise.race([until(() => said.includes("Started flows"), "the flows to start"), told]);
  return { child, home, said: () => said };
}
