import { quote, type RefusalInfo, refuse } from "../contract/errors";
import { longestDelayMs } from "./clock-filter";

/** A question to a device and its answer, each time in ms since 1970-01-01 UTC. */
export interface RoundTrip {
  /** Asked, by the receiver's clock. */
  sent: number;
  /** The question came, and the answer went, by the device's clock. */
  received: number;
  answered: number;
  /** The answer came, by the receiver's clock. */
  returned: number;
}

/** What a round trip says: the clock offset that is taken off one-way times (arrival minus device time), and the delay there and back, ms. */
export interface RoundTripFigures {
  offset: number;
  delay: number;
}

/**
 * Offset and delay as NTP has them (RFC 5905, section 8, theta with the other sign and delta); right to half of the delay, where the ways there and back
 * differ. What cannot be is refused.
 */
export function roundTripOf(given: Record<string, unknown>): RoundTripFigures | { error: RefusalInfo } {
  const times = ["sent", "received", "answered", "returned"].map((name) => [name, given[name]] as const);
  for (const [name, time] of times)
    if (typeof time !== "number" || !Number.isFinite(time))
      return {
        error: refuse(
          "bad-time",
          `roundTrip.${name} is ${quote(time)}.`,
          "Send sent, received, answered and returned as ms since 1970-01-01 UTC.",
          { property: name },
        ),
      };
  const [sent, received, answered, returned] = times.map(([, time]) => time as number) as [
    number,
    number,
    number,
    number,
  ];
  const delay = returned - sent - (answered - received);
  const offset = (sent - received + (returned - answered)) / 2;
  if (answered < received || returned < sent || delay < 0 || delay > longestDelayMs || !Number.isFinite(offset))
    return {
      error: refuse(
        "bad-time",
        `The round trip of ${returned - sent} ms, of which the device took ${answered - received} ms, cannot be.`,
        "sent and returned are of the one clock, received and answered of the other; each pair in this order.",
      ),
    };
  return { offset, delay };
}
