import path from "node:path";
import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { type FlowNode, stockFlow, twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory, numbersIn } from "../history";
import { judge } from "../judge";
import { createNodeRed, type DeployType, type NodeRed } from "../node-red";
import { pause, rowsOf, type Stage, seeded, seedOf } from "../stage";

const deploys = { short: 3, long: 50 };
const types: DeployType[] = ["full", "flows", "nodes"];
const maxCloseMs = 5000;
/** Longer than what belongs to the process outlives a deploy (nodes/lib/shared.ts: 5 s). */
const settleMs = 7000;

/** The same flow with a change in it: `nodes` and `flows` leave alone what is as it was. */
const edited = (flow: FlowNode[], edit: number): FlowNode[] =>
  flow.map((node) =>
    ["straight", "detour", "slow", "in", "clean", "state", "write"].includes(node.id)
      ? { ...node, name: `edit ${edit}` }
      : node,
  );

async function deployAll(
  nodeRed: NodeRed,
  flow: FlowNode[],
  times: number,
  random: () => number,
  log: (text: string) => void,
): Promise<number> {
  let slowest = 0;
  let edit = 0;
  for (const type of types) {
    for (let round = 0; round < times; round++) {
      await pause(200 + 800 * random());
      slowest = Math.max(slowest, await nodeRed.deploy(edited(flow, ++edit), type));
    }
    log(`${times} deploys of type ${type}, slowest so far ${Math.round(slowest)} ms`);
  }
  return slowest;
}

interface Handles {
  resources: Record<string, number>;
  descriptors: number;
  homeFiles: number;
}

/** Segments of logs come and go with what waits in them. */
const segments = 3;

/** The least of several looks: timers and requests come and go. */
async function handles(nodeRed: NodeRed): Promise<Handles> {
  const looks: Handles[] = [];
  for (let look = 0; look < 10; look++) {
    looks.push(await nodeRed.probe());
    await pause(100);
  }
  const kinds = new Set(looks.flatMap(({ resources }) => Object.keys(resources)));
  const least = (read: (look: Handles) => number): number => Math.min(...looks.map(read));
  return {
    resources: Object.fromEntries([...kinds].map((kind) => [kind, least(({ resources }) => resources[kind] ?? 0)])),
    descriptors: least(({ descriptors }) => descriptors),
    homeFiles: least(({ homeFiles }) => homeFiles),
  };
}

/** Kinds of which there are more than before, with their numbers. */
function leftBehind(before: Handles, after: Handles): string[] {
  const more = Object.entries(after.resources)
    .filter(([kind, count]) => count > (before.resources[kind] ?? 0))
    .map(([kind, count]) => `${kind} ${before.resources[kind] ?? 0}->${count}`);
  if (after.descriptors > before.descriptors) more.push(`descriptors ${before.descriptors}->${after.descriptors}`);
  if (after.homeFiles > before.homeFiles + segments) more.push(`files ${before.homeFiles}->${after.homeFiles}`);
  return more;
}

/** What is there beyond what was before, when all that may linger has had its time. */
async function leftInTheEnd(nodeRed: NodeRed, before: Handles): Promise<string[]> {
  for (const end = Date.now() + settleMs; ; ) {
    const isLate = Date.now() > end;
    const left = leftBehind(before, await handles(nodeRed));
    if (left.length === 0 || isLate) return left;
  }
}

async function ours(stage: Stage, scale: Scale): Promise<FaultRow> {
  const times = deploys[scale];
  const broker = await startMosquitto(stage, "unbounded");
  const flow = twinFlow({ mqttUrl: broker.url });
  const nodeRed = await createNodeRed(stage, flow);
  await nodeRed.start();
  const random = seeded(seedOf(stage));
  const warmUp = startGenerator(stage, { url: broker.url });
  // A deploy of each type first: what is made once for the process is there then.
  let slowest = await deployAll(nodeRed, flow, 1, random, () => undefined);
  const first = await warmUp.stop();
  await pause(settleMs);
  const before = await handles(nodeRed);

  const generator = startGenerator(stage, { url: broker.url, startAt: first.sent });
  slowest = Math.max(slowest, await deployAll(nodeRed, flow, times, random, stage.log));
  const ledger = await generator.stop();
  const verdict = await judge(nodeRed, {
    acknowledged: [...first.numbers, ...ledger.numbers],
    history: embeddedHistory(nodeRed.home),
  });
  const left = await leftInTheEnd(nodeRed, before);
  return {
    done: `${times} redeploys of each type: full, flows, nodes`,
    figures: {
      deploys: times * types.length,
      ...verdict,
      slowestCloseMs: Math.round(slowest),
      handlesLeft: left.length === 0 ? 0 : left.join("; "),
    },
    held: isWhole(verdict) && slowest < maxCloseMs && left.length === 0,
  };
}

async function stock(stage: Stage): Promise<FaultRow> {
  const broker = await startMosquitto(stage, "unbounded");
  const file = path.join(stage.folder, "stock.txt");
  const flow = stockFlow(broker.port, file);
  const nodeRed = await createNodeRed(stage, flow);
  await nodeRed.start();
  const generator = startGenerator(stage, { url: broker.url });
  await pause(500);
  await deployAll(nodeRed, flow, 1, seeded(seedOf(stage)), () => undefined);
  await pause(500);
  const { numbers } = await generator.stop();
  await pause(2000);
  const kept = new Set(numbersIn(file));
  const lost = numbers.filter((n) => !kept.has(n)).length;
  return {
    done: "1 redeploy of each type, control: stock flow (mqtt in, function, file)",
    figures: { deploys: types.length, acknowledged: numbers.length, lost },
    held: lost === 0,
    isControl: true,
  };
}

export const faultCase: FaultCase = {
  number: 4,
  title: "Flows are deployed again",
  run: (scale, log) => rowsOf(scale, log, [(stage) => ours(stage, scale), stock]),
};
