import { createHash } from "node:crypto";
import path from "node:path";
import { defineConfigNode } from "../lib/define-node";
import { type Metric, stateSet } from "../lib/metrics";
import { acquire } from "../lib/shared";
import { openEmbeddedFile } from "./embedded";
import type { History } from "./history";
import { openInfluxHistory } from "./influx";
import { readTwinHistorySettings, type TwinHistorySettings } from "./twin-history.settings";

/** What keeps samples belongs to the process: it outlives a deploy, and nodes with the same settings share it. */
export default defineConfigNode<TwinHistorySettings, History>({
  type: "twin-history",
  credentials: { username: { type: "text" }, password: { type: "password" }, token: { type: "password" } },
  readSettings: readTwinHistorySettings,
  metrics: metricsOf,
  open(host, settings) {
    const warn = (text: string): void => host.red.log.warn(text);
    if (settings.backend === "influx") {
      const lease = acquire(`history:${digest(settings)}`, () => {
        const spools = path.join(host.home, "twin", "spool");
        const value = openInfluxHistory({ ...settings, spoolBytes: settings.spoolMb * 1024 * 1024, spools }, warn);
        return { value, dispose: () => value.close() };
      });
      return { api: lease.value, close: () => lease.release() };
    }
    const { database } = settings;
    const file = path.join(host.home, "twin", database === "twin" ? "history.db" : `history-${database}.db`);
    const lease = acquire(`history:${file}`, () => {
      const value = openEmbeddedFile(file, warn);
      return { value, dispose: () => value.close() };
    });
    const { history, close } = lease.value.open(settings);
    return {
      api: history,
      async close() {
        await close();
        lease.release();
      },
    };
  },
});

const states = ["connecting", "ok", "retrying", "failed"] as const;

function metricsOf({ backend, database, describe }: History): Metric[] {
  const labels = { backend, database };
  const status = describe();
  const one = (name: string, value: number, help: string, kind?: Metric["kind"]): Metric => ({
    name: `history_${name}`,
    help,
    value,
    kind,
    labels,
  });
  return [
    ...stateSet("history_state", "1 for the present state.", states, status.state).map((metric) => ({
      ...metric,
      labels: { ...labels, ...metric.labels },
    })),
    one("waiting_samples", status.waiting, "Samples in memory that are not durable yet."),
    one("spooled_samples", status.spooled, "Samples on disk that the server does not have yet."),
    one("spool_bytes", status.spoolBytes, "What the spool takes on disk."),
    one("spool_max_bytes", status.spoolMaxBytes, "What the spool may take on disk."),
    one("oldest_seconds", status.oldestMs / 1000, "How long the oldest sample that is not in the history has waited."),
    one("refused_later_total", status.refusedLater, "Samples out of the spool that the server refused.", "counter"),
    one("dropped_total", status.dropped, "Samples out of the spool that were given up.", "counter"),
  ];
}

/** Names the settings without telling them: they hold secrets. */
const digest = (settings: TwinHistorySettings): string =>
  createHash("sha256").update(JSON.stringify(settings)).digest("hex");
