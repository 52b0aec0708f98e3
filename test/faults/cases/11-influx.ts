import { startMosquitto } from "../broker";
import { isWhole } from "../checker";
import type { FaultRow, Scale } from "../fault-case";
import { stockInfluxFlow, twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { influxHistory } from "../history";
import { startInfluxd } from "../influxd";
import { judge } from "../judge";
import { createNodeRed } from "../node-red";
import { type FaultProxy, startProxy } from "../proxy";
import { pause, type Stage, seeded, seedOf } from "../stage";
import { setUntilHit } from "../until-hit";

type Befall = (proxy: FaultProxy, random: () => number) => Promise<void>;

/** Time-out of a write. */
const timeoutMs = 10_000;

const unanswered: Befall = async (proxy, random) => {
  await setUntilHit(proxy, { kind: "drop", direction: "toClient", afterBytes: Math.floor(40 * random()) });
  await pause(800 * random());
  await proxy.set({ kind: "none" });
  proxy.cut();
};
const requestCut: Befall = async (proxy, random) => {
  await setUntilHit(proxy, { kind: "cut", direction: "toServer", afterBytes: Math.floor(5000 * random()) });
  await pause(500 * random());
  await proxy.set({ kind: "none" });
};
const busy: Befall = async (proxy, random) => {
  await setUntilHit(proxy, { kind: "unavailable", retryAfterS: 1 });
  await pause(1000 * random());
  await proxy.set({ kind: "none" });
};
/** Without a reset: only its own time-out tells the writer. */
const timedOut: Befall = async (proxy) => {
  await setUntilHit(proxy, { kind: "drop", direction: "toClient", afterBytes: 0 });
  await pause(1.2 * timeoutMs);
  await proxy.set({ kind: "none" });
};
/** What was given up arrives after all, beside what is sent again. */
const late: Befall = async (proxy) => {
  await proxy.set({ kind: "delay", ms: 1.2 * timeoutMs });
  await pause(1.5 * timeoutMs);
  await proxy.set({ kind: "none" });
};
const kinds = { short: [unanswered, requestCut, busy], long: [unanswered, requestCut, busy, timedOut, late] };
const faults = { short: 3, long: 20 };

/** Between Node-RED and InfluxDB. */
export async function influxFaults(stage: Stage, scale: Scale): Promise<FaultRow> {
  const influxd = await startInfluxd(stage);
  const proxy = await startProxy(Number(new URL(influxd.url).port));
  stage.onEnd(() => proxy.close());
  const broker = await startMosquitto(stage, "unbounded");
  const influxUrl = `http://127.0.0.1:${proxy.port}`;
  const nodeRed = await createNodeRed(stage, twinFlow({ mqttUrl: broker.url, influxUrl }));
  await nodeRed.start();
  const generator = startGenerator(stage, { url: broker.url });
  const random = seeded(seedOf(stage));
  const mine = kinds[scale];
  for (let fault = 0; fault < faults[scale]; fault++) {
    await pause(500 + 1000 * random());
    await mine[fault % mine.length]?.(proxy, random);
  }
  const ledger = await generator.stop();
  const verdict = await judge(nodeRed, {
    acknowledged: ledger.numbers,
    history: influxHistory(influxd),
    quietMs: 60_000,
  });
  return {
    done: `Network to InfluxDB: answers that never arrive, requests cut, 503, delays, ${faults[scale]} faults`,
    figures: { faults: faults[scale], hits: proxy.hits(), ...verdict },
    held: isWhole(verdict) && proxy.hits() >= faults[scale] / 2,
  };
}

/** One request for each message, as flows do it with stock nodes. */
export async function stockInflux(stage: Stage): Promise<FaultRow> {
  const influxd = await startInfluxd(stage);
  const proxy = await startProxy(Number(new URL(influxd.url).port));
  stage.onEnd(() => proxy.close());
  const broker = await startMosquitto(stage, "unbounded");
  const nodeRed = await createNodeRed(stage, stockInfluxFlow(broker.port, `http://127.0.0.1:${proxy.port}`));
  await nodeRed.start();
  const generator = startGenerator(stage, { url: broker.url, rate: 200 });
  const random = seeded(seedOf(stage));
  for (const befall of kinds.short) {
    await pause(1000);
    await befall(proxy, random);
  }
  const { numbers } = await generator.stop();
  await pause(3000);
  const kept = new Set((await influxHistory(influxd).rows()).map(({ n }) => n));
  const lost = numbers.filter((n) => !kept.has(n)).length;
  return {
    done: "Network to InfluxDB, 3 faults, control: stock flow (mqtt in, function, http request)",
    figures: { hits: proxy.hits(), acknowledged: numbers.length, lost },
    held: lost === 0,
    isControl: true,
  };
}
