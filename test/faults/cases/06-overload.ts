import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { twinFlow } from "../flows";
import { type Generator, startGenerator } from "../generator";
import { embeddedHistory } from "../history";
import { judge } from "../judge";
import { createNodeRed, type NodeRed } from "../node-red";
import { comesTrue, onStage, pause, type Stage } from "../stage";

const overloadMs = { short: 10_000, long: 120_000 };
const warmUpMs = 3000;
/** Ten times the plant's 500 samples/s. */
const tenFold = 5000;
/** What an overload may add to Node-RED's memory, whatever its length. */
const maxGrowth = 256 * 2 ** 20;
const maxP99Ms = 200;
const maxRecoveryMs = 30_000;

type Door = "mqtt" | "http";

interface Load {
  rate: number;
  window: number;
  batch: number;
}

/** HTTP: 64 connections, each with the next 100 samples as soon as it has its answer, whatever that is. */
const floods: Record<Door, Load> = {
  mqtt: { rate: tenFold, window: 20_000, batch: 1 },
  http: { rate: 0, window: 6400, batch: 100 },
};

async function overload(stage: Stage, scale: Scale, door: Door, ingest: Record<string, unknown>): Promise<FaultRow> {
  const isControl = ingest.durable === false;
  // The shipped configuration writes its file for each message: the overload would end at the broker. Nobody kills it here.
  const broker = await startMosquitto(stage, "unbounded");
  const nodeRed = await createNodeRed(stage, twinFlow({ mqttUrl: broker.url, ingest, watch: false }));
  await nodeRed.start();
  const start = (options: Load & { startAt?: number }): Generator =>
    startGenerator(stage, {
      kind: door,
      url: door === "mqtt" ? broker.url : `${nodeRed.url}/samples`,
      ...options,
    });
  const warmUp = start({ rate: 500, window: 200, batch: 1 });
  await pause(warmUpMs);
  const first = await warmUp.stop();
  const before = (await nodeRed.probe(true)).rssBytes;

  const began = Date.now();
  const flood = start({ ...floods[door], startAt: first.sent });
  const peak = await highestRss(overloadMs[scale], nodeRed);
  const { eventLoop } = await nodeRed.probe();
  const ledger = await flood.stop();
  const over = Date.now();

  const acknowledged = [...first.numbers, ...ledger.numbers];
  const history = embeddedHistory(nodeRed.home);
  await comesTrue(async () => (await history.count()) >= acknowledged.length, isControl ? maxRecoveryMs : 180_000);
  const recoveryMs = Date.now() - over;
  const verdict = await judge(nodeRed, { acknowledged, history, ...(isControl ? { quietMs: 1000 } : {}) });
  const seconds = (over - began) / 1000;
  const growth = peak - before;
  return {
    done: `Overload over ${door.toUpperCase()} for ${overloadMs[scale] / 1000} s${isControl ? ", control: acknowledged before the journal (durable off)" : ""}`,
    figures: {
      offeredPerS: Math.round((ledger.sent - first.sent) / seconds),
      acknowledgedPerS: Math.round(ledger.acknowledged / seconds),
      ...verdict,
      rssGrowthMiB: Math.round(growth / 2 ** 20),
      eventLoopP99Ms: eventLoop.p99Ms,
      recoveredInS: Math.round(recoveryMs / 100) / 10,
      ...(door === "http" ? answersOf(ledger.statuses, ledger.withoutRetryAfter) : {}),
    },
    held:
      isWhole(verdict) &&
      growth <= maxGrowth &&
      eventLoop.p99Ms < maxP99Ms &&
      recoveryMs < maxRecoveryMs &&
      isPolite(ledger.statuses) &&
      ledger.withoutRetryAfter === 0,
    ...(isControl ? { isControl } : {}),
  };
}

/** Every request had an answer: taken, or come again later. */
const isPolite = (statuses: Record<string, number>): boolean =>
  Object.keys(statuses).every((status) => ["200", "429", "503"].includes(status));

function answersOf(statuses: Record<string, number>, withoutRetryAfter: number): Record<string, number | string> {
  const shown = Object.entries(statuses).map(([status, count]) => `${status === "0" ? "none" : status}: ${count}`);
  return { answers: shown.join(" "), withoutRetryAfter };
}

async function highestRss(forMs: number, nodeRed: NodeRed): Promise<number> {
  let highest = 0;
  for (const end = Date.now() + forMs; Date.now() < end; await pause(200))
    highest = Math.max(highest, nodeRed.rssBytes());
  return highest;
}

export const faultCase: FaultCase = {
  number: 6,
  title: "More comes than can be taken",
  async run(scale, log) {
    return [
      await onStage(log, (stage) => overload(stage, scale, "mqtt", {})),
      await onStage(log, (stage) => overload(stage, scale, "http", {})),
      await onStage(log, (stage) => overload(stage, "short", "http", { durable: false })),
    ];
  },
};
