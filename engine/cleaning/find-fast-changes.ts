import type { CleaningRule } from "./cleaning-rule";
import { judgeCell } from "./judge-cell";
import { change, type Lane, type LaneMemory, timeOf } from "./lane";

/**
 * Finds values that changed faster than `maxRate` per second since the last value that did not: a spike is found and the
 * value after it is not, and a lasting step is accepted when enough time has passed for it. The first value, and one whose
 * time is unknown or not later than that of the last one accepted, is not judged.
 */
export function findFastChanges(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  const { cells, errors } = lane;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (typeof cell !== "number" || errors[i] !== undefined) continue;
    const ts = timeOf(lane, i);
    const { slow } = memory;
    if (slow === undefined) {
      if (!Number.isNaN(ts)) memory.slow = { value: cell, ts };
      continue;
    }
    const seconds = (ts - slow.ts) / 1000;
    if (!(seconds > 0)) continue;
    const rate = Math.abs(cell - slow.value) / seconds;
    if (rate <= rule.maxRate) {
      slow.value = cell;
      slow.ts = ts;
      continue;
    }
    judgeCell(lane, i, rule.onRate, change.tooFast, () => ({
      code: "too-fast",
      message: `${lane.property} went from ${slow.value} to ${cell} in ${seconds} s, more than ${rule.maxRate} per second.`,
      hint: "Check the sensor, or allow more in the rule's maxRate.",
    }));
  }
}
