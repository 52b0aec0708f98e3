import type { CleaningRule } from "./cleaning-rule";
import { change, type Lane, type LaneMemory } from "./lane";

/** A value that differs from the last one passed on by less than the deadband is held at that one. */
export function holdWithinDeadband(rule: CleaningRule, lane: Lane, memory: LaneMemory): void {
  const { cells, errors, flags } = lane;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (errors[i] !== undefined || typeof cell !== "number") continue;
    if (cell === memory.passed) continue;
    if (Math.abs(cell - memory.passed) < rule.deadband) {
      cells[i] = memory.passed;
      flags[i]! |= change.held;
    } else memory.passed = cell;
  }
}
