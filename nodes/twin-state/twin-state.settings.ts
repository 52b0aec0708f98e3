import { Failure } from "../../engine/contract/errors";
import { readerOf } from "../lib/settings";

export const operations = ["report", "desire", "get", "list", "at", "delete"] as const;
export type Operation = (typeof operations)[number];

export interface TwinStateSettings {
  store: string;
  model: string;
  operation: Exclude<Operation, "at">;
  /** Watchers hear nothing of a report that changes no value. */
  skipEqual: boolean;
  /** A change that the device makes by itself replaces the desired value it had met. */
  deviceWins: boolean;
  /** Times further ahead than this, in ms, are a clock's that is wrong. */
  maxSkewMs: number;
}

export function readTwinStateSettings(def: Record<string, unknown>): TwinStateSettings {
  const read = readerOf(def);
  const maxSkew = read.number("maxSkew", 300, { min: 0 });
  const operation = read.choice("operation", operations, "report");
  if (operation === "at")
    throw new Failure("not-yet", 'operation "at" is not there yet:', "read the past with twin-query for now.");
  return {
    store: read.text("store", ""),
    model: read.text("model", ""),
    operation,
    skipEqual: read.flag("skipEqual", true),
    deviceWins: read.flag("deviceWins", false),
    maxSkewMs: maxSkew === 0 ? Number.POSITIVE_INFINITY : maxSkew * 1000,
  };
}
