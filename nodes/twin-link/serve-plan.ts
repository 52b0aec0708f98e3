import type { Values } from "../../engine/contract/messages";
import type { LinkFigures } from "../../engine/link/link-meter";
import { planLink } from "../../engine/link/plan-link";
import { serveAdminPost } from "../lib/admin-post";
import type { Host } from "../lib/define-node";
import type { NodeRed } from "../lib/node-red";
import type { Measuring } from "./measuring";
import { readPlan } from "./read-plan";

/** The nodes that run, by the ids that the editor knows. */
const running = new Map<string, Measuring>();

export function keepForForm(host: Host, measuring: Measuring): void {
  const id = host.node._alias ?? host.id;
  running.set(id, measuring);
  host.onClose(() => {
    if (running.get(id) === measuring) running.delete(id);
  });
}

/** One connection, as it was measured in the latest period. */
interface Measured {
  name: string;
  values: Values;
}

/**
 * `POST <admin>/meditwin/twin-link/plan` for the form: `{ node, devices, rate, bytes, capacityBytes, capacityMessages, target, queue }` is
 * answered with `{ plan, measured }`, the latter of the connections that the node measures, the busiest first.
 */
export function servePlan(red: NodeRed): void {
  serveAdminPost(red, "twin-link/plan", "flows.read", ({ node, ...given }) => ({
    plan: planLink(readPlan(given)),
    measured: measuredBy(running.get(String(node))),
  }));
}

function measuredBy(measuring: Measuring | undefined): Measured[] {
  if (!measuring) return [];
  const { meter, nameOf } = measuring;
  return meter
    .connectionIds()
    .map((id) => meter.latestOfConnection(id))
    .filter((figures): figures is LinkFigures => figures !== undefined)
    .sort((a, b) => Number(b.values.messages) - Number(a.values.messages))
    .slice(0, 20)
    .map(({ id, values }) => ({ name: nameOf(id), values }));
}
