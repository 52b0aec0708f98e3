// Node-RED's settings in the rig: this package from its build, nothing else, and a probe that a test can ask.
import { appendFileSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

const eventLoop = monitorEventLoopDelay({ resolution: 5 });
eventLoop.enable();

export interface Probe {
  rssBytes: number;
  /** Since the process started, or since the last probe with `?reset`. */
  eventLoop: { p50Ms: number; p99Ms: number; maxMs: number };
  /** What keeps the process alive, counted by kind. */
  resources: Record<string, number>;
  /** Open descriptors but those of files in the home folder. */
  descriptors: number;
  /** Open files in the home folder: databases, and the segments of logs, whose number varies. */
  homeFiles: number;
}

function probe(): Probe {
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const ms = (ns: number): number => Math.round(ns / 1e4) / 100;
  return {
    rssBytes: process.memoryUsage.rss(),
    eventLoop: { p50Ms: ms(eventLoop.percentile(50)), p99Ms: ms(eventLoop.percentile(99)), maxMs: ms(eventLoop.max) },
    resources,
    ...descriptors(),
  };
}

function descriptors(): { descriptors: number; homeFiles: number } {
  const opened = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // That of the folder itself is closed by now.
      return "";
    }
  });
  const homeFiles = opened.filter((target) => target.startsWith(`${home}/`)).length;
  return { descriptors: opened.length - homeFiles, homeFiles };
}

interface Request {
  path: string;
  query: Record<string, unknown>;
}

interface Response {
  json(body: unknown): void;
}

const home = process.env.FAULTS_HOME as string;

// Node-RED must not outlive the rig.
process.once("disconnect", () => process.exit(1));

module.exports = {
  userDir: home,
  flowFile: "flows.json",
  credentialSecret: "faults",
  nodesDir: [path.resolve(__dirname, "../../..")],
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.FAULTS_PORT),
  apiMaxLength: "32mb",
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { autoInstall: false, palette: { allowInstall: false }, modules: { allowInstall: false } },
  editorTheme: { tours: false, multiplayer: { enabled: false } },
  contextStorage: { default: { module: "memory" } },
  logging: { console: { level: "info", metrics: false, audit: false } },
  httpAdminMiddleware(request: Request, response: Response, next: () => void) {
    if (request.path !== "/faults/probe") return next();
    response.json(probe());
    if (request.query.reset !== undefined) eventLoop.reset();
  },
  functionGlobalContext: {
    /** Writes a line to a file of the home folder before it returns: what it says survives a kill -9. */
    record: (file: string, line: unknown) =>
      appendFileSync(path.join(home, `${path.basename(file)}.jsonl`), `${JSON.stringify(line)}\n`),
  },
};
