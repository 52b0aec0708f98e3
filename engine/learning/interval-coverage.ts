import type { Dataset } from "./dataset";
import type { Metrics, Report } from "./report";
import type { Scorer } from "./scorer";
import { type Warning, warningOf } from "./warning";

const level = 0.9;
const mostRows = 2000;
/** With fewer rows a low coverage may be chance. */
const fewestRows = 50;
/** 0.9 less five standard deviations of 100 rows. */
const tooFew = 0.75;

export interface Coverage {
  told: Pick<Report, "interval">;
  warnings: Warning[];
}

/** How many of the held-out rows lie within the intervals that a model promises, and how wide these are. */
export function coverageOf(scorer: Scorer, rows: Dataset, on: Metrics["on"]): Coverage {
  if (!scorer.interval || on !== "test") return { told: {}, warnings: [] };
  const count = Math.min(mostRows, rows.rows);
  const row = new Float64Array(rows.features.length);
  let inside = 0;
  let widths = 0;
  for (let k = 0; k < count; k++) {
    const i = Math.floor((k * rows.rows) / count);
    for (let f = 0; f < row.length; f++) row[f] = rows.features[f]!.values[i]!;
    const [low, high] = scorer.interval(row, level);
    const y = rows.target.values[i]!;
    if (y >= low && y <= high) inside++;
    widths += high - low;
  }
  const coverage = inside / count;
  const width = widths / count;
  if (!Number.isFinite(width)) return { told: {}, warnings: [] };
  return {
    told: { interval: { level, coverage, width, rows: count } },
    warnings:
      count >= fewestRows && coverage < tooFew
        ? [warningOf("intervals-narrow", { level: 100 * level, coverage: Math.round(100 * coverage) })]
        : [],
  };
}
