import type { NodeStatus } from "./node-red";

/** The states a node can show. Colours as in Node-RED's own nodes: ring = not (yet) at work, dot = at work. */
export type State =
  | "idle"
  | "connecting"
  | "ok"
  | "busy"
  | "waiting"
  | "refused"
  | "alarm"
  | "failed"
  | "misconfigured";

const looks: Record<State, Omit<NodeStatus, "text">> = {
  idle: { fill: "grey", shape: "ring" },
  connecting: { fill: "yellow", shape: "ring" },
  ok: { fill: "green", shape: "dot" },
  busy: { fill: "blue", shape: "dot" },
  waiting: { fill: "yellow", shape: "dot" },
  refused: { fill: "yellow", shape: "ring" },
  alarm: { fill: "red", shape: "dot" },
  failed: { fill: "red", shape: "ring" },
  misconfigured: { fill: "red", shape: "ring" },
};

export const statusOf = (state: State, text = ""): NodeStatus => ({
  ...looks[state],
  text: text.length > 60 ? `${text.slice(0, 59)}…` : text,
});
