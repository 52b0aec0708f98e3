import type { ClockMethod } from "./clock-filter";
import type { OutageOptions } from "./outages";

export interface LinkOptions extends OutageOptions {
  clock: ClockMethod;
  /** Of the minimum filter. */
  clockWindowMs: number;
  /** A producer's counter begins again after so many numbers; 0: it does not. */
  seqWrap: number;
  /** What a connection carries in a second; 0: unknown. */
  capacityBytes: number;
  capacityMessages: number;
  /** Twins measured; those not heard of for longest are forgotten first. @default 10000 */
  maxTwins?: number;
}

/** One sample that came. */
export interface LinkSample {
  id: string;
  /** Device time, ms since 1970-01-01 UTC. NaN where the device tells none. */
  ts: number;
  /** The producer's own number, where it has one. */
  seq: number | undefined;
  /** Its share of the message that brought it. */
  bytes: number;
}

/** When it came. */
export interface LinkInstant {
  /** Ms since 1970-01-01 UTC, as this computer has it. */
  now: number;
  /** Ms by a clock that nobody sets. */
  at: number;
}
