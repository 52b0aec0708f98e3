import { isPropertyName } from "../../engine/contract/identity";
import { readDuration } from "../../engine/history/duration";
import { readerOf, SettingError } from "../lib/settings";

interface Common {
  database: string;
  measurement: string;
}

export interface EmbeddedSettings extends Common {
  backend: "embedded";
  /** How long samples are kept, ms. Infinity: for ever. */
  keepMs: number;
}

export interface InfluxSettings extends Common {
  backend: "influx";
  url: string;
  retentionPolicy: string;
  batchSize: number;
  flushMs: number;
  /** Bound of the spool on disk. */
  spoolMb: number;
  overflow: "block" | "drop-oldest";
  username: string;
  password: string;
  token: string;
}

export type TwinHistorySettings = EmbeddedSettings | InfluxSettings;

const fileName = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,63}$/u;
const databaseName = /^[\p{L}\p{N}_][\p{L}\p{N}_ ./:@-]{0,127}$/u;

/** Where no `url` is set at all, as in the history that nodes without one share, it is that of INFLUX_URL. */
export function readTwinHistorySettings(def: Record<string, unknown>): TwinHistorySettings {
  const read = readerOf(def.url === undefined ? { ...def, url: process.env.INFLUX_URL } : def);
  const url = read.text("url", "");
  const asked = read.choice("backend", ["auto", "embedded", "influx"], "auto");
  const backend = asked === "auto" ? (url ? "influx" : "embedded") : asked;
  const database = read.text("database", "twin");
  const measurement = read.text("measurement", "twin");
  if (!isPropertyName(measurement) || measurement.startsWith("#"))
    throw new SettingError("measurement", measurement, "use letters, digits, inner spaces and . _ - / and the like.");

  if (backend === "embedded") {
    if (!fileName.test(database))
      throw new SettingError("database", database, "use letters, digits and . _ - (it is part of a file's name).");
    return { backend, database, measurement, keepMs: readRetention(read.text("retentionPolicy", "")) };
  }

  if (!databaseName.test(database))
    throw new SettingError("database", database, "use letters, digits, inner spaces and . _ - / : @.");
  return {
    backend,
    database,
    measurement,
    url: readUrl(url),
    retentionPolicy: read.text("retentionPolicy", ""),
    batchSize: read.number("batchSize", 1000, { integer: true, min: 1, max: 20_000 }),
    flushMs: read.number("flushMs", 100, { integer: true, min: 0, max: 60_000 }),
    spoolMb: read.number("spoolMb", 512, { integer: true, min: 1, max: 1_000_000 }),
    overflow: read.choice("overflow", ["block", "drop-oldest"], "block"),
    username: read.text("username", ""),
    password: read.text("password", ""),
    token: read.text("token", ""),
  };
}

function readRetention(text: string): number {
  if (text === "") return Number.POSITIVE_INFINITY;
  const ms = /^\d+$/.test(text) ? undefined : readDuration(text);
  if (ms === undefined || ms < 60_000)
    throw new SettingError(
      "retentionPolicy",
      text,
      "use a time such as 90d (at least 1m), or nothing to keep everything.",
    );
  return ms;
}

function readUrl(text: string): string {
  if (text === "") throw new SettingError("url", text, "use InfluxDB's address, such as http://127.0.0.1:8086.");
  const address = URL.parse(text);
  if (address && (address.protocol === "http:" || address.protocol === "https:") && address.hostname !== "")
    return address.href;
  // The address may hold a password: it is not repeated.
  throw new SettingError("url", text.replace(/\/\/[^@/]*@/, "//…@"), "use an address such as http://127.0.0.1:8086.");
}
