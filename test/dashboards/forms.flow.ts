import { nodeNames } from "../house/node-folder";

type Settings = Record<string, unknown>;

const model = {
  model: "tablet-press",
  version: 2,
  properties: [
    {
      name: "force",
      type: "number",
      unit: "kN",
      min: 0,
      max: 50,
      gain: 2,
      offset: -1,
      label: "主压力",
    },
    { name: "area", type: "number", min: 0, max: 3 },
    { name: "pressure", type: "number", unit: "MPa", label: "压强", expression: "force / area" },
  ],
  migrations: [{ to: 2, rename: { kraft: "force" }, scale: { force: { gain: 0.001, offset: -5 } }, remove: ["old"] }],
};

/** Forms look different by what they are set to. Every type of the package is opened as it comes, too. */
const variants: Record<string, Settings[]> = {
  "twin-broker": [{ url: "mqtts://broker.local:8883", protocolVersion: "5" }],
  "twin-command": [
    { broker: "twin-broker.plain", interlock: "guard_open == false", role: "engineer", requireReason: true },
  ],
  "twin-history": [{ backend: "influx", url: "http://127.0.0.1:8086" }],
  "twin-ingest": [
    { source: "mqtt", topic: "+/readings", inputs: 0, deliver: "batch" },
    { source: "http", path: "/api/readings", inputs: 0, idFrom: "payload:device.id" },
    { source: "mqtt", topic: "+/status", format: "presence", inputs: 0 },
  ],
  "twin-link": [{ clock: "synchronised", capacityBytes: "10000", scope: ["twin-ingest.plain"] }],
  "twin-model": [model],
  "twin-query": [{ aggregate: "mean", window: "1m", fill: "5", properties: ["tbl_speed"], twin: "press-6" }],
  "twin-state": ["desire", "get", "list", "at", "delete"].map((operation) => ({ operation })),
  "twin-store": [{ backend: "nats" }],
  "twin-train": [
    { algorithm: "forest-classifier", features: ["a"], split: "group", groupColumn: "batch" },
    { algorithm: "ridge", split: "column", splitColumn: "part" },
    {
      algorithm: "robust-polynomial",
      split: "time",
      search: "random",
      tune: [
        { setting: "algorithm", values: ["ridge", "forest-regressor"] },
        { setting: "alpha", min: 0.01, max: 100, log: true },
        { setting: "maxDepth", values: [4, 8, 0] },
      ],
    },
  ],
  "twin-watch": [{ events: ["change", "delta", "status", "ack"], replay: true }],
};

/** Settings that are all wrong: the form says so of each. */
const wrong: Record<string, Settings[]> = {
  "twin-broker": [{ url: "with spaces", port: "70000", sessionExpiry: "-1" }],
  "twin-command": [{ topic: "a/#", interlock: "x".repeat(2001), timeout: "0", retries: "-1" }],
  "twin-history": [{ url: "nowhere", batchSize: "0", flushMs: "-1", spoolMb: "0" }],
  "twin-ingest": [
    { source: "mqtt", topic: "a/#/b", idFrom: "nothing", deliver: "batch", batchMax: "0", batchMs: "x" },
    { source: "http", path: "" },
  ],
  "twin-link": [
    {
      twin: "a b",
      every: "0",
      outageAfter: "x",
      window: "soon",
      clockWindow: "x",
      capacityBytes: "-1",
      capacityMessages: "x",
    },
  ],
  "twin-model": [{ model: "", version: 1.5, staleAfter: -1, properties: [{ name: "" }] }],
  "twin-predict": [{ modelName: "", interval: 2, driftWindow: 5, driftLimit: 0, driftCalm: 0, driftError: 1 }],
  "twin-query": [{ twin: "a b", start: "soon", end: "later", window: "x", fill: "x", limit: "-1" }],
  "twin-state": [
    { operation: "report", maxSkew: "x" },
    { operation: "desire", retryAfter: "0", retryMax: "1", timeout: "-1" },
  ],
  "twin-store": [{ keepDays: "-1", keepMb: "x" }],
  "twin-train": [
    {
      ...{ testSize: 2, seed: -1, folds: 1.5, gate: "f9>1", timeout: -1, split: "group", candidates: 0 },
      tune: [{ setting: "trees", values: [1] }],
    },
  ],
  "twin-watch": [{ twin: "press 6", events: [] }],
};

/** Settings that are wrong for another choice than the one made: nothing is said of them. */
const unused: Record<string, Settings[]> = {
  "twin-predict": [{ modelName: "ejection", drift: false, driftWindow: 5, driftLimit: 0 }],
  "twin-state": [{ operation: "get", maxSkew: "x", retryAfter: "0" }],
  "twin-ingest": [{ topic: "#/#", path: "", batchMax: "0", batchMs: "x" }],
  "twin-train": [{ algorithm: "linear", trees: 0, minLeaf: 0 }],
};

/** What a form asks for, whatever else it holds. */
const required: Record<string, Settings> = {
  "twin-model": { model: "press" },
  "twin-predict": { modelName: "ejection" },
};

/** Configuration nodes have no tab and no place on it. */
const isConfig = (type: string): boolean => /^twin-(broker|model|store|history)$/.test(type);

/** A flow with each of them; ids begin with the type and tell what is expected. */
export function formsFlow(root: string): Settings[] {
  const nodes = (kind: string, all: Record<string, Settings[]>): Settings[] =>
    Object.entries(all).flatMap(([type, list]) =>
      list.map((settings, index) => nodeOf(`${type}.${kind}${index}`, type, settings)),
    );
  return [
    { id: "tab", type: "tab", label: "Forms" },
    ...nodeNames(root).map((type) => nodeOf(`${type}.plain`, type, required[type] ?? {})),
    ...nodes("variant", variants),
    ...nodes("wrong", wrong),
    ...nodes("unused", unused),
  ];
}

const nodeOf = (id: string, type: string, settings: Settings): Settings => ({
  id,
  type,
  ...(isConfig(type) ? {} : { z: "tab", x: 300, y: 100, wires: [] }),
  ...settings,
});

/** How many settings of that node are wrong. */
export const wrongSettings = (id: string): number => {
  const [, type = "", index = ""] = /^(.+)\.wrong(\d+)$/.exec(id) ?? [];
  const settings = wrong[type]?.[Number(index)] ?? {};
  return Object.keys(settings).filter((key) => !["source", "operation", "deliver"].includes(key)).length;
};
