import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory } from "../history";
import { judge } from "../judge";
import { createNodeRed, type NodeRed } from "../node-red";
import { comesTrue, onStage, pause, type Stage } from "../stage";

const overloadMs = { short: 6000, long: 120_000 };
/** What is acknowledged before it is kept goes beyond what passes from the first second on. */
const controlMs = 2000;
/** Samples before the overload: a Node.js that has just started grows by itself. */
const warmUpSamples = 8000;
/** Ten times the plant's 500 samples/s. */
const tenFold = 5000;
/** What the slow step lets pass: a tenth of what comes. */
const slowStepPerS = 500;
/** What an overload may add to Node-RED's memory: its heap, what is under way, and the messages to the history's thread. */
const maxGrowth = 512 * 2 ** 20;
/** What the second half of a long overload may add to the first: memory that is bounded stands still. */
const maxLaterGrowth = 128 * 2 ** 20;
const maxP99Ms = 200;
const maxRecoveryMs = 30_000;

interface Overload {
  door: "mqtt" | "http";
  load: { rate: number; window: number; batch: number };
  /** The flow has a step that takes `slowStepPerS`: more than that cannot be taken, however fast everything else is. */
  slowStep: boolean;
  durable?: false;
}

const overloads: Record<"mqtt" | "http" | "slow" | "control", Overload> = {
  mqtt: { door: "mqtt", load: { rate: tenFold, window: 20_000, batch: 1 }, slowStep: false },
  /** 64 connections, each with the next 100 samples as soon as it has its answer. */
  http: { door: "http", load: { rate: 0, window: 6400, batch: 100 }, slowStep: false },
  slow: { door: "http", load: { rate: tenFold, window: 256, batch: 1 }, slowStep: true },
  control: { door: "http", load: { rate: tenFold, window: 256, batch: 1 }, slowStep: true, durable: false },
};

const nameOf = ({ door, load, slowStep, durable }: Overload): string => {
  const what = load.rate === 0 ? "as fast as it is answered" : `${load.rate} samples/s`;
  const step = slowStep ? `, a step of the flow takes ${slowStepPerS}/s` : "";
  return `Overload over ${door.toUpperCase()}, ${what}${step}${durable === false ? ", control: acknowledged before the journal (durable off)" : ""}`;
};

async function overload(stage: Stage, scale: Scale, how: Overload): Promise<FaultRow> {
  const { door, load, slowStep, durable } = how;
  const isControl = durable === false;
  const forMs = isControl ? controlMs : overloadMs[scale];
  // The shipped configuration writes its file for each message: the overload would end at the broker. Nobody kills it here.
  const broker = await startMosquitto(stage, "unbounded");
  const nodeRed = await createNodeRed(
    stage,
    twinFlow({
      mqttUrl: broker.url,
      watch: false,
      ...(isControl ? { ingest: { durable } } : {}),
      ...(slowStep ? { stepPerS: slowStepPerS } : {}),
    }),
  );
  await nodeRed.start();
  const history = embeddedHistory(nodeRed.home);
  const url = door === "mqtt" ? broker.url : `${nodeRed.url}/samples`;
  const warmUp = startGenerator(stage, { kind: door, url, rate: slowStep ? slowStepPerS / 2 : 2000, window: 200 });
  await comesTrue(() => warmUp.state().acknowledged >= (slowStep ? slowStepPerS : warmUpSamples), 60_000);
  const first = await warmUp.stop();
  await comesTrue(async () => (await history.count()) >= first.acknowledged, 30_000);
  const before = (await nodeRed.probe(true)).rssBytes;

  const began = Date.now();
  const flood = startGenerator(stage, { kind: door, url, ...load, startAt: first.sent });
  const half = forMs / 2;
  const firstPeak = await highestRss(half, nodeRed);
  const laterPeak = await highestRss(half, nodeRed);
  const { eventLoop } = await nodeRed.probe();
  const ledger = await flood.stop();
  const over = Date.now();

  const acknowledged = [...first.numbers, ...ledger.numbers];
  // Whole when it is over, or not: the control need not be waited for.
  const recovered = async (): Promise<boolean> => (await history.count()) >= acknowledged.length;
  await comesTrue(recovered, isControl ? 1000 : 20 * maxRecoveryMs);
  const recoveryMs = Date.now() - over;
  const verdict = await judge(nodeRed, { acknowledged, history, ...(isControl ? { quietMs: 1, timeoutMs: 1 } : {}) });
  const seconds = (over - began) / 1000;
  const growth = Math.max(firstPeak, laterPeak) - before;
  const laterGrowth = scale === "long" && !isControl ? laterPeak - firstPeak : undefined;
  return {
    done: `${nameOf(how)}, ${forMs / 1000} s`,
    figures: {
      offeredPerS: Math.round((ledger.sent - first.sent) / seconds),
      acknowledgedPerS: Math.round(ledger.acknowledged / seconds),
      ...verdict,
      rssGrowthMiB: Math.round(growth / 2 ** 20),
      ...(laterGrowth === undefined ? {} : { rssSecondHalfMiB: Math.round(laterGrowth / 2 ** 20) }),
      eventLoopP99Ms: eventLoop.p99Ms,
      recoveredInS: Math.round(recoveryMs / 100) / 10,
      ...(door === "http" ? answersOf(ledger.statuses, ledger.withoutRetryAfter) : {}),
    },
    held:
      isWhole(verdict) &&
      growth <= maxGrowth &&
      (laterGrowth ?? 0) <= maxLaterGrowth &&
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
    const rows: FaultRow[] = [];
    // The slow step takes its time to work off what was acknowledged: it belongs to the long form.
    const { mqtt, http, slow } = overloads;
    for (const how of scale === "long" ? [mqtt, http, slow] : [mqtt, http])
      rows.push(await onStage(log, (stage) => overload(stage, scale, how)));
    rows.push(await onStage(log, (stage) => overload(stage, "short", overloads.control)));
    return rows;
  },
};
