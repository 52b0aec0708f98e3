import { checkValues } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { fillMissing } from "./fill-missing";
import { findOutliers } from "./find-outliers";
import { holdWithinDeadband } from "./hold-within-deadband";
import type { Lane, LaneMemory } from "./lane";
import { smoothValues } from "./smooth-values";

/** Takes one property through the steps of one rule: sentinels, convert, range, outlier, missing, smooth, deadband. */
export function cleanLane(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  checkValues(rule, lane);
  if (rule.outlier !== "none") findOutliers(rule, lane, memory);
  fillMissing(rule, lane, memory);
  if (rule.smooth !== "none") smoothValues(rule, lane, memory);
  if (rule.deadband > 0) holdWithinDeadband(rule, lane, memory);
}

/** Whether a rule gives something else when it remembers earlier values. */
export const remembers = (rule: CleaningRule): boolean =>
  rule.outlier !== "none" ||
  rule.smooth !== "none" ||
  rule.deadband > 0 ||
  rule.missing === "ffill" ||
  rule.missing === "mean" ||
  rule.missing === "median";
