/** The flows that are compared. */
export type FlowNode = Record<string, unknown>;

/** Counters tell of every so many messages: rounds are multiples of it. */
export const step = 5000;

const tab: FlowNode = { id: "bench", type: "tab", label: "Bench" };

/** Rules of the shipped flow `Twin`: carry forward over gaps, mark outliers, mark what is out of range. */
export const threeRules = [
  { property: "main_comp", missing: "ffill", maxGap: "30s" },
  { property: "ejection", missing: "ffill", maxGap: "30s", outlier: "hampel", window: 60, k: 6, onOutlier: "mark" },
  { property: "SREL", max: 20, onRange: "mark" },
];

/** (a) twin-ingest -> twin-clean -> twin-state -> twin-write, all settings as the form gives them. */
export function twinFlow(port: number, topic: string, deliver: "each" | "batch", more: FlowNode[] = []): FlowNode[] {
  const placed = { z: "bench", x: 0, y: 0 };
  return [
    tab,
    { id: "broker", type: "twin-broker", url: `mqtt://127.0.0.1:${port}`, clientId: topic },
    {
      id: "ingest",
      type: "twin-ingest",
      ...placed,
      source: "mqtt",
      broker: "broker",
      topic: `${topic}/#`,
      qos: "1",
      idFrom: "topic:1",
      tsFrom: "payload:ts",
      deliver,
      wires: [["clean"], []],
    },
    { id: "clean", type: "twin-clean", ...placed, rules: threeRules, wires: [["state"], []] },
    { id: "state", type: "twin-state", ...placed, operation: "report", wires: [["write"], []] },
    { id: "write", type: "twin-write", ...placed, wires: [[], []] },
    ...more.map((node) => ({ ...placed, ...node })),
  ];
}

/** (b) mqtt in (JSON) -> function -> change -> function that only counts. */
export function stockFlow(port: number, topic: string): FlowNode[] {
  const placed = { z: "bench", x: 0, y: 0 };
  return [
    tab,
    {
      id: "broker",
      type: "mqtt-broker",
      broker: "127.0.0.1",
      port: String(port),
      clientid: topic,
      protocolVersion: "4",
      keepalive: "60",
      cleansession: true,
      autoConnect: true,
    },
    {
      id: "in",
      type: "mqtt in",
      ...placed,
      topic: `${topic}/#`,
      qos: "1",
      datatype: "json",
      broker: "broker",
      inputs: 0,
      wires: [["function"]],
    },
    {
      id: "function",
      type: "function",
      ...placed,
      func: "msg.payload.main_comp *= 1000;\nreturn msg;",
      outputs: 1,
      wires: [["change"]],
    },
    {
      id: "change",
      type: "change",
      ...placed,
      rules: [{ t: "set", p: "unit", pt: "msg", to: "N", tot: "str" }],
      wires: [["count"]],
    },
    {
      id: "count",
      type: "function",
      ...placed,
      outputs: 0,
      func: `context.n = (context.n ?? 0) + 1;\nif (context.n % ${step} === 0) global.get("bench").done(context.n);`,
      wires: [],
    },
  ];
}
