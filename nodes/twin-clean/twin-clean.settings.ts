import type { CleaningRule } from "../../engine/cleaning/cleaning-rule";
import { readRules } from "../../engine/cleaning/read-rules";
import { Failure, quote } from "../../engine/contract/errors";
import { readerOf } from "../lib/settings";

export interface TwinCleanSettings {
  model: string;
  rules: CleaningRule[];
  dropDuplicates: boolean;
  /** Tables: column of times. "": the first of time, ts, timestamp, datetime, date. */
  timeColumn: string;
  /** Tables: column that says whose a row is. "": `id`, where the table is that of several twins. */
  groupBy: string;
  /** Seconds between two samples that say how good a twin's data were. 0: none. */
  qualityEvery: number;
}

export function readTwinCleanSettings(def: Record<string, unknown>): TwinCleanSettings {
  const read = readerOf(def);
  const { resample } = def;
  if (read.has("resample") && resample !== false && resample !== 0 && resample !== "none")
    throw new Failure(
      "not-yet",
      `resample is ${quote(resample)}, and resampling is not there yet:`,
      "clear it; twin-query can aggregate by a window for now.",
    );
  return {
    model: read.text("model", ""),
    rules: readRules(read.list("rules")),
    dropDuplicates: read.flag("dropDuplicates", false),
    timeColumn: read.text("timeColumn", ""),
    groupBy: read.text("groupBy", ""),
    qualityEvery: read.number("qualityEvery", 60, { min: 0, max: 86_400 }),
  };
}
