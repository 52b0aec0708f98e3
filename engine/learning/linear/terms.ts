import type { Dataset, FeatureColumn } from "../dataset";
import { centred } from "./centred";

/** What a feature gives to a column: for numbers ((x - shift) / scale)^power; for a category 1 where the row has it, else 0. */
export interface Factor {
  /** Index of the feature. */
  feature: number;
  power: number;
  shift: number;
  scale: number;
  /** Index of the category that the factor stands for. Absent for numbers. */
  category?: number;
}

/**
 * One column of a linear model's design: a factor, or the product of two. What the model adds is
 * `weight * (column - mean) / norm`: standardisation is kept inside the model.
 */
export interface Term extends Factor {
  /** The other factor of an interaction. */
  by?: Factor;
  /** Mean of the column over the training rows; 0 without intercept. */
  mean: number;
  /** Length of the column less its mean. */
  norm: number;
  weight: number;
}

/**
 * The columns that a feature gives: its powers up to `degree`, or one for each category but the first. Powers are taken of
 * the centred and scaled feature, because those of raw values are nearly multiples of each other. Of two values, such as false
 * and true, there are none: they would be multiples.
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
  if (degree <= 1 || hasTwoValues(feature.values, intercept)) return [blank];
  const shift = intercept ? meanOf(feature.values) : 0;
  let largest = 0;
  for (const value of feature.values) largest = Math.max(largest, Math.abs(value - shift));
  return Array.from({ length: degree }, (_, k) => ({ ...blank, power: k + 1, shift, scale: largest || 1 }));
}

/** Whether all powers say the same: of two values, without an intercept of one beside 0. */
function hasTwoValues(values: Float64Array, intercept: boolean): boolean {
  const found = new Set<number>(intercept ? [] : [0]);
  for (const value of values) if (found.add(value).size > 2) return false;
  return true;
}

/**
 * What two features do together: the product of each pair of their columns of degree 1. Numbers are centred first (with
 * `intercept`), because the product of raw values is nearly a multiple of them (L. Aiken and S. West, Multiple Regression:
 * Testing and Interpreting Interactions, 1991, 3). Categories leave out their first one.
 */
export function interactionsOf(features: readonly FeatureColumn[], intercept: boolean): Term[] {
  const factors = features.map(({ kind, values, categories = [] }, feature): Factor[] => {
    const blank = { feature, power: 1, shift: 0, scale: 1 };
    if (kind === "category") return categories.slice(1).map((_, i) => ({ ...blank, category: i + 1 }));
    return [intercept ? { ...blank, shift: meanOf(values) } : blank];
  });
  return factors.flatMap((ours, a) =>
    factors
      .slice(a + 1)
      .flatMap((theirs) =>
        ours.flatMap((one) => theirs.map((by): Term => ({ ...one, by, mean: 0, norm: 1, weight: 0 }))),
      ),
  );
}

/** How many columns {@link interactionsOf} gives. */
export function countInteractions(features: readonly FeatureColumn[]): number {
  let [before, pairs] = [0, 0];
  for (const { kind, categories = [] } of features) {
    const own = kind === "category" ? Math.max(0, categories.length - 1) : 1;
    pairs += before * own;
    before += own;
  }
  return pairs;
}

/** A term's value for one row, before centring. NaN for a missing value or an unknown category. */
export function termValue(term: Term, row: ArrayLike<number>): number {
  const value = factorValue(term, row[term.feature]!);
  return term.by ? value * factorValue(term.by, row[term.by.feature]!) : value;
}

/** Whether the row has an unknown category, or none, where the term needs one. */
export const lacksCategory = ({ feature, category, by }: Term, row: ArrayLike<number>): boolean =>
  (category !== undefined && Number.isNaN(row[feature])) ||
  (by?.category !== undefined && Number.isNaN(row[by.feature]));

function factorValue({ category, power, shift, scale }: Factor, x: number): number {
  if (category !== undefined) return Number.isNaN(x) ? Number.NaN : x === category ? 1 : 0;
  if (power === 1 && scale === 1) return x - shift;
  return ((x - shift) / scale) ** power;
}

/** The term's column over the dataset: of a number as it stands that of the table itself, not a copy. */
export function columnOf(term: Term, { features }: Dataset): Float64Array {
  const { values } = features[term.feature]!;
  const { category, power, scale, shift, by } = term;
  if (category === undefined && power === 1 && scale === 1 && shift === 0 && !by) return values;
  const column = values.map((value) => factorValue(term, value));
  if (by) {
    const others = features[by.feature]!.values;
    for (let i = 0; i < others.length; i++) column[i] = column[i]! * factorValue(by, others[i]!);
  }
  return column;
}

export const meanOf = (values: Float64Array): number => centred(values).mean;

/** What a term is called in a report: `x`, `x^2`, `type=L`, `x × type=L`. */
export function termName(term: Term, features: readonly FeatureColumn[]): string {
  const name = ({ feature, category, power }: Factor): string => {
    const { name, categories } = features[feature]!;
    if (category !== undefined) return `${name}=${categories?.[category] ?? ""}`;
    return power === 1 ? name : `${name}^${power}`;
  };
  return term.by ? `${name(term)} × ${name(term.by)}` : name(term);
}
