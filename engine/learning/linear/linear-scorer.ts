import { tOfTail } from "../../statistics/student-t";
import { fromBase64 } from "../base64";
import type { Scorer } from "../scorer";
import { quadraticForm } from "./coefficients";
import { termValue } from "./terms";
import type { LinearModel } from "./train-linear";

/** Scores rows with a linear model. An unknown category counts as the average one. */
export function linearScorer({ base, terms, spread }: LinearModel): Scorer {
  const u = new Float64Array(terms.length);
  const covariance = spread ? new Float64Array(fromBase64(spread.covariance).buffer) : undefined;

  function standardised(row: Float64Array): void {
    for (let j = 0; j < terms.length; j++) {
      const term = terms[j]!;
      const x = row[term.feature]!;
      u[j] = term.category !== undefined && Number.isNaN(x) ? 0 : (termValue(term, x) - term.mean) / term.norm;
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
        const { feature, weight } = terms[j]!;
        into[feature] = into[feature]! + weight * u[j]!;
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
