import type { Message } from "../lib/node-red";
import type { ModelChange, ModelEvent } from "../twin-store/store";

const kinds: Record<ModelEvent["action"], string> = {
  promote: "promoted",
  rollback: "rolled-back",
  approve: "approved",
  retire: "retired",
  import: "imported",
  delete: "deleted",
  drift: "drift",
};

/** The message of a `model` event: what was done to a version, or what it began or ceased to do. */
export function modelMessage({ name, version, event }: ModelChange): Message {
  const told = { model: name, version, kind: event ? kinds[event.action] : "trained" };
  if (!event) return { topic: name, event: "model", payload: told };
  const { action, before, drift, ...rest } = event;
  const moved = drift
    ? { before: drift.state === "drifting" ? "stable" : "drifting", after: drift.state, drift }
    : event.alias !== undefined && { before, after: version };
  return { topic: name, event: "model", payload: { ...told, ...rest, ...moved } };
}
