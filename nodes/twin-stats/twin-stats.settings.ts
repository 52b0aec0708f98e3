import { readSpan, type Span } from "../../engine/cleaning/span";
import { isColumnName } from "../../engine/contract/identity";
import { type PlotKind, type PlotLanguage, type PlotTheme, plotKinds } from "../../engine/plot/plot-request";
import { correlationMethods } from "../../engine/statistics/correlate";
import { readerOf, SettingError, type SettingsReader } from "../lib/settings";

export const windowTypes = ["sliding", "tumbling"] as const;

export interface TwinStatsSettings {
  /** Gives columns labels, units and limits in pictures. "": none. */
  model: string;
  /** Empty: all that hold numbers. */
  columns: string[];
  /** "": no groups. */
  by: string;
  method: (typeof correlationMethods)[number] | "none";
  use: "pairwise" | "complete";
  /** Rows; 0: no lag. */
  lag: number;
  plot: "none" | PlotKind;
  maxPoints: number;
  title: string;
  /** "": that of Node-RED. */
  language: "" | PlotLanguage;
  theme: PlotTheme;
  /** "": the first of time, ts, timestamp, datetime, date. Only pictures of series need it. */
  timeColumn: string;
  /** Streams: undefined is everything since the start. */
  window: Span | undefined;
  windowType: (typeof windowTypes)[number];
  /** 0: only the memory guard. */
  maxRows: number;
  /** Longest work on a table, s. 0: no limit. */
  timeout: number;
}

/** Settings that `msg.stats` may override. */
export const statsKeys = [
  "columns",
  "by",
  "method",
  "use",
  "lag",
  "plot",
  "maxPoints",
  "title",
  "language",
  "theme",
  "timeColumn",
  "maxRows",
  "timeout",
] as const;

export function readTwinStatsSettings(def: Record<string, unknown>): TwinStatsSettings {
  const read = readerOf(def);
  const columns = read.names("columns");
  const by = columnName(read, "by");
  for (const name of columns) {
    if (!isColumnName(name)) throw new SettingError("columns", name, nameHint);
    if (name === by)
      throw new SettingError("columns", name, "this column groups the rows: take it off columns, or clear by.");
  }
  return {
    model: read.text("model", ""),
    columns,
    by,
    method: read.choice("method", [...correlationMethods, "none"] as const, "pearson"),
    use: read.choice("use", ["pairwise", "complete"] as const, "pairwise"),
    lag: read.number("lag", 0, { integer: true, min: 0, max: 1e6 }),
    plot: read.choice("plot", ["none", ...plotKinds] as const, "none"),
    maxPoints: read.number("maxPoints", 2000, { integer: true, min: 10, max: 100_000 }),
    title: read.text("title", ""),
    language: read.has("language") ? read.choice("language", ["en-US", "zh-CN"] as const, "en-US") : "",
    theme: read.choice("theme", ["auto", "light", "dark"] as const, "auto"),
    timeColumn: columnName(read, "timeColumn"),
    window: readWindow(read),
    windowType: read.choice("windowType", windowTypes, "sliding"),
    maxRows: read.number("maxRows", 0, { integer: true, min: 0 }),
    timeout: read.number("timeout", 300, { min: 0, max: 1e6 }),
  };
}

const nameHint = "use 1 to 128 characters, none of them a control character.";

function columnName(read: SettingsReader, field: string): string {
  const name = read.text(field, "");
  if (name !== "" && !isColumnName(name)) throw new SettingError(field, name, nameHint);
  return name;
}

function readWindow(read: SettingsReader): Span | undefined {
  if (!read.has("window")) return undefined;
  const window = read.raw("window");
  const span = readSpan(window);
  if (span === undefined)
    throw new SettingError("window", window, "use a number of rows such as 100, or a time such as 30s, 5m or 1h.");
  return span;
}
