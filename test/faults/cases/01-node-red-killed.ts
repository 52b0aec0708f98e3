import path from "node:path";
import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { stockFlow, twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory, numbersIn } from "../history";
import { judge } from "../judge";
import { createNodeRed, type NodeRed } from "../node-red";
import { comesTrue, onStage, pause, rowsOf, type Stage, seeded, seedOf } from "../stage";

const kills = { short: 6, long: 200 };
const controlKills = { short: 2, long: 10 };
const lostFile = "stock.txt";

/**
 * Kills Node-RED at random instants after each start: half of the time while it starts, half while it works.
 *
 * @param startMs how long a start takes
 */
async function killAtRandom(
  stage: Stage,
  nodeRed: NodeRed,
  times: number,
  startMs: number,
  random: () => number,
): Promise<void> {
  for (let kill = 1; kill <= times; kill++) {
    const afterMs = Math.round(startMs * (0.5 + 1.5 * random()));
    await pause(afterMs);
    await nodeRed.kill();
    nodeRed.spawn();
    if (kill % 20 === 0) stage.log(`${kill} of ${times} kills`);
  }
}

async function ours(stage: Stage, scale: Scale, ingest: Record<string, unknown>): Promise<FaultRow> {
  const isControl = ingest.durable === false;
  const times = isControl ? controlKills[scale] : kills[scale];
  const broker = await startMosquitto(stage, "unbounded");
  const nodeRed = await createNodeRed(stage, twinFlow({ mqttUrl: broker.url, ingest }));
  const startMs = await nodeRed.start();
  const random = seeded(seedOf(stage));
  const generator = startGenerator(stage, { url: broker.url });
  const history = embeddedHistory(nodeRed.home);
  if (isControl) for (let kill = 0; kill < times; kill++) await killAtWork(nodeRed, history.count, 500 * random());
  else await killAtRandom(stage, nodeRed, times, startMs, random);
  const ledger = await generator.stop();
  const verdict = await judge(nodeRed, {
    acknowledged: ledger.numbers,
    history,
    ...(isControl ? { quietMs: 3000 } : {}),
  });
  return {
    done: `Node-RED kill -9, ${times} random instants${isControl ? ", control: acknowledged before the journal (durable off)" : ""}`,
    figures: { kills: times, ...verdict },
    held: isWhole(verdict),
    ...(isControl ? { isControl } : {}),
  };
}

/** A kill that must cost something comes while messages pass. */
async function killAtWork(nodeRed: NodeRed, count: () => Promise<number>, afterMs: number): Promise<void> {
  const before = await count();
  await comesTrue(async () => (await count()) > before + 100, 20_000);
  await pause(afterMs);
  await nodeRed.kill();
  await nodeRed.start();
}

async function stock(stage: Stage, scale: Scale): Promise<FaultRow> {
  const times = controlKills[scale];
  const broker = await startMosquitto(stage, "unbounded");
  const file = path.join(stage.folder, lostFile);
  const nodeRed = await createNodeRed(stage, stockFlow(broker.port, file));
  await nodeRed.start();
  const generator = startGenerator(stage, { url: broker.url });
  const random = seeded(seedOf(stage));
  for (let kill = 0; kill < times; kill++)
    await killAtWork(nodeRed, async () => numbersIn(file).length, 500 * random());
  const { numbers } = await generator.stop();
  await pause(3000);
  const kept = new Set(numbersIn(file));
  const lost = numbers.filter((n) => !kept.has(n)).length;
  return {
    done: `Node-RED kill -9, ${times} random instants, control: stock flow (mqtt in, function, file)`,
    figures: { kills: times, acknowledged: numbers.length, lost },
    held: lost === 0,
    isControl: true,
  };
}

export const faultCase: FaultCase = {
  number: 1,
  title: "Node-RED is killed",
  run: async (scale, log) => [
    await onStage(log, (stage) => ours(stage, scale, {})),
    ...(await rowsOf(scale, log, [(stage) => ours(stage, scale, { durable: false }), (stage) => stock(stage, scale)])),
  ],
};
