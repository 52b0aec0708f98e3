import type { ErrorCode } from "../contract/errors";
import type { Values } from "../contract/messages";
import type { LinkOptions } from "./link-options";
import { delayValues, deliveryValues, type SequenceCounts, shortened, trafficValues } from "./link-values";
import { addToSketch, clearSketch, newSketch, type QuantileSketch } from "./quantile-sketch";
import type { Passed, TwinLink } from "./twin-link";

/** What is known of one connection: all twins that come through it. */
export interface ConnectionLink extends SequenceCounts {
  since: number;
  /** When the latest message came. */
  latest: number;
  messages: number;
  samples: number;
  bytes: number;
  refused: Map<ErrorCode, number>;
  isNumbered: boolean;
  delays: QuantileSketch;
  last?: Values;
}

export const newConnectionLink = (at: number): ConnectionLink => ({
  since: at,
  latest: at,
  messages: 0,
  samples: 0,
  bytes: 0,
  refused: new Map(),
  isNumbered: false,
  delays: newSketch(),
  expected: 0,
  received: 0,
  repeated: 0,
  reordered: 0,
});

/** Counts a sample of a twin, whose sequence expected and received so much before it. */
export function passThrough(
  link: ConnectionLink,
  { arrival, delay }: Passed,
  { sequence }: TwinLink,
  expectedBefore: number,
  receivedBefore: number,
): void {
  link.samples++;
  if (!Number.isNaN(delay)) addToSketch(link.delays, delay);
  if (arrival === undefined) return;
  link.isNumbered = true;
  link.expected += sequence.expected - expectedBefore;
  link.received += sequence.received - receivedBefore;
  if (arrival === "repeated") link.repeated++;
  else if (arrival === "late") link.reordered++;
}

/** What the period says; the next begins. `utilisation` is missing where no capacity is known. */
export function takeConnectionPeriod(
  link: ConnectionLink,
  at: number,
  { capacityBytes, capacityMessages }: LinkOptions,
  twins: { known: number; out: number },
): Values {
  const seconds = Math.max(0, at - link.since) / 1000;
  const traffic = trafficValues(link.samples, link.bytes, seconds);
  const messagesPerSecond = seconds > 0 ? shortened(link.messages / seconds) : 0;
  const values: Values = {
    seconds: shortened(seconds),
    messages: link.messages,
    ...traffic,
    messagesPerSecond,
    twins: twins.known,
    out: twins.out,
  };
  if (capacityBytes > 0 || capacityMessages > 0)
    values.utilisation = shortened(
      Math.max(
        capacityBytes > 0 ? Number(traffic.bytesPerSecond) / capacityBytes : 0,
        capacityMessages > 0 ? messagesPerSecond / capacityMessages : 0,
      ),
    );
  if (link.isNumbered) Object.assign(values, deliveryValues(link));
  if (link.delays.count > 0) Object.assign(values, delayValues(link.delays));
  let refused = 0;
  for (const [code, count] of link.refused) {
    values[`refused.${code}`] = count;
    refused += count;
  }
  values.refused = refused;

  link.since = at;
  link.messages = 0;
  link.samples = 0;
  link.bytes = 0;
  link.expected = 0;
  link.received = 0;
  link.repeated = 0;
  link.reordered = 0;
  link.refused.clear();
  clearSketch(link.delays);
  link.last = values;
  return values;
}
