import type { Host } from "../lib/define-node";
import { deliveryOf, newToken } from "../lib/delivery";
import type { Message } from "../lib/node-red";
import type { Told } from "./backlog";

export const pressureLimits = {
  /** Most events that are on their way through the flow behind the node. */
  underWay: 5000,
  /** When nothing at all has come back for that long, some no longer count; each time in a row after twice that time, up to 5 minutes. */
  stalledMs: 15_000,
  /** How many no longer count then. */
  giveUp: 500,
  checkMs: 1000,
};
const maxStalledMs = 5 * 60_000;

/** Sends, and counts what the nodes behind are not done with: wires have no backpressure of their own. See docs/decisions/0002. */
export interface Pressure {
  /** Sends the messages of an event. */
  send(event: Told, messages: Message[]): void;
  /** Whether there is room for that many events more in that share of the whole. */
  hasRoom(events?: number, share?: number): boolean;
  /** The node that received an event which is not done, such as `delay (id)`. */
  where(): string | undefined;
  readonly underWay: number;
}

/**
 * @param onRoom events are done: there may be room again
 * @param onShaken a deploy may have lost that event on its way
 */
export function createPressure(
  host: Host,
  onRoom: () => void,
  onShaken: (event: Told) => void,
  limits = pressureLimits,
): Pressure {
  const delivery = deliveryOf(host.red);
  const open = new Map<number, Told>();
  let doneAt = performance.now();
  let stalledMs = limits.stalledMs;

  const hasRoom = (events = 1, share = 1): boolean => open.size + events <= limits.underWay * share;
  const where = (): string | undefined => {
    const oldest = open.keys().next().value;
    return oldest === undefined ? undefined : delivery.where(oldest);
  };

  function end(token: number): void {
    if (!open.delete(token)) return;
    doneAt = performance.now();
    stalledMs = limits.stalledMs;
    onRoom();
  }

  /** A node that never says that it is done must not silence this one for ever. */
  function check(): void {
    if (hasRoom() || performance.now() - doneAt < stalledMs) return;
    host.warn(host.text("problem.stalled", { seconds: Math.round(stalledMs / 1000), where: where() ?? "?" }));
    for (const token of [...open.keys()].slice(0, limits.giveUp)) {
      delivery.abandon(token);
      open.delete(token);
    }
    doneAt = performance.now();
    stalledMs = Math.min(maxStalledMs, stalledMs * 2);
    onRoom();
  }
  const timer = setInterval(check, limits.checkMs).unref();

  host.onClose(() => {
    clearInterval(timer);
    for (const token of open.keys()) delivery.abandon(token);
    open.clear();
  });

  return {
    hasRoom,
    where,
    get underWay() {
      return open.size;
    },
    send(event, messages) {
      const token = newToken();
      open.set(token, event);
      delivery.open(
        token,
        () => end(token),
        () => {
          end(token);
          onShaken(event);
        },
      );
      for (const msg of messages) {
        msg._twinTokens = [token];
        host.send(msg);
      }
      delivery.sent(token);
    },
  };
}
