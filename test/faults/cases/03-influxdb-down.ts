import type { Influxd } from "../../support/influxd";
import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { stockInfluxFlow, twinFlow } from "../flows";
import { type Generator, type Ledger, startGenerator } from "../generator";
import { influxHistory } from "../history";
import { startInfluxd } from "../influxd";
import { judge } from "../judge";
import { createNodeRed, type NodeRed } from "../node-red";
import { comesTrue, pause, rowsOf, type Stage } from "../stage";

const downMs = { short: 10_000, long: 600_000 };
/** Samples before the outage. */
const warmUpSamples = 15_000;
const warmUpRate = 2000;
const quietMs = { short: 2000, long: 10_000 };
const maxGrowth = 50 * 2 ** 20;
const drainLimitMs = 5 * 60_000;

interface Plant {
  influxd: Influxd;
  nodeRed: NodeRed;
  generator: Generator;
  /** What was acknowledged while it warmed up. */
  first: Ledger;
}

async function startPlant(stage: Stage, name: string): Promise<Plant> {
  const influxd = await startInfluxd(stage);
  const broker = await startMosquitto(stage, "unbounded");
  const flow = twinFlow({ mqttUrl: broker.url, influxUrl: influxd.url, watch: false });
  const nodeRed = await createNodeRed(stage, flow, { name });
  await nodeRed.start();
  const warmUp = startGenerator(stage, { url: broker.url, rate: warmUpRate });
  await comesTrue(() => warmUp.state().acknowledged >= warmUpSamples, 60_000);
  const first = await warmUp.stop();
  return { influxd, nodeRed, first, generator: startGenerator(stage, { url: broker.url, startAt: first.sent }) };
}

/** A Node.js process grows by itself for minutes: what the outage costs is the difference to a second plant, which has none. */
async function ours(stage: Stage, scale: Scale): Promise<FaultRow> {
  const [{ influxd, nodeRed, first, generator }, reference] = await Promise.all([
    startPlant(stage, "home"),
    startPlant(stage, "reference"),
  ]);
  await pause(quietMs[scale]);
  await influxd.kill();
  stage.log("influxd killed");
  const [peak, usual] = await Promise.all(
    [nodeRed, reference.nodeRed].map(({ rssBytes }) => highestRss(downMs[scale], rssBytes)),
  );
  const whileDown = first.acknowledged + generator.state().acknowledged;
  await reference.generator.stop();
  await influxd.start();
  const back = Date.now();
  const history = influxHistory(influxd);
  // The machines go on meanwhile: drained is what came until the server was back.
  while ((await history.count().catch(() => 0)) < whileDown && Date.now() - back < drainLimitMs) await pause(250);
  const drainMs = Date.now() - back;
  await pause(1000);
  const ledger = await generator.stop();
  const verdict = await judge(nodeRed, { acknowledged: [...first.numbers, ...ledger.numbers], history });
  const growth = (peak as number) - (usual as number);
  return {
    done: `InfluxDB down ${downMs[scale] / 1000} s at 500 samples/s`,
    figures: {
      ...verdict,
      rssPeakMiB: Math.round((peak as number) / 2 ** 20),
      rssMoreThanWithoutOutageMiB: Math.round(growth / 2 ** 20),
      drainedInS: Math.round(drainMs / 100) / 10,
    },
    held: isWhole(verdict) && growth <= maxGrowth && drainMs < drainLimitMs,
  };
}

async function highestRss(forMs: number, read: () => number): Promise<number> {
  let highest = 0;
  for (const end = Date.now() + forMs; Date.now() < end; await pause(200)) highest = Math.max(highest, read());
  return highest;
}

/** One HTTP request for each message, as flows do it with stock nodes. */
async function stock(stage: Stage): Promise<FaultRow> {
  const influxd = await startInfluxd(stage);
  const broker = await startMosquitto(stage);
  const nodeRed = await createNodeRed(stage, stockInfluxFlow(broker.port, influxd.url));
  await nodeRed.start();
  const generator = startGenerator(stage, { url: broker.url, rate: 200 });
  await pause(2000);
  await influxd.kill();
  await pause(2000);
  await influxd.start();
  await pause(2000);
  const { numbers } = await generator.stop();
  await pause(3000);
  const kept = new Set((await influxHistory(influxd).rows()).map(({ n }) => n));
  const lost = numbers.filter((n) => !kept.has(n)).length;
  return {
    done: "InfluxDB down 2 s, control: stock flow (mqtt in, function, http request)",
    figures: { acknowledged: numbers.length, lost },
    held: lost === 0,
    isControl: true,
  };
}

export const faultCase: FaultCase = {
  number: 3,
  title: "InfluxDB is down",
  run: (scale, log) => rowsOf(scale, log, [(stage) => ours(stage, scale), stock]),
};
