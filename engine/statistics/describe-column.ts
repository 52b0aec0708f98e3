import { autocorrelationOf } from "./autocorrelation";
import { kurtosisOf, type Moments, momentsOf, sdOfMoments, skewnessOf } from "./moments";
import { quantilesOf } from "./quantiles";

/** One column in numbers, all in its own unit but the last three. null where the values do not determine one; never NaN. */
export interface ColumnStatistics {
  /** Numbers there are. */
  count: number;
  /** Cells without a usable number; count + missing = rows. */
  missing: number;
  mean: number | null;
  /** With n - 1; null below two values. */
  sd: number | null;
  min: number | null;
  /** Quartiles of type 7. */
  q1: number | null;
  median: number | null;
  q3: number | null;
  max: number | null;
  /** Median of the absolute deviations from the median, not scaled (R's `mad(constant = 1)`). */
  mad: number | null;
  /** G1; null below three values, 0 where all are equal, as pandas. */
  skewness: number | null;
  /** G2, in excess of the normal distribution's; null below four values, 0 where all are equal, as pandas. */
  kurtosis: number | null;
  /** At the lag that was asked for; see {@link autocorrelationOf}. */
  autocorrelation?: number | null;
}

/** Room to work in, as long as the longest column: taken once for many columns. */
export interface Workspace {
  present: Float64Array;
  scratch: Float64Array;
}

export const workspaceFor = (rows: number): Workspace => ({
  present: new Float64Array(rows),
  scratch: new Float64Array(rows),
});

/**
 * Describes a column of numbers; NaN and infinite values are missing. The column stays as it is.
 *
 * @param lag rows between the values whose autocorrelation is wanted; 0: none is
 */
export function describeColumn(
  values: Float64Array,
  lag = 0,
  workspace: Workspace = workspaceFor(values.length),
): ColumnStatistics {
  const { scratch } = workspace;
  const present = presentIn(values, workspace.present);
  const moments = momentsOf(present);
  const [q1, median, q3] = quantilesOf(present, [0.25, 0.5, 0.75], scratch) as [number, number, number];
  for (let i = 0; i < present.length; i++) present[i] = Math.abs(present[i]! - median);
  const [mad] = quantilesOf(present, [0.5], scratch) as [number];
  return {
    ...statisticsOf(moments, values.length, { q1, median, q3, mad }),
    ...(lag > 0 ? { autocorrelation: finite(autocorrelationOf(values, lag, moments)) } : {}),
  };
}

export interface Quartiles {
  q1: number;
  median: number;
  q3: number;
  mad: number;
}

/** Moments and quartiles as they go out. */
export function statisticsOf(moments: Moments, rows: number, quartiles: Quartiles): ColumnStatistics {
  return {
    count: moments.count,
    missing: rows - moments.count,
    mean: finite(moments.mean),
    sd: finite(sdOfMoments(moments)),
    min: finite(moments.min),
    q1: finite(quartiles.q1),
    median: finite(quartiles.median),
    q3: finite(quartiles.q3),
    max: finite(moments.max),
    mad: finite(quartiles.mad),
    skewness: finite(skewnessOf(moments)),
    kurtosis: finite(kurtosisOf(moments)),
  };
}

/** Those that are not missing, copied into `room`. */
function presentIn(values: Float64Array, room: Float64Array): Float64Array {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // False for NaN and for both infinities.
    if (value - value === 0) room[count++] = value;
  }
  return room.subarray(0, count);
}

export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
