import type { Values } from "../contract/messages";
import type { OutageFigures } from "./outages";
import { type QuantileSketch, quantileOf } from "./quantile-sketch";
import { lostOf, type SequenceTrack, settleGap } from "./sequence-track";

/** Figures in words that a history keeps: see docs/links.md. All are finite. */

/** Four significant digits and three decimals are more than these figures know; counts stay as they are. */
export const shortened = (value: number): number => (Number.isInteger(value) ? value : Math.round(value * 1000) / 1000);

const share = (value: number): number => Math.round(value * 1e6) / 1e6;

export const trafficValues = (samples: number, bytes: number, seconds: number): Values => ({
  samples,
  bytes: Math.round(bytes),
  samplesPerSecond: seconds > 0 ? shortened(samples / seconds) : 0,
  bytesPerSecond: seconds > 0 ? shortened(bytes / seconds) : 0,
});

export interface SequenceCounts {
  expected: number;
  received: number;
  repeated: number;
  reordered: number;
}

/** `delivery` is missing where nothing was expected. */
export function deliveryValues(counts: SequenceCounts): Values {
  const { expected, received, repeated, reordered } = counts;
  const values: Values = { expected, received, lost: Math.max(0, expected - received), repeated, reordered };
  if (expected > 0) values.delivery = share(Math.min(1, received / expected));
  return values;
}

export function sequenceValues(track: SequenceTrack): Values {
  settleGap(track);
  const values = deliveryValues(track);
  // A late sample can close a gap of the period before.
  values.bursts = lostOf(track) > 0 ? Math.max(1, track.bursts) : 0;
  values.longestBurst = lostOf(track) > 0 ? track.longestBurst : 0;
  if (track.restarts > 0) values.restarts = track.restarts;
  return values;
}

/** @param delays not empty */
export const delayValues = (delays: QuantileSketch): Values => ({
  "latency.p50": shortened(quantileOf(delays, 0.5)),
  "latency.p95": shortened(quantileOf(delays, 0.95)),
  "latency.p99": shortened(quantileOf(delays, 0.99)),
  "latency.max": shortened(delays.max),
});

export function outageValues({ isOut, silentMs, availability, outages, betweenMs, meanOutMs }: OutageFigures): Values {
  const values: Values = {
    out: isOut ? 1 : 0,
    silent: shortened(silentMs / 1000),
    availability: share(availability),
    outages,
  };
  if (betweenMs !== undefined) values.betweenOutages = shortened(betweenMs / 1000);
  if (meanOutMs !== undefined) values.outageLength = shortened(meanOutMs / 1000);
  return values;
}
