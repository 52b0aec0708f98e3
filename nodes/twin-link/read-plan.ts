import type { LinkPlan } from "../../engine/link/plan-link";
import { readerOf, SettingError } from "../lib/settings";

/** One byte, or one message, in about a quarter of an hour. */
const leastCapacity = 1e-3;

/** What is asked of the planning: absent settings mean 10 devices, a message of 200 bytes a second each, and 100 ms. Throws `SettingError`. */
export function readPlan(given: Record<string, unknown>): LinkPlan {
  const read = readerOf(given);
  const plan: LinkPlan = {
    queue: read.choice("queue", ["M/D/1", "M/M/1"], "M/D/1"),
    devices: read.number("devices", 10, { integer: true, min: 1, max: 1e9 }),
    rate: read.number("rate", 1, { min: 1e-6, max: 1e6 }),
    bytes: read.number("bytes", 200, { min: 1, max: 1e9 }),
    capacityBytes: read.number("capacityBytes", 0, { min: 0, max: 1e12 }),
    capacityMessages: read.number("capacityMessages", 0, { min: 0, max: 1e9 }),
    targetMs: read.number("target", 100, { min: 1e-3, max: 1e9 }),
  };
  for (const name of ["capacityBytes", "capacityMessages"] as const)
    if (plan[name] > 0 && plan[name] < leastCapacity)
      throw new SettingError(
        name,
        plan[name],
        `give ${leastCapacity} a second or more; 0 means no limit of that kind.`,
      );
  if (plan.capacityBytes === 0 && plan.capacityMessages === 0)
    throw new SettingError(
      "capacityBytes",
      0,
      "say what the link carries: capacityBytes or capacityMessages, a second.",
    );
  return plan;
}
