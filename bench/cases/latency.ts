import type { ChildProcess } from "node:child_process";
import type { FlowNode } from "../lib/flows";
import { type Broker, endChild, heard, pause, type Scope, startMosquitto } from "../lib/processes";
import { startPublisher } from "../lib/rounds";
import { twinSide } from "../lib/sides";
import { quantile } from "../lib/statistics";
import type { BenchCase } from "./bench-case";

const twins = 100;
const rate = 1000;
const warmUp = 5 * rate;
const goalMs = 15;

const watch = { id: "watch", type: "twin-watch", events: ["change"], wires: [["seen"]] };
const seen = {
  id: "seen",
  type: "function",
  outputs: 0,
  func: '(context.bench ??= global.get("bench")).arrived(msg.payload.reported.sent);',
  wires: [],
};

const watching = [watch, seen];

/**
 * From the write to the publisher's socket to the node behind twin-watch, everything on this machine: ms of each sample, in
 * rising order.
 *
 * @param more nodes that are at work in the same Node-RED
 */
export async function latencies(
  { scope, broker, publisher }: { scope: Scope; broker: Broker; publisher: ChildProcess },
  topic: string,
  { seconds = 15, more = [] }: { seconds?: number; more?: FlowNode[] } = {},
): Promise<number[]> {
  const side = await twinSide({ broker, topic, deliver: "each", twins, scope, more: [...watching, ...more] });

  async function run(from: number, samples: number): Promise<number[]> {
    const paced = heard<{ kind: string }>(publisher, ({ kind }) => kind === "paced");
    publisher.send({ kind: "pace", topic: side.topic, from, count: samples, twins, perSecond: rate });
    await paced;
    await side.through(from + samples);
    await pause(300);
    await side.check(from + samples);
    const told = heard<{ kind: string; times: number[] }>(side.child, ({ kind }) => kind === "times");
    side.child.send({ kind: "times" });
    const { times } = await told;
    if (times.length !== samples) throw new Error(`${times.length} events for ${samples} samples.`);
    return times.sort((a, b) => a - b);
  }

  await run(0, warmUp);
  const times = await run(warmUp, seconds * rate);
  await endChild(side.child);
  return times;
}

export const latency: BenchCase = {
  name: "latency",
  title: `Publish to state-change event, ${rate.toLocaleString("en")} samples a second, deliver \`each\``,
  async run({ scope, log }) {
    const broker = await startMosquitto(scope);
    const publisher = await startPublisher(broker.port, scope);
    const times = await latencies({ scope, broker, publisher }, "latency");
    const at = (q: number): string => `${quantile(times, q).toFixed(2)} ms`;
    const p99 = quantile(times, 0.99);
    log(`min ${at(0)}, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, max ${at(1)}`);
    return [
      { what: "p50", value: at(0.5) },
      { what: "p99", value: at(0.99), goal: `< ${goalMs} ms`, met: p99 < goalMs },
      { what: "longest", value: at(1) },
    ];
  },
};
