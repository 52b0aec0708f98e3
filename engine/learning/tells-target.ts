import { pairCorrelation } from "../statistics/pair-correlation";
import { orderOf, ranksOf } from "../statistics/ranks";
import type { FeatureColumn, TargetColumn } from "./dataset";

/** In words what one column by itself says of the target, where that is more than a measurement usually does. */
export interface Telling {
  /** `all`: it predicts (nearly) every row. `class`: one of its two values stands for one class without exception. */
  tells: "all" | "class";
  text: string;
  /** What the text names: by which measure, and what it is; or how many rows, and the class. */
  values:
    | { by: "correlation" | "rank-correlation" | "variance" | "lambda"; is: number }
    | { rows: number; label: string };
}

/**
 * Whether a column alone predicts the target nearly perfectly. Of classes: Goodman and Kruskal's lambda (J. Am. Stat. Assoc. 49,
 * 1954, 732), the share of the errors of always answering the most frequent class that knowing the column saves, at least
 * 0.99; rows of a number count as known where they stand in one stretch of their class. Of numbers: Pearson's or Spearman's
 * coefficient at least 0.999 in size, of categories as much of the variance. And whether a column of two values, one of which
 * rules a rarer class in: at least ten rows, all of that class, which chance does less than once in a million.
 *
 * @param orderOfTarget `orderOf` the target's values, for who asks of many columns
 */
export function tellingOf(
  feature: FeatureColumn,
  target: TargetColumn,
  orderOfTarget = (): Uint32Array => orderOf(target.values),
): Telling | undefined {
  if (target.labels) return tellsClasses(feature, target, target.labels.map(String));
  return feature.kind === "number" ? tellsNumber(feature, target, orderOfTarget) : tellsMeans(feature, target);
}

const leastLambda = 0.99;
const leastCorrelation = 0.999;
const fewestRows = 10;

function tellsNumber(
  { name, values }: FeatureColumn,
  target: TargetColumn,
  orderOfTarget: () => Uint32Array,
): Telling | undefined {
  const plain = pairCorrelation(values, target.values);
  if (plain.n < fewestRows) return undefined;
  if (Math.abs(plain.r) >= leastCorrelation) return all("correlation", plain.r);
  const ranks = ranksOf(values, orderOf(values), target.values).ranks;
  const others = ranksOf(target.values, orderOfTarget(), values).ranks;
  const { r } = pairCorrelation(ranks, others);
  return Math.abs(r) >= leastCorrelation ? all("rank-correlation", r) : undefined;

  function all(by: "correlation" | "rank-correlation", is: number): Telling {
    const how = `${by.replace("-", " ")} ${is.toFixed(5)}`;
    return {
      tells: "all",
      text: `${name} alone predicts ${target.name} nearly perfectly (${how}).`,
      values: { by, is },
    };
  }
}

/** Share of the variance between categories, corrected for their number as R2 is; those of one row say nothing. */
function tellsMeans({ name, values, categories = [] }: FeatureColumn, target: TargetColumn): Telling | undefined {
  const count = new Float64Array(categories.length);
  const sum = new Float64Array(categories.length);
  values.forEach((c, row) => {
    if (Number.isNaN(c)) return;
    count[c] = count[c]! + 1;
    sum[c] = sum[c]! + target.values[row]!;
  });
  let [n, total] = [0, 0];
  for (let c = 0; c < count.length; c++) {
    if (count[c]! < 2) continue;
    n += count[c]!;
    total += sum[c]!;
  }
  const groups = count.filter((rows) => rows >= 2).length;
  if (n < fewestRows || groups > n / 2) return undefined;
  let [within, around] = [0, 0];
  values.forEach((c, row) => {
    if (Number.isNaN(c) || count[c]! < 2) return;
    within += (target.values[row]! - sum[c]! / count[c]!) ** 2;
    around += (target.values[row]! - total / n) ** 2;
  });
  const explained = 1 - within / (n - groups) / (around / (n - 1));
  if (!(explained >= leastCorrelation ** 2)) return undefined;
  return {
    tells: "all",
    text: `${name} alone predicts ${target.name} nearly perfectly (${(100 * explained).toFixed(1)} % of its variance).`,
    values: { by: "variance", is: explained },
  };
}

function tellsClasses(
  { name, kind, values }: FeatureColumn,
  { name: targetName, values: classes }: TargetColumn,
  labels: string[],
): Telling | undefined {
  const totals = new Float64Array(labels.length);
  for (const c of classes) totals[c] = totals[c]! + 1;
  const n = classes.length;
  const usual = n - Math.max(...totals);
  if (usual < fewestRows) return undefined;
  let errors = 0;
  let changes = 0;
  let last = -1;
  const seen = new Set<number>();
  let groups = 0;
  const firstTwo: { counts: number[]; size: number }[] = [];
  eachGroup(values, classes, labels.length, (counts, size, isMissing) => {
    if (groups++ < 2) firstTwo.push({ counts: [...counts], size });
    let most = 0;
    for (let c = 1; c < counts.length; c++) if (counts[c]! > counts[most]!) most = c;
    const isKnown = kind === "number" || size > 1;
    errors += isKnown ? size - counts[most]! : size;
    if (kind === "category" || isMissing || most === last) return;
    if (last >= 0) changes++;
    last = most;
    seen.add(most);
  });
  errors += Math.max(0, changes - Math.max(0, seen.size - 1));
  const lambda = 1 - errors / usual;
  if (lambda >= leastLambda)
    return {
      tells: "all",
      text: `${name} alone tells the classes apart nearly without error (lambda ${lambda.toFixed(3)}).`,
      values: { by: "lambda", is: lambda },
    };

  if (groups !== 2) return undefined;
  for (const { counts, size } of firstTwo) {
    const c = counts.indexOf(size);
    const share = c < 0 ? 1 : totals[c]! / n;
    if (size < fewestRows || share > 0.5 || share ** size > 1e-6) continue;
    return {
      tells: "class",
      text: `One of the two values of ${name}, in ${size} rows, never occurs unless ${targetName} is ${labels[c]}.`,
      values: { rows: size, label: labels[c]! },
    };
  }
  return undefined;
}

/**
 * Visits the rows of each value, in order of the values; rows without one last.
 *
 * @param visit is given the rows of each class, which it must not keep
 */
function eachGroup(
  values: Float64Array,
  classes: Float64Array,
  classCount: number,
  visit: (counts: Float64Array, size: number, isMissing: boolean) => void,
): void {
  const counts = new Float64Array(classCount);
  let size = 0;
  const end = (isMissing: boolean): void => {
    if (size === 0) return;
    visit(counts, size, isMissing);
    counts.fill(0);
    size = 0;
  };
  let value = Number.NaN;
  for (const row of orderOf(values)) {
    if (values[row] !== value) end(false);
    value = values[row]!;
    counts[classes[row]!]!++;
    size++;
  }
  end(false);
  for (let row = 0; row < values.length; row++) {
    if (!Number.isNaN(values[row])) continue;
    counts[classes[row]!]!++;
    size++;
  }
  end(true);
}
