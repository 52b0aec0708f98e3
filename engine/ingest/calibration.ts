import type { Quality, Values } from "../contract/messages";
import type { TwinModel } from "../contract/model";
import { readTime } from "./read-time";

const dayMs = 86_400_000;

/** Marks a sample's values from sensors past their calibration date; gives `quality` back unchanged when there are none. */
export type CalibrationCheck = (
  values: Values,
  ts: number,
  quality: Record<string, Quality> | undefined,
) => Record<string, Quality> | undefined;

/** The day of calibrationDue itself (UTC) is still good. A quality that is worse already stays. */
export function createCalibrationCheck(model: TwinModel | undefined): CalibrationCheck | undefined {
  const due: { name: string; until: number }[] = [];
  for (const { name, calibrationDue } of model?.properties.values() ?? []) {
    const date = calibrationDue === undefined ? undefined : readTime(calibrationDue);
    if (typeof date === "number") due.push({ name, until: date + dayMs });
  }
  if (due.length === 0) return undefined;
  return (values, ts, quality) => {
    let marked = quality;
    for (const { name, until } of due) {
      if (ts < until || !Object.hasOwn(values, name)) continue;
      if ((marked?.[name] ?? "good") === "good") marked = { ...marked, [name]: "uncertain" };
    }
    return marked;
  };
}
