import { quantileOfSorted } from "../../statistics/quantiles";
import { packed } from "../base64";
import type { Dataset } from "../dataset";
import type { Tree } from "./grow-tree";
import type { IntervalErrors } from "./interval-errors";
import { outOfBag } from "./out-of-bag";

/** So many rows show the tails well enough; more would cost time. */
const mostRows = 2000;
/** Fewer have no tails. */
const fewestRows = 10;
const mostQuantiles = 201;

/**
 * How far a forest's predictions are off, measured by rows out of bag.
 *
 * @param dataset what the trees were grown from with this seed
 * @returns undefined where too few rows are left out by some tree
 */
export function measureErrors(trees: readonly Tree[], dataset: Dataset, seed: number): IntervalErrors | undefined {
  const count = Math.min(mostRows, dataset.rows);
  const asked = Int32Array.from({ length: count }, (_, i) => Math.floor((i * dataset.rows) / count));
  const { rows, mean, sd } = outOfBag(trees, dataset, seed, asked);
  if (rows.length < fewestRows) return undefined;
  const spread = sd.reduce((sum, one) => sum + one, 0) / rows.length / 2 || 1;
  const errors = Float64Array.from(
    rows,
    (row, i) => (dataset.target.values[row]! - mean[i]!) / (sd[i]! + spread),
  ).sort();
  const kept = Math.min(errors.length, mostQuantiles);
  const quantiles = Float64Array.from({ length: kept }, (_, i) => quantileOfSorted(errors, i / (kept - 1)));
  return { spread, quantiles: packed(quantiles) };
}
