import { InfluxDB } from "influx";
import type { Influxd } from "../../support/influxd";
import type { FaultCase, FaultRow } from "../fault-case";
import { twinFlow } from "../flows";
import { influxHistory } from "../history";
import { startInfluxd } from "../influxd";
import { createNodeRed } from "../node-red";
import { bodyOf, twinOf } from "../sample";
import { comesTrue, onStage, pause, type Stage, seeded, seedOf } from "../stage";

const size = 5000;
const badOf = { short: [10], long: [1, 10, 100] };
const shortestWaitMs = 60_000;

interface BadSample {
  id: string;
  ts: number;
  seq: number;
  n: number;
  value: number | string;
}

/** Samples of which `bad` hold text in a field that is a number: the server refuses exactly those, with `field type conflict`. */
function batch(first: number, bad: number, random: () => number): { samples: BadSample[]; bad: Set<number> } {
  const numbers = new Set<number>();
  while (numbers.size < bad) numbers.add(first + Math.floor(random() * size));
  const since = Date.now() - size;
  const samples = Array.from({ length: size }, (_, index): BadSample => {
    const n = first + index;
    const sample = { id: twinOf(n), ...bodyOf(n, since + index) };
    return numbers.has(n) ? { ...sample, value: "much" } : sample;
  });
  return { samples, bad: numbers };
}

/** The field is a number, once and for all. */
const declareField = (url: string): Promise<unknown> =>
  fetch(`${url}/write?db=twin&precision=ms`, { method: "POST", body: "twin,id=first value=1,n=-1 1" });

async function ours(stage: Stage, badCounts: number[]): Promise<FaultRow[]> {
  const influxd = await startInfluxd(stage);
  await declareField(influxd.url);
  const flow = twinFlow({ influxUrl: influxd.url, watch: false, history: { batchSize: size } });
  // Straight from the door to the history: twin-clean would see the text first.
  const wired = flow.map((node) => (node.id === "over-http" ? { ...node, wires: [["write"], ["refused"]] } : node));
  const nodeRed = await createNodeRed(stage, wired);
  await nodeRed.start();
  const random = seeded(seedOf(stage));
  const rows: FaultRow[] = [];
  for (const [index, count] of badCounts.entries()) {
    const { samples, bad } = batch(index * size, count, random);
    const response = await fetch(`${nodeRed.url}/samples`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(samples),
    });
    if (!response.ok) throw new Error(`POST /samples: ${response.status} ${await response.text()}`);
    const refused = (): { n?: number; code?: string; message?: string }[] =>
      nodeRed.recorded<{ n?: number; code?: string; message?: string }>("refused");
    const kept = async (): Promise<Set<number>> =>
      new Set((await influxHistory(influxd).rows()).map(({ n }) => n).filter((n) => n >= index * size));
    await comesTrue(async () => (await kept()).size + bad.size >= size && refused().length >= bad.size, shortestWaitMs);
    await pause(500);
    const mine = refused().filter(({ n = -1 }) => n >= index * size);
    const setAside = new Set(mine.map(({ n }) => n));
    const arrived = await kept();
    const wronglyRefused = [...setAside].filter((n) => n === undefined || !bad.has(n)).length;
    const missed = [...bad].filter((n) => !setAside.has(n)).length;
    const lost = samples.filter(({ n }) => !bad.has(n) && !arrived.has(n)).length;
    const withReason = mine.filter(({ message = "" }) => /type/.test(message)).length;
    rows.push({
      done: `A batch of ${size} with ${count} bad lines`,
      figures: { setAside: setAside.size, wronglyRefused, missed, lost, withServersReason: withReason },
      held: setAside.size === count && wronglyRefused + missed + lost === 0 && withReason === mine.length,
    });
  }
  return rows;
}

/** The same batch through the influx client, as a flow would use it: the answer is one error for all. */
async function stock(stage: Stage): Promise<FaultRow> {
  const influxd: Influxd = await startInfluxd(stage);
  await declareField(influxd.url);
  const { samples, bad } = batch(0, 10, seeded(seedOf(stage)));
  const client = new InfluxDB(`${influxd.url}/twin`);
  const points = samples.map(({ id, ts, n, value }) => ({
    measurement: "twin",
    tags: { id },
    fields: { n, value },
    timestamp: ts,
  }));
  const failed = await client.writePoints(points, { precision: "ms" }).then(
    () => false,
    () => true,
  );
  const refused = failed ? samples.length : 0;
  return {
    done: `A batch of ${size} with 10 bad lines, control: one request for all, through the influx client`,
    figures: { setAside: refused, wronglyRefused: Math.max(0, refused - bad.size) },
    held: refused === bad.size,
    isControl: true,
  };
}

export const faultCase: FaultCase = {
  number: 5,
  title: "Lines that InfluxDB refuses",
  async run(scale, log) {
    return [...(await onStage(log, (stage) => ours(stage, badOf[scale]))), await onStage(log, stock)];
  },
};
