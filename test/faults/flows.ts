/** The flows under test, and the stock flows that stand against them. */
export interface FlowNode {
  id: string;
  type: string;
  [field: string]: unknown;
}

/** How long the function on the detour holds each message, ms: what is in there when the process dies is lost, or not. */
export const detourMs = 50;

const tab = (id: string): FlowNode => ({ id, type: "tab", label: id });
const on = (z: string, nodes: FlowNode[]): FlowNode[] =>
  nodes.map((node, index) => ({ z, x: 100 + 20 * index, y: 100, wires: [], ...node }));

const slow = (id: string, next: string): FlowNode => ({
  id,
  type: "function",
  outputs: 1,
  func: `setTimeout(() => { node.send(msg); node.done(); }, ${detourMs});`,
  wires: [[next]],
});

const bottleneck = (id: string, perS: number, next: string): FlowNode => ({
  id,
  type: "delay",
  pauseType: "rate",
  timeout: "5",
  timeoutUnits: "seconds",
  rate: String(perS),
  nbRateUnits: "1",
  rateUnits: "second",
  drop: false,
  allowrate: false,
  outputs: 1,
  wires: [[next]],
});

/** Notes who was refused, why: one line for each sample. */
const refusedRecorder: FlowNode = {
  id: "refused",
  type: "function",
  outputs: 0,
  func: `const rows = Array.isArray(msg.payload) ? msg.payload : [msg.payload];
const errors = msg.errors || rows.map(() => msg.error);
const readable = (row) => { try { return typeof row === "string" || Buffer.isBuffer(row) ? JSON.parse(String(row)) : row; } catch { return {}; } };
rows.forEach((one, index) => {
  const row = readable(one) || {};
  const n = row.n ?? (row.values && row.values.n);
  const { code, message } = errors[index] || {};
  global.get("record")("refused", { n, code, message });
});`,
  wires: [],
};

export interface TwinFlowOptions {
  mqttUrl?: string;
  /** "": the embedded history. */
  influxUrl?: string;
  /** Settings of the twin-ingest nodes, such as `{ durable: false }`. */
  ingest?: Record<string, unknown>;
  history?: Record<string, unknown>;
  /** Records every change of a twin. @default true */
  watch?: boolean;
  /** A step before the store that takes so many messages a second (a stock delay node). @default none */
  stepPerS?: number;
}

/**
 * MQTT (straight, and by way of an asynchronous function and a switch) and HTTP, through clean and state, into the history. GET /twins
 * lists the twins; refusals and changes of twins are recorded in files.
 */
export function twinFlow(options: TwinFlowOptions = {}): FlowNode[] {
  const { mqttUrl, influxUrl = "", ingest = {}, history = {}, watch = true, stepPerS } = options;
  const reading = { tsFrom: "payload:ts", seqFrom: "payload:seq", store: "store", ...ingest };
  const mqtt = { source: "mqtt", broker: "broker", qos: "1", idFrom: "topic:1", ...reading };
  const afterClean = stepPerS === undefined ? "state" : "step";
  const flow: FlowNode[] = [
    tab("tab"),
    { id: "store", type: "twin-store", path: "twin" },
    { id: "history", type: "twin-history", url: influxUrl, database: "twin", measurement: "twin", ...history },
    ...on("tab", [
      {
        id: "over-http",
        type: "twin-ingest",
        source: "http",
        path: "/samples",
        idFrom: "payload:id",
        ...reading,
        wires: [["clean"], ["refused"]],
      },
      {
        id: "clean",
        type: "twin-clean",
        rules: [{ property: "value", min: -1e9, max: 1e9, onRange: "drop" }],
        wires: [[afterClean], ["refused"]],
      },
      { id: "state", type: "twin-state", store: "store", operation: "report", wires: [["write"], ["refused"]] },
      { id: "write", type: "twin-write", history: "history", wires: [[], ["refused"]] },
      refusedRecorder,
      { id: "ask", type: "http in", url: "/twins", method: "get", wires: [["cursor"]] },
      {
        id: "cursor",
        type: "function",
        outputs: 1,
        func: "msg.cursor = msg.req.query.cursor; return msg;",
        wires: [["list"]],
      },
      { id: "list", type: "twin-state", store: "store", operation: "list", wires: [["page"], []] },
      {
        id: "page",
        type: "function",
        outputs: 1,
        func: "msg.payload = { twins: msg.payload, cursor: msg.cursor }; return msg;",
        wires: [["answer"]],
      },
      { id: "answer", type: "http response" },
    ]),
  ];
  if (mqttUrl)
    flow.push(
      { id: "broker", type: "twin-broker", url: mqttUrl, clientId: "faults", sessionExpiry: 86400 },
      ...on("tab", [
        { id: "straight", type: "twin-ingest", topic: "straight/+", ...mqtt, wires: [["clean"], ["refused"]] },
        { id: "detour", type: "twin-ingest", topic: "detour/+", ...mqtt, wires: [["slow"], ["refused"]] },
        slow("slow", "switch"),
        {
          id: "switch",
          type: "switch",
          property: "topic",
          propertyType: "msg",
          rules: [{ t: "nempty" }],
          outputs: 1,
          wires: [["clean"]],
        },
      ]),
    );
  if (stepPerS !== undefined) flow.push(...on("tab", [bottleneck("step", stepPerS, "state")]));
  if (watch)
    flow.push(
      ...on("tab", [
        { id: "watch", type: "twin-watch", store: "store", twin: "*", events: ["change"], wires: [["changes"]] },
        {
          id: "changes",
          type: "function",
          outputs: 0,
          // Only changes: the present state, told after a start, is none.
          func: 'if (!msg.replayed && msg.changed.n) global.get("record")("changes", [msg.topic, msg.changed.n.after]);',
          wires: [],
        },
      ]),
    );
  return flow;
}

const stockMqtt = (port: number, next: string): FlowNode[] => [
  {
    id: "stock-broker",
    type: "mqtt-broker",
    broker: "127.0.0.1",
    port: String(port),
    clientid: "stock",
    autoConnect: true,
    usetls: false,
    protocolVersion: "4",
    keepalive: "60",
    cleansession: false,
  },
  ...on("tab", [
    { id: "in", type: "mqtt in", topic: "+/+", qos: "1", datatype: "json", broker: "stock-broker", wires: [["slow"]] },
    slow("slow", next),
  ]),
];

/** The stock flow: MQTT with QoS 1 and a persistent session, an asynchronous function, and a file that the numbers are appended to. */
export const stockFlow = (mqttPort: number, file: string): FlowNode[] => [
  tab("tab"),
  ...stockMqtt(mqttPort, "number"),
  ...on("tab", [
    { id: "number", type: "function", outputs: 1, func: "msg.payload = msg.payload.n; return msg;", wires: [["file"]] },
    {
      id: "file",
      type: "file",
      filename: file,
      filenameType: "str",
      appendNewline: true,
      createDir: true,
      overwriteFile: "false",
      encoding: "none",
      wires: [[]],
    },
  ]),
];

/** The stock way to InfluxDB: one request for each message, and what fails is an error in the log. */
export const stockInfluxFlow = (mqttPort: number, influxUrl: string): FlowNode[] => [
  tab("tab"),
  ...stockMqtt(mqttPort, "line"),
  ...on("tab", [
    {
      id: "line",
      type: "function",
      outputs: 1,
      func: 'const { n, value, ts } = msg.payload; msg.payload = "twin,id=" + msg.topic.split("/")[1] + " n=" + n + ",value=" + value + " " + ts; return msg;',
      wires: [["post"]],
    },
    {
      id: "post",
      type: "http request",
      method: "POST",
      ret: "txt",
      url: `${influxUrl}/write?db=twin&precision=ms`,
      senderr: false,
      wires: [[]],
    },
  ]),
];
