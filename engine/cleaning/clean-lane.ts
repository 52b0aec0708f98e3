import { checkValues } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { fillMissing } from "./fill-missing";
import { findFastChanges } from "./find-fast-changes";
import { findOutliers } from "./find-outliers";
import { findStuck } from "./find-stuck";
import { holdWithinDeadband } from "./hold-within-deadband";
import type { Lane, LaneMemory } from "./lane";
import { smoothByPolynomial } from "./smooth-by-polynomial";
import { smoothValues } from "./smooth-values";

/** Takes one property through the steps of one rule: the order is that of {@link CleaningRule}. */
export function cleanLane(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  checkValues(rule, lane);
  if (rule.stuck !== undefined) findStuck(rule, lane, memory);
  if (rule.maxRate !== Number.POSITIVE_INFINITY) findFastChanges(rule, lane, memory);
  if (rule.outlier !== "none") findOutliers(rule, lane, memory);
  fillMissing(rule, lane, memory);
  if (rule.smooth === "savitzky-golay") smoothByPolynomial(rule, lane, memory);
  else if (rule.smooth !== "none") smoothValues(rule, lane, memory);
  if (rule.deadband > 0) holdWithinDeadband(rule, lane, memory);
}

/** Whether a rule gives something else when it remembers earlier values. */
export const remembers = (rule: CleaningRule): boolean =>
  rule.stuck !== undefined ||
  rule.maxRate !== Number.POSITIVE_INFINITY ||
  rule.outlier !== "none" ||
  rule.smooth !== "none" ||
  rule.deadband > 0 ||
  rule.missing === "ffill" ||
  rule.missing === "mean" ||
  rule.missing === "median";
