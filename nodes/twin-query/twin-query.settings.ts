import { Failure, Refusal } from "../../engine/contract/errors";
import { queryKeys, type RawQuery, readHistoryQuery } from "../../engine/history/history-query";
import { readerOf } from "../lib/settings";

export interface TwinQuerySettings {
  /** Id of a twin-history node. "": the history that nodes without one share. */
  history: string;
  /** The question as it is set, without absent settings. It was checked once; its relative times are read for each message. */
  raw: RawQuery;
}

export function readTwinQuerySettings(def: Record<string, unknown>): TwinQuerySettings {
  const read = readerOf(def);
  const raw: RawQuery = {};
  for (const key of queryKeys) if (read.has(key)) raw[key] = key === "properties" ? read.names(key) : read.raw(key);
  try {
    readHistoryQuery(raw, Date.now());
  } catch (error) {
    if (error instanceof Refusal) throw new Failure("bad-setting", error.info.message, error.info.hint);
    throw error;
  }
  return { history: read.text("history", ""), raw };
}
