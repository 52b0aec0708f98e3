import type { LoopTiming } from "../../engine/contract/document";
import { defaultTiming } from "../../engine/twin/desired-loop";
import { readerOf, SettingError, type SettingsReader } from "../lib/settings";

export const operations = ["report", "desire", "get", "list", "at", "delete"] as const;
export type Operation = (typeof operations)[number];

export interface TwinStateSettings {
  store: string;
  model: string;
  operation: Operation;
  /** Watchers hear nothing of a report that changes no value. */
  skipEqual: boolean;
  /** A change that the device makes by itself replaces the desired value it had met. */
  deviceWins: boolean;
  /** report: times further ahead than this, in ms, are a clock's that is wrong. */
  maxSkewMs: number;
  /** desire: when watchers are told again what the device has not met, and when it is late. */
  timing: LoopTiming;
}

export function readTwinStateSettings(def: Record<string, unknown>): TwinStateSettings {
  const read = readerOf(def);
  const operation = read.choice("operation", operations, "report");
  const maxSkew = operation === "report" ? read.number("maxSkew", 300, { min: 0 }) : 0;
  return {
    store: read.text("store", ""),
    model: read.text("model", ""),
    operation,
    skipEqual: read.flag("skipEqual", true),
    deviceWins: read.flag("deviceWins", false),
    maxSkewMs: maxSkew === 0 ? Number.POSITIVE_INFINITY : maxSkew * 1000,
    timing: operation === "desire" ? readTiming(read) : defaultTiming,
  };
}

/** In seconds, as all times that people enter. */
function readTiming(read: SettingsReader): LoopTiming {
  const retryS = read.number("retryAfter", defaultTiming.retryMs / 1000, { min: 1, max: 86_400 });
  const retryMaxS = read.number("retryMax", Math.max(retryS, defaultTiming.retryMaxMs / 1000), { min: 1, max: 86_400 });
  if (retryMaxS < retryS) throw new SettingError("retryMax", retryMaxS, `use ${retryS} or more, as retryAfter.`);
  const timeoutS = read.number("timeout", defaultTiming.timeoutMs / 1000, { min: 0, max: 31_536_000 });
  return { retryMs: retryS * 1000, retryMaxMs: retryMaxS * 1000, timeoutMs: timeoutS * 1000 };
}
