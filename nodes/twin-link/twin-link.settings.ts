import { readDuration } from "../../engine/history/duration";
import type { LinkOptions } from "../../engine/link/link-options";
import { readerOf, SettingError, type SettingsReader } from "../lib/settings";

export interface TwinLinkSettings {
  /** Ids of the twin-ingest nodes that are measured. None: all. */
  scope: string[];
  /** Id or pattern of the twins. */
  twin: string;
  /** Seconds. */
  every: number;
  options: LinkOptions;
}

export function readTwinLinkSettings(def: Record<string, unknown>): TwinLinkSettings {
  const read = readerOf(def);
  const outageAfterMs = 1000 * read.number("outageAfter", 60, { min: 1, max: 86_400 });
  const windowMs = readLength(read, "window", "24h", 60_000);
  if (windowMs < 2 * outageAfterMs)
    throw new SettingError("window", read.raw("window"), "use at least twice the silence that is an outage.");
  return {
    scope: read.names("scope"),
    twin: readTwins(read),
    every: read.number("every", 60, { min: 0.1, max: 86_400 }),
    options: {
      outageAfterMs,
      windowMs,
      clock: read.choice("clock", ["minimum", "synchronised", "round-trip"], "minimum"),
      clockWindowMs: readLength(read, "clockWindow", "10m", 1000),
      seqWrap: Number(read.choice("seqWrap", ["0", "256", "65536", "4294967296"], "0")),
      capacityBytes: read.number("capacityBytes", 0, { min: 0, max: 1e12 }),
      capacityMessages: read.number("capacityMessages", 0, { min: 0, max: 1e9 }),
    },
  };
}

function readTwins(read: SettingsReader): string {
  const twin = read.text("twin", "*");
  if (/^[A-Za-z0-9._:*-]{1,128}$/.test(twin)) return twin;
  throw new SettingError("twin", twin, "use a twin's id, or a pattern such as press-*.");
}

const yearMs = 31_536_000_000;

function readLength(read: SettingsReader, field: string, fallback: string, leastMs: number): number {
  const text = read.text(field, fallback);
  const ms = readDuration(text);
  if (ms === undefined) throw new SettingError(field, text, "use a length of time such as 10m or 24h.");
  if (ms < leastMs || ms > yearMs) throw new SettingError(field, text, `use ${leastMs / 1000}s to 365d.`);
  return ms;
}
