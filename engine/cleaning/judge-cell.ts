import { type ErrorCode, refuse } from "../contract/errors";
import type { faultActions } from "./cleaning-rule";
import { change, type Lane } from "./lane";

/** What is wrong with a value: the code of the refusal, its text, and how to mend it. */
export interface Fault {
  code: ErrorCode;
  message: string;
  hint: string;
}

/**
 * Treats a value that a step speaks against: it stays and is marked with `bit`, becomes missing so that the missing step
 * fills it, or drops its row.
 */
export function judgeCell(
  lane: Lane,
  i: number,
  action: (typeof faultActions)[number],
  bit: number,
  fault: () => Fault,
): void {
  if (action === "drop") {
    const { code, message, hint } = fault();
    lane.errors[i] = refuse(code, message, hint, { property: lane.property });
  } else if (action === "missing") {
    lane.cells[i] = null;
    lane.flags[i]! |= bit | change.removed;
  } else lane.flags[i]! |= bit;
}
