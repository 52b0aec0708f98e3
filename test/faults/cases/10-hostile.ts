import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { disposeShared } from "../../../nodes/lib/shared";
import { type InfluxHistory, openInfluxHistory } from "../../../nodes/twin-history/influx";
import { createInfluxd, type Influxd, influxdIsInstalled } from "../../support/influxd";
import type { FaultCase } from "../fault-case";
import { concatenatedLines, concatenatedQueries, injectedQueries } from "./10-hostile-queries";
import { hostileSamples } from "./10-hostile-samples";

/** One influxd, with a database of its own for each part. */
export interface Arena {
  influxd: Influxd;
  open(database: string, measurement: string): InfluxHistory;
}

/** Strings that mean something to somebody, as ids, properties, tags and texts; and InfluxQL in questions. */
export const faultCase: FaultCase = {
  number: 10,
  title: "Hostile strings and InfluxQL injections against a real InfluxDB",
  async run(scale, log) {
    if (!influxdIsInstalled()) {
      log("influxd is not installed: left out.");
      return [];
    }
    const strings = scale === "long" ? 20_000 : 1000;
    const spools = mkdtempSync(path.join(tmpdir(), "meditwin-hostile-"));
    const influxd = await createInfluxd();
    await influxd.start();
    const opened: InfluxHistory[] = [];
    const arena: Arena = {
      influxd,
      open(database, measurement) {
        const history = openInfluxHistory({ ...plain, url: influxd.url, database, measurement, spools }, log);
        opened.push(history);
        return history;
      },
    };
    try {
      return [
        await hostileSamples(arena, strings, log),
        await injectedQueries(arena, log),
        { ...(await concatenatedLines(arena, Math.min(strings, 1000))), isControl: true },
        { ...(await concatenatedQueries(arena)), isControl: true },
      ];
    } finally {
      await Promise.all(opened.map((history) => history.close()));
      await disposeShared();
      await influxd.remove();
      rmSync(spools, { recursive: true, force: true });
    }
  },
};

const plain = {
  retentionPolicy: "",
  username: "",
  password: "",
  token: "",
  batchSize: 1000,
  flushMs: 5,
  spoolBytes: 64 * 1024 * 1024,
  overflow: "block",
} as const;
