import type { Label } from "../dataset";
import type { Report } from "../report";
import { ringOfParts } from "./ring-of-parts";

/** How the model did on the rows that were held out of its training: what its error is compared with. */
export interface HeldOutError {
  /** Mean absolute error in the target's unit, or the share of wrong classes. */
  metric: "mae" | "errorRate";
  value: number;
  rows: number;
  /** The class that `f1` speaks of. */
  positive: Label | null;
}

/** Of the last predictions whose truth is known. */
export interface ErrorDrift {
  metric: HeldOutError["metric"];
  rows: number;
  value: number;
  /** On the held-out rows. Null: none were held out, and nothing can be told. */
  heldOut: number | null;
  /** From which value on it has drifted. Null as `heldOut`. */
  limit: number | null;
  /** Of numbers. */
  rmse?: number;
  /** Of the class that the report speaks of. Null where it neither came nor was predicted. */
  f1?: number | null;
}

export interface ErrorWindow {
  /** Adds a prediction and what came. Null predictions count as wrong classes, and not at all among numbers. True when it is time to look. */
  add(predicted: Label | null, actual: Label): boolean;
  /** Undefined before the first truth. */
  drift(): ErrorDrift | undefined;
}

/** What the error is to be compared with; undefined for a report of another kind, such as that of an imported model. */
export function heldOutErrorOf(report: Partial<Report>): (HeldOutError & { isTold: boolean }) | undefined {
  const { metrics, rows } = report;
  if (!metrics) return undefined;
  const isTold = metrics.on === "test";
  const of = { rows: rows?.test ?? 0, isTold };
  if ("accuracy" in metrics)
    return { ...of, metric: "errorRate", value: 1 - metrics.accuracy, positive: metrics.positive ?? null };
  return Number.isFinite(metrics.mae) ? { ...of, metric: "mae", value: metrics.mae, positive: null } : undefined;
}

/**
 * The error of the last `size` rows. It has drifted when it is `factor` times that of the held-out rows; of classes it must also be
 * four standard errors above (after J. Gama et al., Learning with drift detection, SBIA 2004, section 3, who take three for one look;
 * here there are many).
 */
export function createErrorWindow(
  heldOut: HeldOutError & { isTold: boolean },
  size: number,
  factor: number,
): ErrorWindow {
  const ring = ringOfParts(6, size);
  const isClass = heldOut.metric === "errorRate";

  /** Errors of a perfect model are none; half a row more is what rows like these cannot tell from it. */
  const expected = isClass ? Math.max(heldOut.value, 0.5 / Math.max(1, heldOut.rows)) : heldOut.value;
  const limitOf = (rows: number): number =>
    isClass
      ? Math.max(factor * expected, expected + 4 * Math.sqrt((expected * (1 - expected)) / rows))
      : factor * expected;

  return {
    add(predicted, actual) {
      if (!isClass && (typeof predicted !== "number" || typeof actual !== "number")) return false;
      const sums = ring.current();
      if (isClass) {
        const is = actual === heldOut.positive;
        const said = predicted === heldOut.positive;
        if (predicted !== actual) sums[2]!++;
        if (is && said) sums[3]!++;
        if (said && !is) sums[4]!++;
        if (is && !said) sums[5]!++;
      } else {
        const miss = Math.abs((predicted as number) - (actual as number));
        sums[0] = sums[0]! + miss;
        sums[1] = sums[1]! + miss * miss;
      }
      return ring.next();
    },
    drift() {
      const { rows } = ring;
      if (rows === 0) return undefined;
      const [misses = 0, squares = 0, wrong = 0, hits = 0, falseAlarms = 0, missed = 0] = ring.total();
      const named = hits + falseAlarms + missed;
      return {
        metric: heldOut.metric,
        rows,
        value: (isClass ? wrong : misses) / rows,
        heldOut: heldOut.isTold ? heldOut.value : null,
        limit: heldOut.isTold ? limitOf(rows) : null,
        ...(isClass
          ? heldOut.positive === null
            ? {}
            : { f1: named > 0 ? (2 * hits) / (2 * hits + falseAlarms + missed) : null }
          : { rmse: Math.sqrt(squares / rows) }),
      };
    },
  };
}
