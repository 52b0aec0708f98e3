import type { CleaningRule } from "./cleaning-rule";
import { judgeCell } from "./judge-cell";
import { change, type Lane, type LaneMemory, timeOf } from "./lane";

/**
 * Finds values that have stayed exactly equal for longer than the rule's span: from the first row beyond it on, because
 * nobody knew before. A missing cell neither ends such a run nor counts. By time, a row of unknown time is not judged.
 */
export function findStuck(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  const { cells, errors, flags } = lane;
  const span = rule.stuck!;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (cell === null || errors[i] !== undefined || flags[i]! & change.passedOver) continue;
    const ts = timeOf(lane, i);
    const { steady } = memory;
    if (steady === undefined || steady.value !== cell) {
      memory.steady = { value: cell, ts, rows: 1 };
      continue;
    }
    steady.rows++;
    if (Number.isNaN(steady.ts)) steady.ts = ts;
    const beyond = span.unit === "rows" ? steady.rows > span.size : ts - steady.ts > span.size;
    if (!beyond) continue;
    judgeCell(lane, i, rule.onStuck, change.stuck, () => ({
      code: "stuck",
      message: `${lane.property} has been ${String(cell)} for ${span.unit === "rows" ? `${steady.rows} rows` : `${(ts - steady.ts) / 1000} s`}.`,
      hint: "Check the sensor, or allow more in the rule's stuck.",
    }));
  }
}
