import type { Label } from "../dataset";
import type { FeatureSpec } from "../model";
import type { Report } from "../report";
import { createErrorWindow, type ErrorDrift, heldOutErrorOf } from "./error-window";
import { createInputWindow, type FeatureDrift } from "./input-window";

export interface DriftOptions {
  /** Rows that are looked at, the latest; of those whose truth is known a fifth of it. @default 1000 */
  window: number;
  /** PSI from which a feature has drifted. @default 0.25 */
  limit: number;
  /** PSI below which a feature that had drifted is as it was. @default 0.1 */
  calm: number;
  /** How many times its held-out figure the error may become. @default 1.5 */
  error: number;
}

export const driftDefaults: DriftOptions = { window: 1000, limit: 0.25, calm: 0.1, error: 1.5 };

/** What drifts: what goes into the model, or how far it is off. */
export type DriftOf = "inputs" | "error";

/** What is told when a drift begins or ends. */
export interface Drift {
  of: DriftOf;
  /** `unwatched`: who saw it drift no longer looks. */
  state: "drifting" | "stable" | "unwatched";
  /** Rows that were looked at. */
  rows: number;
  /** Of inputs: those that have changed most, at most five. */
  features?: FeatureDrift[];
  /** Of the error. */
  error?: Omit<ErrorDrift, "rows">;
}

export interface DriftWatch {
  /** Counts a row of the model's features. Gives what has begun or ended with it. */
  see(row: Float64Array): Drift | undefined;
  /** Compares a prediction with what came. */
  compare(predicted: Label | null, actual: Label): Drift | undefined;
  /** Whether that is drifting, by what was told last. */
  isDrifting(of: DriftOf): boolean;
  /** How things stand, for the badge. `inputs`: largest first. */
  now(): { rows: number; inputs: FeatureDrift[]; error: ErrorDrift | undefined };
}

/** Fewer rows of a window tell nothing yet. */
const leastShare = 0.5;
/** Truth is rare: a laboratory's value comes for one sample in many. */
const truthsShare = 5;
const mostFeatures = 5;

/**
 * Watches the rows that a model is given and, where truth arrives, its errors. It looks ten times a window, from half a window on;
 * what has begun must go below a lower limit to end, so that nothing is told again and again.
 *
 * @param told what is known to be drifting already, from before a restart
 */
export function createDriftWatch(
  features: readonly FeatureSpec[],
  report: Partial<Report>,
  options: DriftOptions = driftDefaults,
  told: readonly DriftOf[] = [],
): DriftWatch {
  const inputs = createInputWindow(features, options.window);
  const heldOut = heldOutErrorOf(report);
  const errors = heldOut && createErrorWindow(heldOut, options.window / truthsShare, options.error);
  const drifting = new Set<DriftOf>(told);

  /** What is to be told. @param share how much of the window is filled */
  function turned(of: DriftOf, share: number, isOver: boolean, isCalm: boolean): Drift["state"] | undefined {
    if (share < leastShare) return undefined;
    if (isOver && !drifting.has(of)) {
      drifting.add(of);
      return "drifting";
    }
    if (isCalm && drifting.delete(of)) return "stable";
    return undefined;
  }

  return {
    see(row) {
      if (!inputs.add(row)) return undefined;
      const found = inputs.drift();
      const largest = found[0]?.psi ?? 0;
      const state = turned("inputs", inputs.rows / options.window, largest >= options.limit, largest < options.calm);
      return state && { of: "inputs", state, rows: inputs.rows, features: found.slice(0, mostFeatures) };
    },
    compare(predicted, actual) {
      if (!errors?.add(predicted, actual)) return undefined;
      const found = errors.drift();
      if (!found || found.limit === null || found.heldOut === null) return undefined;
      const { rows, ...error } = found;
      // It ends half way back.
      const calm = (found.limit + found.heldOut) / 2;
      const state = turned(
        "error",
        (rows * truthsShare) / options.window,
        found.value >= found.limit,
        found.value < calm,
      );
      return state && { of: "error", state, rows, error };
    },
    isDrifting: (of) => drifting.has(of),
    now: () => ({ rows: inputs.rows, inputs: inputs.drift(), error: errors?.drift() }),
  };
}
