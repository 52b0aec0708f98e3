import { readerOf, SettingError } from "../lib/settings";

export interface TwinBrokerSettings {
  /** "" means the broker in this process. */
  url: string;
  /** Port of the embedded broker, loopback only. 0: any free one. */
  port: number;
  /** "" derives one that stays the same for this node on this computer. */
  clientId: string;
  protocolVersion: 4 | 5;
  /** Seconds that the broker keeps messages for us while we are away. 0: it keeps nothing. */
  sessionExpiryS: number;
  /** Id of a core `tls-config` node. */
  tls: string;
  username: string;
  password: string;
}

const schemes = ["mqtt:", "mqtts:", "tcp:", "ssl:", "ws:", "wss:"];
export const defaultPort = 1883;
/** MQTT allows no more bytes in a client id. */
const maxIdLength = 65_535;

export function readTwinBrokerSettings(def: Record<string, unknown>): TwinBrokerSettings {
  const read = readerOf(def);
  const fromEnvironment = readerOf({ port: process.env.TWIN_MQTT_PORT }).number("port", defaultPort, portRule);
  const clientId = read.text("clientId", "");
  if (clientId.length > maxIdLength) throw new SettingError("clientId", clientId, "use a shorter one.");
  return {
    url: readUrl(read.text("url", "")),
    port: read.number("port", fromEnvironment, portRule),
    clientId,
    protocolVersion: read.choice("protocolVersion", ["4", "5"], "4") === "5" ? 5 : 4,
    sessionExpiryS: read.number("sessionExpiry", 86_400, { integer: true, min: 0, max: 4_294_967_295 }),
    tls: read.text("tls", ""),
    username: read.text("username", ""),
    password: typeof def.password === "string" ? def.password : "",
  };
}

const portRule = { integer: true, min: 0, max: 65_535 };

function readUrl(text: string): string {
  if (text === "") return "";
  // "broker.local" or "10.0.0.5:1883", as people type it.
  const url = text.includes("://") ? text : `mqtt://${text}`;
  if (!URL.canParse(url)) throw new SettingError("url", text, "use an address such as mqtt://broker.local:1883.");
  const { protocol, hostname } = new URL(url);
  if (!schemes.includes(protocol))
    throw new SettingError("url", text, "begin with mqtt://, mqtts://, ws:// or wss://.");
  if (hostname === "") throw new SettingError("url", text, "name the broker's host, such as mqtt://broker.local:1883.");
  return url;
}
