import type { CleaningRule } from "../../engine/cleaning/cleaning-rule";
import { readRowOptions } from "../../engine/cleaning/read-row-options";
import { readRules } from "../../engine/cleaning/read-rules";
import type { RowOptions } from "../../engine/cleaning/row-options";
import { readerOf } from "../lib/settings";

export interface TwinCleanSettings {
  model: string;
  rules: CleaningRule[];
  /** Order, duplicates, resampling and features. */
  rows: RowOptions;
  /** Tables: column of times. "": the first of time, ts, timestamp, datetime, date. */
  timeColumn: string;
  /** Tables: column that says whose a row is. "": `id`, where the table is that of several twins. */
  groupBy: string;
  /** Seconds between two samples that say how good a twin's data were. 0: none. */
  qualityEvery: number;
}

export function readTwinCleanSettings(def: Record<string, unknown>): TwinCleanSettings {
  const read = readerOf(def);
  const features = read.list("features");
  return {
    model: read.text("model", ""),
    rules: readRules(read.list("rules")),
    rows: readRowOptions({ ...def, dropDuplicates: read.flag("dropDuplicates", false), features }),
    timeColumn: read.text("timeColumn", ""),
    groupBy: read.text("groupBy", ""),
    qualityEvery: read.number("qualityEvery", 60, { min: 0, max: 86_400 }),
  };
}
