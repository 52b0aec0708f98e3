import { isTwinId } from "../../engine/contract/identity";
import { matchesPattern } from "../../engine/contract/matches-pattern";
import type { Sample } from "../../engine/contract/messages";
import {
  connectionIdOf,
  createLinkMeter,
  type LinkFigures,
  type LinkMeter,
  linkIdOf,
} from "../../engine/link/link-meter";
import { worstFirst } from "../../engine/link/worst-first";
import { type ArrivalSource, type ArrivedMessage, watchArrivals } from "../lib/arrivals";
import type { Host } from "../lib/define-node";
import { withBatch } from "../lib/messages";
import { acquire } from "../lib/shared";
import { linkMetrics } from "./link-metrics";
import type { TwinLinkSettings } from "./twin-link.settings";

/** Samples of one message, and twins looked at in one turn of the event loop. */
const perTurn = 500;

export interface Measuring {
  meter: LinkMeter;
  /** Name of a connection, or its id where it has none. */
  nameOf(connection: string): string;
}

/** Measures until the node closes, and sends what each period said by output 1. What was counted outlives a deploy. */
export function measure(host: Host, { scope, twin, every, options }: TwinLinkSettings): Measuring {
  const key = `link:${host.home}:${host.id}:${JSON.stringify(options)}`;
  const { value, release } = acquire(key, () => ({
    value: { meter: createLinkMeter(options), names: new Map<string, string>() },
    dispose: () => undefined,
  }));
  host.onClose(release);
  const { meter, names } = value;
  const wanted = new Set(scope);
  const isWanted = ({ id, template }: ArrivalSource): boolean =>
    wanted.size === 0 || wanted.has(id) || (template !== undefined && wanted.has(template));

  host.onClose(
    watchArrivals((message) => {
      if (!isWanted(message.source)) return;
      names.set(message.source.id, message.source.name);
      countArrival(meter, message, twin);
    }),
  );

  let underWay = false;
  let closed = false;
  async function tell(): Promise<void> {
    if (underWay) return;
    underWay = true;
    let worst: LinkFigures | undefined;
    let out = 0;
    const tellOf = (
      ids: readonly string[],
      take: (id: string, at: number) => LinkFigures | undefined,
      idOf: (id: string) => string,
    ): void => {
      const [ts, at] = [Date.now(), performance.now()];
      const samples: Sample[] = [];
      for (const id of ids) {
        const figures = take(id, at);
        if (!figures) continue;
        if (figures.connection !== undefined) {
          if (!worst || worstFirst(figures, worst) < 0) worst = figures;
          out += Number(figures.values.out);
        }
        // A very long id leaves no room for what it is of.
        if (isTwinId(idOf(id))) samples.push({ id: idOf(id), ts, values: figures.values });
      }
      if (samples.length > 0) host.send([withBatch({}, samples), null, null]);
    };
    try {
      const ids = meter.ids();
      for (let from = 0; from < ids.length && !closed; from += perTurn) {
        tellOf(ids.slice(from, from + perTurn), meter.take, linkIdOf);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (!closed) {
        tellOf(meter.connectionIds(), meter.takeConnection, connectionIdOf);
        show(host, meter.twins, out, worst);
      }
    } finally {
      underWay = false;
    }
  }
  const timer = setInterval(() => void tell().catch(host.fail), every * 1000).unref();
  host.onClose(() => {
    closed = true;
    clearInterval(timer);
  });

  host.metrics(() => linkMetrics(meter.connectionIds().flatMap((id) => meter.latestOfConnection(id) ?? [])));
  host.show("idle", host.text("status.waiting"));
  return { meter, nameOf: (connection) => names.get(connection) || connection };
}

/** Counts what one message brought. */
export function countArrival(
  meter: LinkMeter,
  { source: { id: connection }, reading, bytes, now, isTimed }: ArrivedMessage,
  twin: string,
): void {
  const instant = { now, at: performance.now() };
  meter.message(connection, bytes, instant.at);
  if (reading.kind === "refused") {
    meter.refused(connection, reading.error.code, reading.error.twin, instant.at);
    return;
  }
  const samples = reading.kind === "sample" ? [reading.sample] : reading.samples;
  const share = reading.kind === "sample" ? bytes : bytes / (samples.length + reading.errors.length);
  for (const sample of samples) {
    const { id, ts, seq, retained, historical, status } = sample;
    // A last will or a death is the broker's word, not the device's.
    if (retained || status === "offline" || (twin !== "*" && !matchesPattern(id, twin))) continue;
    // What a device kept for later was late on purpose.
    const hasTime = isTimed && !historical;
    meter.sample(connection, { id, ts: hasTime ? ts : Number.NaN, seq, bytes: share }, instant);
  }
  if (reading.kind === "batch")
    for (const { code, twin: owner } of reading.errors) meter.refused(connection, code, owner, instant.at);
}

function show(host: Host, links: number, out: number, worst: LinkFigures | undefined): void {
  if (!worst) {
    host.show("idle", host.text("status.waiting"));
    return;
  }
  const { id, values } = worst;
  const parts = [host.text("status.links", { count: links.toLocaleString("en") })];
  if (out > 0) parts.push(host.text("status.out", { count: out.toLocaleString("en"), id }));
  else if (Number(values.delivery ?? 1) < 1)
    parts.push(host.text("status.lossy", { id, percent: (100 * Number(values.delivery)).toFixed(1) }));
  else if (values["latency.p95"] !== undefined)
    parts.push(host.text("status.slow", { id, ms: Math.round(Number(values["latency.p95"])) }));
  host.show(out > 0 ? "alarm" : "ok", parts.join(", "));
}
