import type { History, HistoryStatus } from "./history";
import { createInfluxClient, type InfluxOptions } from "./influx-client";
import { createInfluxQueries } from "./influx-queries";
import { createInfluxWriter, type InfluxWriterOptions } from "./influx-writer";

export type InfluxHistoryOptions = InfluxOptions & Omit<InfluxWriterOptions, "onState">;

export interface InfluxHistory extends History {
  close(): Promise<void>;
}

/** How long a close waits for samples on their way. Node-RED's own patience is 15 s. */
const closePatienceMs = 3000;

/** The history in an InfluxDB: its own server, its own retention, read by Grafana and the like. */
export function openInfluxHistory(options: InfluxHistoryOptions, warn: (text: string) => void): InfluxHistory {
  const client = createInfluxClient(options);
  const listeners = new Set<(status: HistoryStatus) => void>();
  const writer = createInfluxWriter(client, { ...options, onState });
  const queries = createInfluxQueries(client, options.measurement);
  let said = "";
  // Known at once, not with the first sample. A failure is in the status, and comes back with each write.
  writer.connect().catch(() => undefined);

  function onState(): void {
    const status = writer.describe();
    // Said once for each outage, not for each attempt.
    if (status.state !== said && (status.state === "retrying" || status.state === "failed"))
      warn(`InfluxDB at ${new URL(options.url).host}: ${status.reason}`);
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
      client.close();
    },
  };
}
