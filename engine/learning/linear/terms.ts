import type { Dataset, FeatureColumn } from "../dataset";

/**
 * One column of a linear model's design. For numbers ((x - shift) / scale)^power; for a category 1 where the row has it,
 * else 0. What the model adds is `weight * (column - mean) / norm`: standardisation is kept inside the model.
 */
export interface Term {
  /** Index of the feature. */
  feature: number;
  power: number;
  shift: number;
  scale: number;
  /** Index of the category that the term stands for. Absent for numbers. */
  category?: number;
  /** Mean of the column over the training rows; 0 without intercept. */
  mean: number;
  /** Length of the column less its mean. */
  norm: number;
  weight: number;
}

/**
 * The columns that a feature gives: its powers up to `degree`, or one for each category but the first. Powers are taken of
 * the centred and scaled feature, because those of raw values are nearly multiples of each other.
 *
 * @param allCategories without an intercept, the first categorical feature keeps its first category: nothing else stands for it
 */
export function termsOf(
  feature: FeatureColumn,
  index: number,
  degree: number,
  intercept: boolean,
  allCategories: boolean,
): Term[] {
  const blank = { feature: index, power: 1, shift: 0, scale: 1, mean: 0, norm: 1, weight: 0 };
  if (feature.kind === "category") {
    const categories = (feature.categories ?? []).map((_, category) => ({ ...blank, category }));
    return allCategories ? categories : categories.slice(1);
  }
  if (degree <= 1) return [blank];
  const shift = intercept ? meanOf(feature.values) : 0;
  let largest = 0;
  for (const value of feature.values) largest = Math.max(largest, Math.abs(value - shift));
  return Array.from({ length: degree }, (_, k) => ({ ...blank, power: k + 1, shift, scale: largest || 1 }));
}

/** A term's value for one row, before centring. NaN for a missing value or an unknown category. */
export function termValue(term: Term, x: number): number {
  if (term.category !== undefined) return Number.isNaN(x) ? Number.NaN : x === term.category ? 1 : 0;
  if (term.power === 1 && term.scale === 1) return x - term.shift;
  return ((x - term.shift) / term.scale) ** term.power;
}

/** The term's column over the dataset, centred (with `intercept`) and of length 1; its mean and norm go into the term. */
export function standardise(term: Term, dataset: Dataset, intercept: boolean): Float64Array {
  const { values } = dataset.features[term.feature]!;
  const column = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) column[i] = termValue(term, values[i]!);
  term.mean = intercept ? meanOf(column) : 0;
  let square = 0;
  for (let i = 0; i < column.length; i++) {
    column[i] = column[i]! - term.mean;
    square += column[i]! * column[i]!;
  }
  term.norm = Math.sqrt(square);
  if (term.norm > 0) for (let i = 0; i < column.length; i++) column[i] = column[i]! / term.norm;
  return column;
}

/** Mean in two passes: the second takes away what rounding left of the first. */
export function meanOf(values: Float64Array): number {
  const n = values.length;
  if (n === 0) return 0;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i]!;
  const first = sum / n;
  let rest = 0;
  for (let i = 0; i < n; i++) rest += values[i]! - first;
  return first + rest / n;
}

/** What a term is called in a report: `x`, `x^2`, `type=L`. */
export function termName(term: Term, features: readonly FeatureColumn[]): string {
  const feature = features[term.feature]!;
  if (term.category !== undefined) return `${feature.name}=${feature.categories?.[term.category] ?? ""}`;
  return term.power === 1 ? feature.name : `${feature.name}^${term.power}`;
}
