import { tOfTail, twoSidedTail } from "../../statistics/student-t";
import type { FeatureColumn } from "../dataset";
import { type Factor, type Term, termName } from "./terms";

/** One line of a coefficient table, in the data's own units. */
export interface Coefficient {
  /** `(intercept)`, a feature's name, `x^2`, `type=L` for a category, or `x × z` for an interaction. */
  term: string;
  estimate: number;
  /** Standard error. Null where the method gives none. */
  sd: number | null;
  /** estimate / sd */
  t: number | null;
  /** Two-sided p value of the estimate being 0, by Student's t. */
  p: number | null;
  /** Confidence interval at 95 %. */
  ci: [number, number] | null;
  /**
   * Variance inflation factor, 1 / (1 - R2) of the column by the others: how many times larger the square of `sd` is than if
   * they did not vary together. Only of plain terms (degree 1) beside an intercept. More than 10 is much.
   */
  vif?: number;
}

export interface Uncertainty {
  /** (U'U)^-1 of the standardised columns, row by row. */
  covariance: Float64Array;
  residualSd: number;
  df: number;
  rows: number;
}

/**
 * The coefficients of standardised terms, put back into the data's units. Each is a sum of multiples of the terms' weights,
 * and so its standard error follows from their covariance.
 */
export function coefficientTable(
  terms: readonly Term[],
  features: readonly FeatureColumn[],
  base: number,
  intercept: boolean,
  uncertainty: Uncertainty | undefined,
): Coefficient[] {
  const table: Coefficient[] = [];
  const weights = Float64Array.from(terms, (term) => term.weight);
  const add = (term: string, multiples: Float64Array, constant: number, isIntercept: boolean): void => {
    let estimate = constant;
    for (let j = 0; j < weights.length; j++) estimate += multiples[j]! * weights[j]!;
    table.push({ term, estimate, ...judged(estimate, multiples, uncertainty, isIntercept) });
  };

  const sums = terms.map(monomialsOf);
  const multiplesOf = (key: string): Float64Array =>
    Float64Array.from(terms, (term, j) => (sums[j]!.get(key) ?? 0) / term.norm);
  if (intercept) {
    const multiples = multiplesOf("");
    terms.forEach(({ mean, norm }, j) => {
      multiples[j] = multiples[j]! - mean / norm;
    });
    add("(intercept)", multiples, base, true);
  }
  const isPlain = terms.every(({ power, by }) => power === 1 && !by);
  for (const [j, term] of terms.entries()) {
    add(termName(term, features), multiplesOf(keyOf(term)), 0, false);
    // Of centred columns of length 1, X'X holds their correlations, and the diagonal of its inverse the factors.
    if (intercept && uncertainty && isPlain) table.at(-1)!.vif = uncertainty.covariance[j * (terms.length + 1)]!;
  }
  return table;
}

const keyOfPower = ({ feature, category }: Factor, power: number): string =>
  category !== undefined ? `${feature}=${category}` : power === 0 ? "" : `${feature}^${power}`;
const joined = (a: string, b: string): string => (a === "" ? b : b === "" ? a : `${a}*${b}`);

/** Which product of features in their own units the term stands for. */
const keyOf = (term: Term): string =>
  joined(keyOfPower(term, term.power), term.by ? keyOfPower(term.by, term.by.power) : "");

/** The term multiplied out, as a sum of products of features in their own units: how many times each of them is in it. */
function monomialsOf(term: Term): Map<string, number> {
  const sum = new Map<string, number>();
  for (const [key, multiple] of powersOf(term))
    for (const [other, times] of term.by ? powersOf(term.by) : [["", 1] as const])
      sum.set(joined(key, other), multiple * times);
  return sum;
}

/** ((x - shift) / scale)^k has x^i with the multiple C(k, i) (-shift)^(k - i) / scale^k. */
function powersOf(factor: Factor): [string, number][] {
  const { category, power, shift, scale } = factor;
  if (category !== undefined) return [[keyOfPower(factor, 1), 1]];
  return Array.from({ length: power + 1 }, (_, i) => [
    keyOfPower(factor, i),
    (binomial(power, i) * (-shift) ** (power - i)) / scale ** power,
  ]);
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}

function judged(
  estimate: number,
  multiples: Float64Array,
  uncertainty: Uncertainty | undefined,
  isIntercept: boolean,
): Pick<Coefficient, "sd" | "t" | "p" | "ci"> {
  if (!uncertainty) return { sd: null, t: null, p: null, ci: null };
  const { covariance, residualSd, df, rows } = uncertainty;
  const sd = residualSd * Math.sqrt(quadraticForm(covariance, multiples) + (isIntercept ? 1 / rows : 0));
  const t = sd > 0 ? estimate / sd : null; // null: the fit is exact, and there is nothing to compare with
  const half = tOfTail(0.05, df) * sd;
  return { sd, t, p: t === null ? null : twoSidedTail(t, df), ci: [estimate - half, estimate + half] };
}

/** v' M v of a symmetric matrix. */
export function quadraticForm(matrix: Float64Array, v: Float64Array): number {
  const p = v.length;
  let sum = 0;
  for (let i = 0; i < p; i++) {
    if (v[i] === 0) continue;
    let inner = 0;
    for (let j = 0; j < p; j++) inner += matrix[i * p + j]! * v[j]!;
    sum += v[i]! * inner;
  }
  return Math.max(0, sum);
}
