import type { Dataset } from "../dataset";

/** One column of what distances are measured in: a number, or 1 where a category's text is met. */
export interface DomainColumn {
  /** Index of the feature. */
  feature: number;
  /** Index of the text. Absent for numbers. */
  category?: number;
  mean: number;
  /** Standard deviation. */
  sd: number;
}

/** How strongly columns are taken for independent: keeps those that can be computed from each other from counting without end. */
const shrinkage = 0.01;

/** The columns of a dataset: its numbers, and all texts of its categories but the first. Those that never vary are left out. */
export function domainColumns({ features }: Dataset): DomainColumn[] {
  const columns: DomainColumn[] = [];
  features.forEach(({ categories }, feature) => {
    if (!categories) columns.push({ feature, mean: 0, sd: 1 });
    for (let category = 1; category < (categories?.length ?? 0); category++)
      columns.push({ feature, category, mean: 0, sd: 1 });
  });
  return columns.filter((column) => {
    const { values } = features[column.feature]!;
    let sum = 0;
    let known = 0;
    for (let row = 0; row < values.length; row++) {
      const x = valueIn(column, values[row]!);
      if (Number.isNaN(x)) continue;
      sum += x;
      known++;
    }
    column.mean = sum / known;
    let square = 0;
    for (let row = 0; row < values.length; row++) {
      const x = valueIn(column, values[row]!);
      if (!Number.isNaN(x)) square += (x - column.mean) ** 2;
    }
    column.sd = Math.sqrt(square / known);
    return column.sd > 0;
  });
}

/** The column's part of a feature's number. NaN where it is missing or an unknown text. */
export const valueIn = ({ category }: DomainColumn, x: number): number =>
  category === undefined || Number.isNaN(x) ? x : x === category ? 1 : 0;

/** How many standard deviations a value is off; a missing one is not. */
export function standardised(column: DomainColumn, x: number): number {
  const u = (valueIn(column, x) - column.mean) / column.sd;
  return Number.isNaN(u) ? 0 : u;
}

/**
 * The lower triangle W, row by row, of W R W' = I: it makes correlated columns independent, so that a combination that breaks a
 * correlation is as far off as it is rare (P. C. Mahalanobis, 1936). R is the correlation, shrunk by 1 % towards independence.
 */
export function whiteningOf({ features, rows }: Dataset, columns: readonly DomainColumn[]): Float64Array {
  const k = columns.length;
  const sums = new Float64Array(k * k);
  const u = new Float64Array(k);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < k; i++) u[i] = standardised(columns[i]!, features[columns[i]!.feature]!.values[row]!);
    for (let i = 0; i < k; i++) for (let j = 0; j <= i; j++) sums[i * k + j] = sums[i * k + j]! + u[i]! * u[j]!;
  }
  const lower = cholesky(
    sums.map((sum, at) => {
      const isDiagonal = at % (k + 1) === 0;
      return isDiagonal ? 1 : (sum / rows) * (1 - shrinkage);
    }),
    k,
  );
  return inverseOfLower(lower, k);
}

/** L of L L' = A, of which the lower triangle is read. */
function cholesky(a: Float64Array, k: number): Float64Array {
  const lower = new Float64Array(k * k);
  for (let i = 0; i < k; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * k + j]!;
      for (let m = 0; m < j; m++) sum -= lower[i * k + m]! * lower[j * k + m]!;
      // Never 0 for a shrunk correlation; missing cells may leave it a little off.
      lower[i * k + j] = i === j ? Math.sqrt(Math.max(sum, shrinkage / 10)) : sum / lower[j * k + j]!;
    }
  return lower;
}

function inverseOfLower(lower: Float64Array, k: number): Float64Array {
  const inverse = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    inverse[i * k + i] = 1 / lower[i * k + i]!;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let m = j; m < i; m++) sum += lower[i * k + m]! * inverse[m * k + j]!;
      inverse[i * k + j] = -sum / lower[i * k + i]!;
    }
  }
  return inverse;
}
