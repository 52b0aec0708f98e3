import type { Dataset } from "./dataset";
import { isError } from "./metrics";
import { randomOf, shuffle } from "./random";
import type { Report } from "./report";

type Importance = NonNullable<Report["permutationImportance"]>;

/** Apart from the streams of trees, splits and folds. */
const shuffleStream = 0x5f1e;

/**
 * How much worse a model gets when the values of one feature are shuffled among the rows, so that they say nothing any more
 * (L. Breiman, Random forests, Machine Learning 45, 2001, section 10), as scikit-learn's `permutation_importance`.
 *
 * @param score the metric of the rows with a feature changed; undefined where it cannot be computed
 * @returns largest first; undefined where the metric cannot be computed
 */
export function permutationImportance(
  rows: Dataset,
  score: (changed: Dataset) => number | undefined,
  { metric, repeats, seed }: { metric: string; repeats: number; seed: number },
  onPart: (share: number) => void = () => {},
): Importance | undefined {
  const whole = score(rows);
  if (whole === undefined) return undefined;
  const sign = isError(metric) ? -1 : 1;
  const random = randomOf(seed, shuffleStream);
  const order = Int32Array.from({ length: rows.rows }, (_, i) => i);
  const found: Importance = rows.features.map(({ name, values }, f) => {
    const losses = Array.from({ length: repeats }, () => {
      shuffle(order, random);
      const features = [...rows.features];
      features[f] = { ...features[f]!, values: Float64Array.from(order, (row) => values[row]!) };
      return sign * (whole - (score({ ...rows, features }) ?? whole));
    });
    onPart((f + 1) / rows.features.length);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / repeats;
    const squares = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
    return { feature: name, mean, sd: repeats > 1 ? Math.sqrt(squares / (repeats - 1)) : null };
  });
  return found.sort((a, b) => b.mean - a.mean);
}
