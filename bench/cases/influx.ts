import { Agent, request } from "node:http";
import type { Sample } from "../../engine/contract/messages";
import { openInfluxHistory } from "../../nodes/twin-history/influx";
import { readTwinHistorySettings } from "../../nodes/twin-history/twin-history.settings";
import { createInfluxd } from "../../test/support/influxd";
import type { Scope } from "../lib/processes";
import { sampleOf, twinName } from "../lib/samples";
import { ratioOf, spreadOf } from "../lib/statistics";
import { type BenchCase, perSecond } from "./bench-case";

const twins = 100;
const count = 100_000;
const batchSize = 1000;
/** Samples of one `write`, as twin-ingest gathers them. */
const inOneCall = 500;
const callsAtOnce = 20;
const goal = 0.9;

type Write = (from: number) => Promise<void>;

/** Our history against line protocol that was made ready beforehand: same server, same batch size, round by round. */
export const influx: BenchCase = {
  name: "influx",
  title: `InfluxDB: ${count.toLocaleString("en")} samples of five fields a round, batches of ${batchSize}`,
  async run({ scope, rounds, log }) {
    const influxd = await createInfluxd();
    scope.onEnd(() => influxd.remove());
    await influxd.start();
    const history = ours(influxd.url, scope);
    const raw = await lineProtocol(influxd.url, scope);
    const measured = async (write: Write, from: number): Promise<number> => {
      const ready = sampleRange(from);
      const begun = performance.now();
      await write(from);
      return (ready * 1000) / (performance.now() - begun);
    };
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round <= rounds; round++) {
      const from = round * count;
      lines = [];
      samples = [];
      const our = await measured(history, from);
      const their = await measured(raw, from);
      // The first is the warm-up.
      if (round === 0) continue;
      rates[0].push(our);
      rates[1].push(their);
      log(`round ${round}: twin-history ${Math.round(our)}/s, line protocol ${Math.round(their)}/s`);
    }
    for (const database of ["ours", "raw"]) {
      const { values } = await influxd.query(database, 'SELECT count("main_comp") FROM "twin"');
      if (values[0]?.[1] !== (rounds + 1) * count) throw new Error(`${values[0]?.[1]} samples are in ${database}.`);
    }
    const ratio = ratioOf(...rates);
    return [
      {
        what: "twin-history",
        value: perSecond(spreadOf(rates[0])),
        ratio: `${ratio.toFixed(2)} x line protocol`,
        goal: `>= ${goal} x`,
        met: ratio >= goal,
      },
      { what: "line protocol, ready-made", value: perSecond(spreadOf(rates[1])) },
    ];
  },
};

let samples: Sample[] = [];
let lines: string[] = [];

/** Makes what both write, outside of the time that is measured. */
function sampleRange(from: number): number {
  if (samples.length > 0) return samples.length;
  for (let i = from; i < from + count; i++) {
    const { twin, ts, values } = sampleOf(i, twins);
    samples.push({ id: twinName(twin), ts, values });
    const fields = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    lines.push(`twin,id=${twinName(twin)} ${fields.join(",")} ${ts}`);
  }
  return samples.length;
}

function ours(url: string, scope: Scope): Write {
  const settings = readTwinHistorySettings({ backend: "influx", url, database: "ours", batchSize });
  if (settings.backend !== "influx") throw new Error("These settings are those of an InfluxDB.");
  const spoolBytes = settings.spoolMb * 1024 * 1024;
  const history = openInfluxHistory({ ...settings, spoolBytes, spools: scope.folder("spool") }, console.warn);
  scope.onEnd(() => history.close());
  return async () => {
    const all = samples;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < all.length) {
        const part = all.slice(next, next + inOneCall);
        next += inOneCall;
        const { written } = await history.write(part);
        if (written !== part.length) throw new Error(`Only ${written} of ${part.length} samples were written.`);
      }
    };
    await Promise.all(Array.from({ length: callsAtOnce }, lane));
  };
}

async function lineProtocol(url: string, scope: Scope): Promise<Write> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  scope.onEnd(() => agent.destroy());
  const post = (path: string, body: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const asked = request(`${url}${path}`, { method: "POST", agent }, (response) => {
        response.resume().on("end", () => {
          if ((response.statusCode as number) < 300) resolve();
          else reject(new Error(`InfluxDB answered ${response.statusCode}.`));
        });
      });
      asked.on("error", reject).end(body);
    });
  await post(`/query?q=${encodeURIComponent('CREATE DATABASE "raw"')}`, "");
  return async () => {
    const all = lines;
    for (let i = 0; i < all.length; i += batchSize)
      await post("/write?db=raw&precision=ms", all.slice(i, i + batchSize).join("\n"));
  };
}
