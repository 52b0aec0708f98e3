import { isError } from "./metrics";
import type { Report } from "./report";

/** The part of a training's report that two versions are compared by. */
interface Comparable {
  report: Record<string, unknown>;
  version: number;
}

export interface ReportComparison {
  versions: [number, number];
  /** By metric: the two values and which version is better; null for what one of them does not have. */
  metrics: Record<string, { values: [number | null, number | null]; better: number | null }>;
  /** From which probability on each calls a row positive; null where the more probable class counts. */
  thresholds: [number | null, number | null];
  /** Whether both learned from and were judged by the very same rows: only then do the figures weigh one against the other. */
  sameRows: boolean;
}

/** Two versions' figures side by side. */
export function compareReports(a: Comparable, b: Comparable): ReportComparison {
  const [one, other] = [metricsOf(a), metricsOf(b)];
  const metrics: ReportComparison["metrics"] = {};
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const values: [number | null, number | null] = [one[name] ?? null, other[name] ?? null];
    const [x, y] = values;
    const isFirst = isError(name) ? (x ?? 0) < (y ?? 0) : (x ?? 0) > (y ?? 0);
    metrics[name] = { values, better: x === null || y === null || x === y ? null : isFirst ? a.version : b.version };
  }
  return {
    versions: [a.version, b.version],
    metrics,
    thresholds: [thresholdOf(a), thresholdOf(b)],
    sameRows: isSameRows(a.report, b.report),
  };
}

/** The same numbers, and the same of their rows held out. */
function isSameRows(a: Comparable["report"], b: Comparable["report"]): boolean {
  const [one, other] = [a, b].map(({ dataHash, split }) => [
    dataHash,
    (split as Partial<Report["split"]> | undefined)?.heldOut,
  ]);
  return one!.every((value, i) => typeof value === "string" && value !== "" && value === other![i]);
}

function metricsOf({ report }: Comparable): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, value] of Object.entries((report.metrics ?? {}) as Record<string, unknown>))
    if (typeof value === "number" && Number.isFinite(value)) found[name] = value;
  return found;
}

function thresholdOf({ report }: Comparable): number | null {
  const value = (report.threshold as { value?: unknown } | undefined)?.value;
  return typeof value === "number" ? value : null;
}
