import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory } from "../history";
import { judge } from "../judge";
import { createNodeRed } from "../node-red";
import { comesTrue, pause, rowsOf, type Stage, seeded, seedOf } from "../stage";

const kills = { short: 2, long: 20 };
const catchUpMs = 60_000;

interface Variant {
  configuration: "shipped" | "default";
  /** Node-RED is frozen around each kill: what the broker has acknowledged by then lies nowhere else. */
  away: boolean;
}

/** Kills mosquitto at random instants, each time after Node-RED has caught up, so that it is connected again. */
async function killBroker(stage: Stage, scale: Scale, { configuration, away }: Variant): Promise<FaultRow> {
  const times = kills[scale];
  const isControl = configuration === "default";
  const broker = await startMosquitto(stage, configuration);
  const nodeRed = await createNodeRed(stage, twinFlow({ mqttUrl: broker.url }));
  await nodeRed.start();
  const random = seeded(seedOf(stage));
  const history = embeddedHistory(nodeRed.home);
  const generator = startGenerator(stage, { url: broker.url });
  for (let kill = 0; kill < times; kill++) {
    const due = generator.state().acknowledged + 1;
    if (!isControl) await comesTrue(async () => (await history.count()) >= due, catchUpMs);
    await pause(500 + 1000 * random());
    if (away) {
      nodeRed.signal("SIGSTOP");
      await pause(500 + 1000 * random());
    }
    await broker.stop("SIGKILL");
    await pause(500 * random());
    await broker.start();
    nodeRed.signal("SIGCONT");
  }
  await pause(1000);
  const ledger = await generator.stop();
  const verdict = await judge(nodeRed, {
    acknowledged: ledger.numbers,
    history,
    quietMs: isControl ? 5000 : 40_000,
  });
  const whose = isControl ? "control: mosquitto's default configuration" : "with the configuration that is shipped";
  return {
    done: `Broker kill -9, ${times} times, Node-RED ${away ? "away" : "connected"}, ${whose}`,
    figures: { kills: times, ...verdict },
    held: isWhole(verdict),
    ...(isControl ? { isControl } : {}),
  };
}

export const faultCase: FaultCase = {
  number: 2,
  title: "The broker is killed",
  run: (scale, log) =>
    rowsOf(scale, log, [
      (stage) => killBroker(stage, scale, { configuration: "shipped", away: false }),
      (stage) => killBroker(stage, scale, { configuration: "shipped", away: true }),
      (stage) => killBroker(stage, "short", { configuration: "default", away: true }),
    ]),
};
