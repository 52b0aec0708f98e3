import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import type { SmallDisk } from "../../support/small-disk";
import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultRow, Scale } from "../fault-case";
import { twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory } from "../history";
import { judge } from "../judge";
import { createNodeRed } from "../node-red";
import { comesTrue, pause, type Stage } from "../stage";

const phaseMs = { short: 2500, long: 30_000 };
const rate = 200;

export interface FullDiskOptions {
  door: "mqtt" | "http";
  /** Acknowledged on arrival, before anything is written. */
  isControl?: boolean;
}

/** A real Node-RED whose store, journal and history lie on a disk that runs full and is freed again while samples come. */
export async function nodeRedOnFullDisk(
  stage: Stage,
  disk: SmallDisk,
  scale: Scale,
  { door, isControl = false }: FullDiskOptions,
): Promise<FaultRow> {
  const broker = await startMosquitto(stage, "unbounded");
  const ingest = isControl ? { durable: false } : {};
  const nodeRed = await createNodeRed(stage, twinFlow({ mqttUrl: broker.url, ingest }));
  mkdirSync(path.join(disk.folder, "twin"));
  // Only what the nodes write: Node-RED's log shall tell of the full disk.
  symlinkSync(path.join(disk.folder, "twin"), path.join(nodeRed.home, "twin"));
  await nodeRed.start();
  const history = embeddedHistory(nodeRed.home);
  const url = door === "mqtt" ? broker.url : `${nodeRed.url}/samples`;
  const generator = startGenerator(stage, { kind: door, url, rate });
  await comesTrue(async () => (await history.count()) > rate, 20_000);
  await pause(phaseMs[scale]);

  disk.fill();
  await pause(500);
  const [atFull, keptAtFull] = [generator.state().acknowledged, await history.count()];
  await pause(phaseMs[scale]);
  const acknowledgedWhileFull = generator.state().acknowledged - atFull;
  const keptWhileFull = (await history.count()) - keptAtFull;

  disk.free();
  const freed = Date.now();
  const resumed = await comesTrue(async () => (await history.count()) > keptAtFull + keptWhileFull + rate, 60_000);
  const resumedMs = Date.now() - freed;
  await pause(phaseMs[scale]);
  const { numbers, statuses } = await generator.stop();
  const verdict = await judge(nodeRed, { acknowledged: numbers, history, quietMs: isControl ? 3000 : 15_000 });
  const answers = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
  return {
    done: `disk of Node-RED full for ${phaseMs[scale] / 1000} s and freed, ${rate} samples/s by ${door.toUpperCase()}${isControl ? ", acknowledged on arrival (durable off)" : ""}`,
    figures: {
      ...verdict,
      // By PUBACK of the broker, which has a disk of its own.
      acknowledgedWhileFull,
      keptWhileFull,
      resumedInS: Math.round(resumedMs / 100) / 10,
      ...(door === "http" ? { answers: answers.join(" ") } : {}),
    },
    held: isWhole(verdict) && resumed,
    ...(isControl ? { isControl } : {}),
  };
}
