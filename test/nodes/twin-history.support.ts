import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { disposeShared } from "../../nodes/lib/shared";
import type { HistoryStatus } from "../../nodes/twin-history/history";
import { type InfluxHistory, type InfluxHistoryOptions, openInfluxHistory } from "../../nodes/twin-history/influx";

/** Histories in an InfluxDB, each test with a database and a folder for spools of its own. */
export function useHistories(url: () => string, defaults: Partial<InfluxHistoryOptions> = {}) {
  const opened: InfluxHistory[] = [];
  let nextDatabase = 0;
  const state = { warnings: [] as string[], database: "", spools: "" };
  beforeEach(() => {
    state.warnings = [];
    state.database = `db${nextDatabase++}`;
    state.spools = mkdtempSync(path.join(tmpdir(), "meditwin-spools-"));
  });
  afterEach(async () => {
    await closeAll();
    rmSync(state.spools, { recursive: true, force: true });
  });

  /** As at the end of a process: files are closed, too. */
  async function closeAll(): Promise<void> {
    await Promise.all(opened.splice(0).map((history) => history.close()));
    await disposeShared();
  }

  return {
    state,
    closeAll,
    options: (options: Partial<InfluxHistoryOptions> = {}): InfluxHistoryOptions => ({
      url: url(),
      database: state.database,
      measurement: "twin",
      retentionPolicy: "",
      username: "",
      password: "",
      token: "",
      batchSize: 1000,
      flushMs: 5,
      retryMs: 20,
      maxRetryMs: 100,
      spools: state.spools,
      spoolBytes: 64 * 1024 * 1024,
      overflow: "block",
      ...defaults,
      ...options,
    }),
    open(options: Partial<InfluxHistoryOptions> = {}): InfluxHistory {
      const history = openInfluxHistory(this.options(options), (text) => state.warnings.push(text));
      opened.push(history);
      return history;
    },
    /** The folder of the only spool. */
    folder(): string {
      const [name] = readdirSync(state.spools);
      return path.join(state.spools, name ?? "none");
    },
  };
}

export async function until(
  history: InfluxHistory,
  condition: (status: HistoryStatus) => boolean,
  patienceMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!condition(history.describe())) {
    if (Date.now() > deadline) throw new Error(`it stays ${JSON.stringify(history.describe())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
