import { createHash } from "node:crypto";
import path from "node:path";
import { defineConfigNode } from "../lib/define-node";
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
      close() {
        close();
        lease.release();
      },
    };
  },
});

/** Names the settings without telling them: they hold secrets. */
const digest = (settings: TwinHistorySettings): string =>
  createHash("sha256").update(JSON.stringify(settings)).digest("hex");
