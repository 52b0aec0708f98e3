import { tOfTail } from "../../statistics/student-t";
import { fromBase64 } from "../base64";
import type { Scorer } from "../scorer";
import { quadraticForm } from "./coefficients";
import { lacksCategory, termValue } from "./terms";
import type { LinearModel } from "./train-linear";

/** Scores rows with a linear model. An unknown category counts as the average one. */
export function linearScorer({ base, terms, spread }: LinearModel): Scorer {
  const u = new Float64Array(terms.length);
  const covariance = spread ? new Float64Array(fromBase64(spread.covariance).buffer) : undefined;

  function standardised(row: Float64Array): void {
    for (let j = 0; j < terms.length; j++) {
      const term = terms[j]!;
      u[j] = lacksCategory(term, row) ? 0 : (termValue(term, row) - term.mean) / term.norm;
    }
  }
  function score(row: Float64Array): number {
    standardised(row);
    let value = base;
    for (let j = 0; j < terms.length; j++) value += terms[j]!.weight * u[j]!;
    return value;
  }
  return {
    score,
    contributions(row, into) {
      standardised(row);
      into.fill(0);
      for (let j = 0; j < terms.length; j++) {
        const { feature, by, weight } = terms[j]!;
        // Of a product each of the two has half, which is its Shapley value.
        const part = by ? (weight * u[j]!) / 2 : weight * u[j]!;
        into[feature] = into[feature]! + part;
        if (by) into[by.feature] = into[by.feature]! + part;
      }
      return base;
    },
    /** Prediction interval by Student's t: the spread of single values, and what the coefficients are unsure of. */
    ...(spread && covariance
      ? {
          interval: (row: Float64Array, level: number): [number, number] => {
            const value = score(row);
            const variance = 1 + spread.baseVariance + quadraticForm(covariance, u);
            const half = tOfTail(1 - level, spread.df) * spread.residualSd * Math.sqrt(variance);
            return [value - half, value + half];
          },
        }
      : {}),
  };
}
