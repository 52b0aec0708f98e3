import type { FeatureColumn } from "../dataset";

/** How a feature was distributed over the rows that a model was trained with: rows counted in bins. */
export interface Distribution {
  /** Of numbers: upper ends, included, of all bins but the last. Deciles; fewer where many rows are equal. */
  edges?: number[];
  /** Rows in each bin; of a category in each of its texts. */
  counts: number[];
  /** Rows without a value, or with a text that is not among the categories. */
  other: number;
}

/** As many rows tell the shares to within 1 % and cost nothing to sort. */
const mostRows = 10_000;
const bins = 10;

/** Counts a feature's rows, of a long table 10,000 evenly picked ones. */
export function distributionOf({ values, categories }: FeatureColumn): Distribution {
  const rows = Math.min(values.length, mostRows);
  const picked = new Float64Array(rows);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const value = values[Math.floor((i * values.length) / rows)]!;
    if (!Number.isNaN(value)) picked[count++] = value;
  }
  const known = picked.subarray(0, count);
  const edges = categories ? undefined : decilesOf(known.sort());
  const distribution: Distribution = {
    ...(edges ? { edges } : {}),
    counts: Array.from({ length: categories?.length ?? (edges?.length ?? 0) + 1 }, () => 0),
    other: rows - known.length,
  };
  const { counts } = distribution;
  for (let i = 0; i < known.length; i++) {
    const bin = binOf(distribution, known[i]!);
    counts[bin] = counts[bin]! + 1;
  }
  return distribution;
}

/** The bin of a number, or of a category's index; -1 for NaN. */
export function binOf({ edges }: Distribution, value: number): number {
  if (Number.isNaN(value)) return -1;
  if (!edges) return value;
  let bin = 0;
  while (bin < edges.length && value > edges[bin]!) bin++;
  return bin;
}

/** Inner deciles of sorted values, by linear interpolation (type 7, as numpy has it), each once. */
function decilesOf(sorted: Float64Array): number[] {
  if (sorted.length === 0) return [];
  const edges: number[] = [];
  for (let k = 1; k < bins; k++) {
    const at = ((sorted.length - 1) * k) / bins;
    const low = Math.floor(at);
    const high = Math.min(low + 1, sorted.length - 1);
    const edge = sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
    if (edge !== edges.at(-1)) edges.push(edge);
  }
  return edges;
}
