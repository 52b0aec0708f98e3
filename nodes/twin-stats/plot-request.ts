import type { TwinModel } from "../../engine/contract/model";
import type { PlotColumn, PlotKind, PlotLanguage, PlotRequest, PlotTheme } from "../../engine/plot/draw";
import type { TableStatistics } from "../../engine/statistics/describe-table";
import type { StatisticsTable } from "../../engine/statistics/statistics-table";
import type { TwinStatsSettings } from "./twin-stats.settings";

/** What a picture is asked to look like. */
export interface PlotOptions {
  kind: PlotKind;
  maxPoints: number;
  language: PlotLanguage;
  theme: PlotTheme;
  title: string;
  /** Labels, units and limits from a model, by column. */
  about: Record<string, Omit<PlotColumn, "name" | "values">>;
}

/** @param language where the settings name none */
export function plotOptions(
  settings: TwinStatsSettings,
  kind: PlotKind,
  language: PlotLanguage,
  model: TwinModel | undefined,
): PlotOptions {
  const { maxPoints, theme, title } = settings;
  const about: PlotOptions["about"] = {};
  for (const [name, { label, unit, lsl, target, usl }] of model?.properties ?? [])
    about[name] = { ...(label ? { label } : {}), ...(unit ? { unit } : {}), lsl, target, usl };
  return { kind, maxPoints, theme, title, about, language: settings.language || language };
}

/** A table and its coefficients as what a picture is made of. */
export function plotRequest(table: StatisticsTable, statistics: TableStatistics, plot: PlotOptions): PlotRequest {
  const { about, title, ...look } = plot;
  const { rows, columns, group, time } = table;
  const { correlation } = statistics;
  const labels = group?.labels.map((label) => (label === null ? null : String(label)));
  return {
    ...look,
    rows,
    columns: columns.map(({ name, values }) => ({ name, values, ...(Object.hasOwn(about, name) ? about[name] : {}) })),
    ...(title === "" ? {} : { title }),
    ...(group ? { group: { name: group.name, values: Array.from(group.codes, (code) => labels![code]!) } } : {}),
    ...(time && plot.kind === "series" ? { time } : {}),
    // A lagged one is no picture's: its diagonal is not 1.
    ...(correlation && correlation.lag === 0 ? { correlation } : {}),
  };
}
