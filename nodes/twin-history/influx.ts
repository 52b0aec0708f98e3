import { createHash } from "node:crypto";
import path from "node:path";
import { acquire } from "../lib/shared";
import type { History, HistoryStatus } from "./history";
import { createInfluxClient, type InfluxOptions } from "./influx-client";
import { createInfluxQueries } from "./influx-queries";
import { createInfluxWriter, type InfluxWriterOptions } from "./influx-writer";
import { openSpool, type Spool } from "./spool";

export type InfluxHistoryOptions = InfluxOptions &
  Omit<InfluxWriterOptions, "onState" | "warn"> & {
    /** Where spools are kept, each in a folder of its own. */
    spools: string;
  };

export interface InfluxHistory extends History {
  close(): Promise<void>;
}

/** How long a close waits for the server. Node-RED's own patience is 15 s. */
const closePatienceMs = 2000;

/** The history in an InfluxDB: its own server, its own retention, read by Grafana and the like. */
export function openInfluxHistory(options: InfluxHistoryOptions, warn: (text: string) => void): InfluxHistory {
  const host = new URL(options.url).host;
  const say = (text: string): void => warn(`InfluxDB at ${host}: ${text}`);
  const client = createInfluxClient(options);
  const listeners = new Set<(status: HistoryStatus) => void>();
  const spool = acquireSpool(options, say);
  const writer = createInfluxWriter(client, spool.value, { ...options, warn: say, onState });
  const queries = createInfluxQueries(client, options.measurement);
  let said = "";

  function onState(): void {
    const status = writer.describe();
    // Said once for each outage, not for each attempt.
    if (status.state !== said && (status.state === "retrying" || status.state === "failed")) say(status.reason ?? "");
    said = status.state;
    for (const listener of listeners) listener(status);
  }

  return {
    backend: "influx",
    database: options.database,
    write: writer.write,
    query: queries.query,
    describe: writer.describe,
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await writer.close(closePatienceMs);
      spool.release();
    },
  };
}

/**
 * The spool of a target. Its name tells the target apart and holds no secret; user, password and token have no part in it, so
 * that what waits is sent with new ones.
 */
function acquireSpool(options: InfluxHistoryOptions, warn: (text: string) => void): { value: Spool; release(): void } {
  const { origin, pathname } = new URL(options.url);
  const target = {
    url: `${origin}${pathname}`,
    database: options.database,
    retentionPolicy: options.retentionPolicy,
    measurement: options.measurement,
  };
  const digest = createHash("sha256").update(JSON.stringify(target)).digest("hex").slice(0, 16);
  const folder = path.join(options.spools, digest);
  return acquire(`spool:${folder}`, () => {
    const value = openSpool({ folder, maxBytes: options.spoolBytes, target, warn });
    return { value, dispose: () => value.close() };
  });
}
