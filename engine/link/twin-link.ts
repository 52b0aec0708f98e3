import type { Values } from "../contract/messages";
import { type ClockFilter, delayByMinimum, delayByOffset, newClockFilter, offsetOf } from "./clock-filter";
import type { LinkInstant, LinkOptions, LinkSample } from "./link-options";
import { delayValues, outageValues, sequenceValues, shortened, trafficValues } from "./link-values";
import { heard, newOutageTrack, type OutageTrack, outageFigures } from "./outages";
import { addToSketch, clearSketch, newSketch, type QuantileSketch } from "./quantile-sketch";
import type { RoundTripFigures } from "./round-trip";
import { type Arrival, beginPeriod, followSequence, newSequenceTrack, type SequenceTrack } from "./sequence-track";

/** What is known of the link of one twin: constant memory, about 3 kB. */
export interface TwinLink {
  /** Of the latest sample. */
  connection: string;
  /** Begin of the present period, by the clock that nobody sets, ms. */
  since: number;
  samples: number;
  bytes: number;
  refused: number;
  /** Samples whose time was absurd. */
  untimed: number;
  sequence: SequenceTrack;
  /** Whether the producer numbers its samples. */
  isNumbered: boolean;
  clock: ClockFilter;
  roundTrip?: RoundTripFigures;
  delays: QuantileSketch;
  /** Arrival minus device time of the sample before, and its smoothed change (RFC 3550, section 6.4.1 and A.8), ms. */
  difference: number;
  jitter: number;
  outages: OutageTrack;
  /** What the latest period said. */
  last?: Values;
}

export const newTwinLink = (connection: string, at: number): TwinLink => ({
  connection,
  since: at,
  samples: 0,
  bytes: 0,
  refused: 0,
  untimed: 0,
  sequence: newSequenceTrack(),
  isNumbered: false,
  clock: newClockFilter(),
  delays: newSketch(),
  difference: Number.NaN,
  jitter: Number.NaN,
  outages: newOutageTrack(at),
});

/** What became of a sample: its place in the sequence, and its delay in ms, NaN where it has none. */
export interface Passed {
  arrival: Arrival | undefined;
  delay: number;
}

const passed: Passed = { arrival: undefined, delay: Number.NaN };

/** Takes a sample in. The answer is one object, used again at the next call. */
export function passSample(link: TwinLink, sample: LinkSample, { now, at }: LinkInstant, options: LinkOptions): Passed {
  const { ts, seq } = sample;
  link.samples++;
  link.bytes += sample.bytes;
  heard(link.outages, at, options);
  passed.arrival = undefined;
  passed.delay = Number.NaN;
  if (seq !== undefined) {
    link.isNumbered = true;
    passed.arrival = followSequence(link.sequence, seq, ts, options.seqWrap);
  }
  // What comes again was no slower for it.
  if (!Number.isNaN(ts) && passed.arrival !== "repeated") passed.delay = passTime(link, now - ts, at, options);
  return passed;
}

function passTime(link: TwinLink, difference: number, at: number, options: LinkOptions): number {
  const { clock } = link;
  const { steps } = clock;
  const least = delayByMinimum(clock, difference, at, options.clockWindowMs);
  const known =
    options.clock === "synchronised" ? 0 : options.clock === "round-trip" ? link.roundTrip?.offset : undefined;
  const delay = known === undefined ? least : delayByOffset(difference, known);
  if (Number.isNaN(delay)) {
    link.untimed++;
    return delay;
  }
  addToSketch(link.delays, delay);
  // A clock that was set is no change of the delay.
  if (!Number.isNaN(link.difference) && clock.steps === steps) {
    const change = Math.abs(difference - link.difference);
    link.jitter = Number.isNaN(link.jitter) ? change / 16 : link.jitter + (change - link.jitter) / 16;
  }
  link.difference = difference;
  return delay;
}

/** What the period says; the next begins. */
export function takePeriod(link: TwinLink, at: number, options: LinkOptions): Values {
  const seconds = Math.max(0, at - link.since) / 1000;
  const values: Values = { seconds: shortened(seconds), ...trafficValues(link.samples, link.bytes, seconds) };
  if (link.refused > 0) values.refused = link.refused;
  if (link.isNumbered) Object.assign(values, sequenceValues(link.sequence));
  if (link.delays.count > 0) Object.assign(values, delayValues(link.delays));
  if (!Number.isNaN(link.jitter)) values.jitter = shortened(link.jitter);
  const offset = clockOffset(link, options);
  if (!Number.isNaN(offset)) values["clock.offset"] = shortened(offset);
  if (link.clock.steps > 0) values["clock.steps"] = link.clock.steps;
  if (link.roundTrip) values.roundTrip = shortened(link.roundTrip.delay);
  if (link.untimed > 0) values.untimed = link.untimed;
  Object.assign(values, outageValues(outageFigures(link.outages, at, options)));

  link.since = at;
  link.samples = 0;
  link.bytes = 0;
  link.refused = 0;
  link.untimed = 0;
  link.clock.steps = 0;
  beginPeriod(link.sequence);
  clearSketch(link.delays);
  link.last = values;
  return values;
}

/** The method in use: without a round trip yet, the minimum filter stands in. */
export const methodOf = (link: TwinLink, { clock }: LinkOptions): LinkOptions["clock"] =>
  clock === "round-trip" && !link.roundTrip ? "minimum" : clock;

/** Ms that are taken off arrival minus device time. */
export function clockOffset(link: TwinLink, options: LinkOptions): number {
  if (Number.isNaN(link.difference)) return Number.NaN;
  switch (methodOf(link, options)) {
    case "synchronised":
      return 0;
    case "round-trip":
      return link.roundTrip!.offset;
    default:
      return offsetOf(link.clock);
  }
}
