import { isColumnName } from "../../engine/contract/identity";
import { type Origin, readOrigin } from "../../engine/ingest/origin";
import { filterProblem } from "../../engine/ingest/topic-filter";
import { readerOf, SettingError, type SettingsReader } from "../lib/settings";
import { type Encoding, encodings } from "./decode";

export type TextFormatSetting = "auto" | "json" | "csv";
/** `presence`: the topic says `online` or `offline`, such as by a last will. */
export type Format = TextFormatSetting | "presence" | "sparkplug";

export interface TwinIngestSettings {
  source: "input" | "mqtt" | "http";
  /** Id of the twin-broker. "" means the default one. */
  broker: string;
  /** Topic filter; only with source mqtt. */
  topic: string;
  qos: 0 | 1;
  /** Path of the HTTP endpoint, with a leading slash; only with source http. */
  path: string;
  /** Bearer token. "" serves clients on this computer only. */
  token: string;
  format: Format;
  /** Names of the columns of a CSV without a header line; empty: it has one. */
  columns: string[];
  /** Of bytes that are text. */
  encoding: Encoding;
  model: string;
  store: string;
  id: Origin;
  ts: Origin;
  seq: Origin;
  values: Origin;
  deliver: "each" | "batch";
  batchMax: number;
  batchMs: number;
  durable: boolean;
}

export function readTwinIngestSettings(def: Record<string, unknown>): TwinIngestSettings {
  const read = readerOf(def);
  const source = read.choice("source", ["input", "mqtt", "http"], "input");
  // QoS 2 costs two more round trips and its guarantee ends at the client: samples repeated at QoS 1 are absorbed by the twin.
  const qos = read.choice("qos", ["0", "1", "2"], "1") === "0" ? 0 : 1;
  const deliver = read.choice("deliver", ["each", "batch"], "each");
  const isBatch = deliver === "batch";
  return {
    source,
    broker: read.text("broker", ""),
    topic: source === "mqtt" ? readTopic(read) : "",
    qos,
    path: source === "http" ? readPath(read) : "",
    token: typeof def.token === "string" ? def.token.trim() : "",
    format: readFormat(read, source),
    columns: readColumns(read),
    encoding: read.choice("encoding", encodings, "utf-8"),
    model: read.text("model", ""),
    store: read.text("store", ""),
    id: readOrigin("idFrom", read.text("idFrom", "topic:0"), ["topic", "payload:", "const", "msg"]),
    ts: readOrigin("tsFrom", read.text("tsFrom", "arrival"), ["arrival", "payload:", "msg"]),
    seq: read.has("seqFrom")
      ? readOrigin("seqFrom", read.text("seqFrom", ""), ["payload:", "msg"])
      : { from: "nothing" },
    values: readOrigin("valuesFrom", read.text("valuesFrom", "payload"), ["payload", "payload:"]),
    deliver,
    batchMax: isBatch ? read.number("batchMax", 500, { integer: true, min: 1, max: 100_000 }) : 500,
    batchMs: isBatch ? read.number("batchMs", 100, { min: 1, max: 60_000 }) : 100,
    durable: read.flag("durable", source === "http" || (source === "mqtt" && qos === 1)),
  };
}

function readFormat(read: SettingsReader, source: TwinIngestSettings["source"]): Format {
  const format = read.choice("format", ["auto", "json", "csv", "presence", "sparkplug"], "auto");
  if (format === "sparkplug" && source === "http")
    throw new SettingError("format", format, "Sparkplug B comes by MQTT or by a wire.");
  return format;
}

function readColumns(read: SettingsReader): string[] {
  const columns = read.names("columns");
  const wrong = columns.find((name, index) => !isColumnName(name) || columns.indexOf(name) !== index);
  if (wrong !== undefined)
    throw new SettingError("columns", wrong, "give every column a name of its own, of 1 to 128 characters.");
  return columns;
}

function readTopic(read: SettingsReader): string {
  const topic = read.text("topic", "");
  const problem = filterProblem(topic);
  if (problem) throw new SettingError("topic", topic, problem);
  return topic;
}

function readPath(read: SettingsReader): string {
  const text = read.text("path", "");
  const path = normalisePath(text);
  if (path === "/" || /[\s?#\\]/.test(path))
    throw new SettingError("path", text, "use a path such as /sensor_data, without ?, # and blanks.");
  return path;
}

/** One slash in front, none at the end. */
export const normalisePath = (path: string): string => `/${path.replace(/^\/+|\/+$/g, "")}`;
