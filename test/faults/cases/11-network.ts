import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultCase, FaultRow, Scale } from "../fault-case";
import { twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory } from "../history";
import { judge } from "../judge";
import { createNodeRed } from "../node-red";
import { type FaultProxy, startProxy } from "../proxy";
import { comesTrue, pause, rowsOf, type Stage, seeded, seedOf } from "../stage";
import { cutUntilHit, setUntilHit } from "../until-hit";
import { answersDropped } from "./11-http";
import { influxFaults, stockInflux } from "./11-influx";

type Befall = (proxy: FaultProxy, scale: Scale, random: () => number) => Promise<void>;

const cut: Befall = cutUntilHit;
/** The broker goes on sending until its window is full, hears of nothing, and sends all of it again. */
const unacknowledged: Befall = async (proxy, _scale, random) => {
  await setUntilHit(proxy, { kind: "drop", direction: "toServer", afterBytes: Math.floor(200 * random()) });
  await pause(900 * random());
  await proxy.set({ kind: "none" });
  proxy.cut();
};
const stall: Befall = async (proxy, scale, random) => {
  await proxy.set({ kind: "stall" });
  await pause(scale === "long" ? 1000 + 4000 * random() : 500);
  if (scale === "long" && random() < 0.5) proxy.cut();
  await proxy.set({ kind: "none" });
};
/** Long enough for Node-RED's own keepalive (60 s) to tell. */
const silence: Befall = async (proxy) => {
  await proxy.set({ kind: "stall" });
  await pause(100_000);
  await proxy.set({ kind: "none" });
};

// Each connection that ends makes the next pause of Node-RED longer, until one has held for 10 s.
const short = [unacknowledged, stall, cut, stall, unacknowledged];
const repeated = [cut, unacknowledged, stall];
const long = Array.from({ length: 40 }, (_, index) => (index === 20 ? silence : (repeated[index % 3] as Befall)));
const faultsOf = { short, long };
const startPatienceMs = 30_000;
const spacingMs = { short: 500, long: 12_000 };

/** Between mosquitto and Node-RED, at random instants: also just after it has connected again. */
async function brokerFaults(stage: Stage, scale: Scale, ingest: Record<string, unknown>): Promise<FaultRow> {
  const isControl = ingest.qos === "0";
  const faults = isControl ? [cut, cut] : faultsOf[scale];
  const broker = await startMosquitto(stage, "unbounded");
  const proxy = await startProxy(broker.port);
  stage.onEnd(() => proxy.close());
  const flow = twinFlow({ mqttUrl: `mqtt://127.0.0.1:${proxy.port}`, ingest });
  const nodeRed = await createNodeRed(stage, flow);
  await nodeRed.start();
  const generator = startGenerator(stage, { url: broker.url });
  const random = seeded(seedOf(stage));
  const history = embeddedHistory(nodeRed.home);
  await comesTrue(async () => (await history.count()) > 0, startPatienceMs);
  for (const befall of faults) {
    await pause(300 + spacingMs[scale] * random());
    await befall(proxy, scale, random);
  }
  await pause(1000);
  const ledger = await generator.stop();
  const verdict = await judge(nodeRed, {
    acknowledged: ledger.numbers,
    history,
    quietMs: isControl ? 5000 : 90_000,
  });
  return {
    done: `Network between mosquitto and Node-RED: cut, half-open, acknowledgements that never arrive, ${faults.length} random instants${isControl ? ", control: subscribed with QoS 0" : ""}`,
    figures: { faults: faults.length, hits: proxy.hits(), ...verdict },
    held: isWhole(verdict) && proxy.hits() > 0,
    ...(isControl ? { isControl } : {}),
  };
}

export const faultCase: FaultCase = {
  number: 11,
  title: "The network fails",
  run: (scale, log) =>
    rowsOf(scale, log, [
      (stage) => brokerFaults(stage, scale, {}),
      (stage) => influxFaults(stage, scale),
      (stage) => answersDropped(stage, scale, "Idempotency-Key"),
      (stage) => answersDropped(stage, scale, "seq"),
      (stage) => brokerFaults(stage, "short", { qos: "0" }),
      (stage) => answersDropped(stage, "short", "nothing"),
      ...(scale === "long" ? [stockInflux] : []),
    ]),
};
