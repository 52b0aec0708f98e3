import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory } from "../history";
import { judge } from "../judge";
import { createNodeRed, type NodeRed } from "../node-red";
import { comesTrue, pause, rowsOf, type Stage, seeded, seedOf } from "../stage";

const kills = { short: 2, long: 20 };
const catchUpMs = 60_000;

/**
 * mosquitto acknowledges before it writes its file: unless a subscriber has it, a kill in between loses the last message of a
 * connection, whatever its configuration (examples/mosquitto/README.md). Machines that must not lose it send their last messages again.
 */
const repeatLast = 10;

/** Where Node-RED is at a kill: at work; killed itself before; or connected and held up, so that it does not read. */
type NodeRedIs = "connected" | "away" | "held up";

interface Variant {
  configuration: "shipped" | "default";
  nodeRedIs: NodeRedIs;
}

const before: Record<NodeRedIs, (nodeRed: NodeRed) => unknown> = {
  connected: () => undefined,
  away: (nodeRed) => nodeRed.kill(),
  "held up": (nodeRed) => nodeRed.signal("SIGSTOP"),
};
const after: Record<NodeRedIs, (nodeRed: NodeRed) => unknown> = {
  connected: () => undefined,
  away: (nodeRed) => nodeRed.start(),
  "held up": (nodeRed) => nodeRed.signal("SIGCONT"),
};

/** Kills mosquitto at random instants, each time after Node-RED has caught up, so that it is connected again. */
async function killBroker(stage: Stage, scale: Scale, { configuration, nodeRedIs }: Variant): Promise<FaultRow> {
  const times = kills[scale];
  const isControl = configuration === "default";
  const repeats = nodeRedIs !== "connected" && !isControl;
  const broker = await startMosquitto(stage, configuration);
  const nodeRed = await createNodeRed(stage, twinFlow({ mqttUrl: broker.url }));
  await nodeRed.start();
  const random = seeded(seedOf(stage));
  const history = embeddedHistory(nodeRed.home);
  const generator = startGenerator(stage, { url: broker.url, repeatLast: repeats ? repeatLast : 0 });
  for (let kill = 0; kill < times; kill++) {
    const due = generator.state().acknowledged + 1;
    if (!isControl) await comesTrue(async () => (await history.count()) >= due, catchUpMs);
    await pause(500 + 1000 * random());
    await before[nodeRedIs](nodeRed);
    if (nodeRedIs !== "connected") await pause(500 + 1000 * random());
    await broker.stop("SIGKILL");
    await pause(500 * random());
    await broker.start();
    await after[nodeRedIs](nodeRed);
  }
  await pause(1000);
  const ledger = await generator.stop();
  const verdict = await judge(nodeRed, {
    acknowledged: ledger.numbers,
    history,
    quietMs: isControl ? 5000 : 40_000,
  });
  const where = `${nodeRedIs}${repeats ? `, machines repeat their last ${repeatLast} messages when they connect again` : ""}`;
  const whose = isControl ? "control: mosquitto's default configuration" : "with the configuration that is shipped";
  return {
    done: `Broker kill -9, ${times} times, Node-RED ${where}, ${whose}`,
    figures: { kills: times, ...verdict },
    held: isWhole(verdict),
    ...(isControl ? { isControl } : {}),
    // mosquitto had acknowledged it and neither written nor sent it: nobody here could keep it.
    ...(repeats || (!isControl && verdict.lost > 0 && verdict.lost <= times) ? { isBeyond: true } : {}),
  };
}

const longOnly = (["away", "held up"] as const).map(
  (nodeRedIs) => (stage: Stage) => killBroker(stage, "long", { configuration: "shipped", nodeRedIs }),
);

export const faultCase: FaultCase = {
  number: 2,
  title: "The broker is killed",
  run: (scale, log) =>
    rowsOf(scale, log, [
      (stage) => killBroker(stage, scale, { configuration: "shipped", nodeRedIs: "connected" }),
      // What mosquitto promises to nobody in these depends on a millisecond: they belong to the long form.
      ...(scale === "long" ? longOnly : []),
      (stage) => killBroker(stage, "short", { configuration: "default", nodeRedIs: "held up" }),
    ]),
};
