/**
 * How many devices fit a link, and with which delay: the link is one server, messages come at random (Poisson) and wait their turn.
 *
 * - `M/D/1`: every message takes the same time, as messages of one size do. Mean time in the system s + ρ s / (2 (1 - ρ)):
 *   Pollaczek and Khinchine (D. Gross, J. F. Shortle, J. M. Thompson, C. M. Harris, "Fundamentals of Queueing Theory", 4th ed., 5.1.1).
 * - `M/M/1`: sizes vary much (exponential). Mean time s / (1 - ρ), and the time is exponential itself (ibid., 2.2.4).
 *
 * s is the time of one message, ρ the load.
 */
export type QueueModel = "M/D/1" | "M/M/1";

export interface LinkPlan {
  queue: QueueModel;
  devices: number;
  /** Messages of one device in a second. */
  rate: number;
  /** Bytes of one message, with what the protocol adds. */
  bytes: number;
  /** What the link carries in a second; 0: no limit of that kind. One of the two is needed. */
  capacityBytes: number;
  capacityMessages: number;
  /** Longest mean delay that is accepted, ms. */
  targetMs: number;
}

export interface LinkPlanFigures {
  queue: QueueModel;
  /** Time that the link takes for one message, ms. */
  serviceMs: number;
  messagesPerSecond: number;
  bytesPerSecond: number;
  /** Share of the capacity that is used. From 1 on the queue grows for ever. */
  load: number;
  /** Mean waiting time, and mean time until a message is through; absent where the load is 1 or more. */
  waitingMs?: number;
  delayMs?: number;
  /** 95 of 100 messages are through by then; M/M/1 only. */
  delayP95Ms?: number;
  /** Most devices with a load below 1. */
  mostDevices: number;
  /** Most devices with which the mean delay stays within the target. */
  devicesWithinTarget: number;
}

export function planLink(plan: LinkPlan): LinkPlanFigures {
  const { queue, devices, rate, bytes, capacityBytes, capacityMessages, targetMs } = plan;
  const serviceMs = Math.max(
    capacityBytes > 0 ? (1000 * bytes) / capacityBytes : 0,
    capacityMessages > 0 ? 1000 / capacityMessages : 0,
  );
  const messagesPerSecond = devices * rate;
  const load = (messagesPerSecond * serviceMs) / 1000;
  const perDevice = (rate * serviceMs) / 1000;
  const figures: LinkPlanFigures = {
    queue,
    serviceMs,
    messagesPerSecond,
    bytesPerSecond: messagesPerSecond * bytes,
    load,
    // At a load of exactly 1 the queue grows already.
    mostDevices: Math.max(0, Math.ceil(1 / perDevice - 1e-9) - 1),
    devicesWithinTarget: Math.floor(loadFor(targetMs / serviceMs, queue) / perDevice + 1e-9),
  };
  if (load < 1) {
    figures.waitingMs = serviceMs * waitingOf(load, queue);
    figures.delayMs = serviceMs + figures.waitingMs;
    if (queue === "M/M/1") figures.delayP95Ms = -Math.log(0.05) * figures.delayMs;
  }
  return figures;
}

/** Mean waiting time, in service times. */
const waitingOf = (load: number, queue: QueueModel): number => (queue === "M/M/1" ? load : load / 2) / (1 - load);

/** The load at which the mean delay is that many service times. */
function loadFor(times: number, queue: QueueModel): number {
  if (times <= 1) return 0;
  const waiting = (queue === "M/M/1" ? 1 : 2) * (times - 1);
  return waiting / (1 + waiting);
}
