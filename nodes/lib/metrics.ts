import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Registry } from "prom-client";
import type { NodeRed } from "./node-red";

/** One number, read when somebody asks. Labels come from a bounded set: never a twin, a topic or a text of a user. */
export interface Metric {
  /** Without the prefix `meditwin_`; in base units, with the unit at its end (`_seconds`, `_bytes`); counters end in `_total`. */
  name: string;
  help: string;
  /** @default "gauge" */
  kind?: "gauge" | "counter";
  value: number;
  labels?: Record<string, string>;
}

/** Whose metrics these are: labels of each. */
export interface MetricOwner {
  /** Id of the node; "default" for the instance that the process holds. */
  node: string;
  name: string;
}

const resolutionMs = 10;
const sources = new Set<() => Metric[]>();
const served = new WeakSet<object>();
let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

/** Adds what `read` gives at each request, with the owner's labels. Returns the way to stop. */
export function addMetrics(owner: MetricOwner, read: () => Metric[]): () => void {
  const source = (): Metric[] => read().map((one) => ({ ...one, labels: { ...owner, ...one.labels } }));
  sources.add(source);
  return () => void sources.delete(source);
}

/** One series for each state that there is, 1 for the present one: what Prometheus calls a state set. */
export function stateSet<S extends string>(name: string, help: string, states: readonly S[], present: S): Metric[] {
  return states.map((state) => ({ name, help, value: state === present ? 1 : 0, labels: { state } }));
}

/** Serves `GET <admin>/meditwin/metrics`, once for each runtime, to whoever may read flows. */
export function serveMetrics(red: NodeRed): void {
  if (served.has(red.httpAdmin)) return;
  served.add(red.httpAdmin);
  delay ??= monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  red.httpAdmin.get(
    "/meditwin/metrics",
    red.auth.needsPermission("flows.read"),
    (_req: unknown, res: Answer, next: (error: unknown) => void) => {
      answer()
        .then((text) => {
          res.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
          res.send(text);
        })
        .catch(next);
    },
  );
}

/** Numbers of Node.js itself (`nodejs_`, `process_`). They are collected from the first request on. */
let ofNode: Registry | undefined;

async function answer(): Promise<string> {
  const { collectDefaultMetrics, Registry } = await import("prom-client");
  if (!ofNode) {
    ofNode = new Registry();
    collectDefaultMetrics({ register: ofNode });
  }
  return (await textOf([...[...sources].flatMap(readable), ...ofProcess()])) + (await ofNode.metrics());
}

interface Answer {
  set(name: string, value: string): void;
  send(text: string): void;
}

/** One source that fails is no reason to hide the others. */
function readable(source: () => Metric[]): Metric[] {
  try {
    return source();
  } catch {
    return [];
  }
}

function ofProcess(): Metric[] {
  const loop = "event_loop_delay_seconds";
  const help = "How late timers ran since the last request.";
  // What is measured is the time from one timer to the next, which is `resolutionMs` at best.
  const seconds = (ns = 0): number => (delay && delay.count > 0 ? Math.max(0, ns / 1e9 - resolutionMs / 1000) : 0);
  const metrics: Metric[] = [
    { name: loop, help, value: seconds(delay?.percentile(50)), labels: { quantile: "0.5" } },
    { name: loop, help, value: seconds(delay?.percentile(99)), labels: { quantile: "0.99" } },
    { name: loop, help, value: seconds(delay?.max), labels: { quantile: "1" } },
    { name: "memory_resident_bytes", help: "Memory of this process.", value: process.memoryUsage.rss() },
  ];
  delay?.reset();
  return metrics;
}

/** The text format 0.0.4 of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export async function textOf(metrics: readonly Metric[]): Promise<string> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const register = new Registry();
  const families = new Map<string, Metric[]>();
  for (const metric of metrics) families.set(metric.name, [...(families.get(metric.name) ?? []), metric]);
  for (const [name, family] of families) {
    const labelNames = [...new Set(family.flatMap(({ labels = {} }) => Object.keys(labels)))];
    const settings = { name: `meditwin_${name}`, help: family[0]!.help, labelNames, registers: [register] };
    if (family[0]!.kind === "counter") {
      const counter = new Counter(settings);
      for (const { labels = {}, value } of family) counter.inc(labels, value);
    } else {
      const gauge = new Gauge(settings);
      for (const { labels = {}, value } of family) gauge.set(labels, value);
    }
  }
  return register.metrics();
}
