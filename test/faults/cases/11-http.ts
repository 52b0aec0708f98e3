import { isWhole } from "../checker";
import type { FaultRow, Scale } from "../fault-case";
import { twinFlow } from "../flows";
import { startGenerator } from "../generator";
import { embeddedHistory } from "../history";
import { judge } from "../judge";
import { createNodeRed } from "../node-red";
import { startProxy } from "../proxy";
import { pause, type Stage, seeded, seedOf } from "../stage";

const faults = { short: 3, long: 20 };

/** What tells twin-ingest that a request comes again. Time is that of arrival: a time of the sample's own would be enough. */
export type Recognised = "Idempotency-Key" | "seq" | "nothing";

/** The answers of twin-ingest never arrive: the machines send the same requests again. */
export async function answersDropped(stage: Stage, scale: Scale, by: Recognised): Promise<FaultRow> {
  const times = by === "nothing" ? faults.short : faults[scale];
  const isControl = by === "nothing";
  const withoutSeq = by !== "seq";
  const ingest = { tsFrom: "arrival", ...(withoutSeq ? { seqFrom: "" } : {}) };
  const nodeRed = await createNodeRed(stage, twinFlow({ ingest }));
  await nodeRed.start();
  const proxy = await startProxy(Number(new URL(nodeRed.url).port));
  stage.onEnd(() => proxy.close());
  const random = seeded(seedOf(stage));
  const generator = startGenerator(stage, {
    kind: "http",
    url: `http://127.0.0.1:${proxy.port}/samples`,
    sendAgain: true,
    withKey: by === "Idempotency-Key",
    without: withoutSeq ? ["ts", "seq"] : ["ts"],
  });
  for (let fault = 0; fault < times; fault++) {
    await pause(500 + 1000 * random());
    await proxy.set({ kind: "drop", direction: "toClient", afterBytes: Math.floor(100 * random()) });
    await pause(100 + 300 * random());
    await proxy.set({ kind: "none" });
    proxy.cut();
  }
  await pause(300);
  const ledger = await generator.stop();
  const history = embeddedHistory(nodeRed.home);
  const verdict = await judge(nodeRed, { acknowledged: ledger.numbers, history, byArrival: true, withoutSeq });
  const how = isControl ? "control: neither Idempotency-Key nor seq" : `recognised by ${by}`;
  return {
    done: `HTTP answers dropped, ${times} times, requests sent again, time of arrival, ${how}`,
    figures: { faults: times, sentAgain: ledger.statuses[0] ?? 0, ...verdict },
    held: isWhole(verdict) && (ledger.statuses[0] ?? 0) > 0,
    ...(isControl ? { isControl } : {}),
  };
}
