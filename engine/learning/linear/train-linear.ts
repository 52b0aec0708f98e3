import { quote, Refusal, refuse } from "../../contract/errors";
import { packed } from "../base64";
import type { Dataset } from "../dataset";
import { dependencyIn, type Factors, factorsOf, inverseOfSquare, leastSquares } from "../least-squares";
import { centred } from "./centred";
import { type Coefficient, coefficientTable } from "./coefficients";
import { columnOf, countInteractions, interactionsOf, type Term, termName, termsOf } from "./terms";

export interface LinearOptions {
  /** Highest power of each number. @default 1 */
  degree: number;
  intercept: boolean;
  /** Ridge: how strongly large coefficients are held down, as scikit-learn's `Ridge(alpha)`. 0: plain least squares. */
  alpha: number;
  /** Whether each pair of features also has its product as a term. @default false */
  interactions?: boolean;
}

/** A linear model as it is stored. */
export interface LinearModel {
  /** What the terms add to: the mean of the target, or 0 without intercept. */
  base: number;
  terms: Term[];
  /** For prediction intervals. Absent for ridge. */
  spread?: {
    residualSd: number;
    df: number;
    /** 1 / n with intercept, else 0. */
    baseVariance: number;
    /** Float64, p x p. */
    covariance: string;
  };
}

/** How well the line fits the rows that it was drawn through. */
export interface LinearFit {
  rows: number;
  parameters: number;
  df: number;
  /** Null where no row is left to tell it by, as of ridge with more terms than rows. */
  residualSd: number | null;
  /** Uncentred without intercept, as NIST and R have it. */
  r2: number | null;
  r2Adjusted: number | null;
  /** Akaike's and Schwarz's criteria as R's `AIC` and `BIC` have them (normal errors, their variance counted as a parameter). Null where the fit is exact, or has no row left. */
  aic: number | null;
  bic: number | null;
}

export interface TrainedLinear {
  model: LinearModel;
  coefficients: Coefficient[];
  fit: LinearFit;
}

/** Linear, polynomial and ridge regression by least squares on centred and scaled columns. */
export function trainLinear(dataset: Dataset, options: LinearOptions): TrainedLinear {
  const { intercept, alpha } = options;
  const terms = designOf(dataset, options);
  if (alpha === 0) checkRows(dataset, terms.length, intercept);
  const columns = terms.map((term) => centred(columnOf(term, dataset), intercept));
  const target = centred(dataset.target.values, intercept);
  const base = target.mean;
  terms.forEach((term, j) => {
    term.mean = columns[j]!.mean;
    term.norm = columns[j]!.norm;
  });
  const factors = factorsOf(columns, target, alpha);
  if (alpha === 0) checkRank(terms, factors, dataset, intercept);

  const { estimates, squares } = leastSquares(columns, target, factors, alpha);
  terms.forEach((term, j) => {
    term.weight = estimates[j]!;
    // A column of zeros, which only ridge takes, has weight 0.
    term.norm ||= 1;
  });
  const fit = fitOf(dataset.rows, terms.length + (intercept ? 1 : 0), intercept, squares, target.norm ** 2);
  const covariance = alpha === 0 ? inverseOfSquare(factors.r) : undefined;
  const { residualSd, df } = fit;
  const uncertainty =
    covariance && residualSd !== null ? { covariance, residualSd, df, rows: dataset.rows } : undefined;
  return {
    model: {
      base,
      terms,
      ...(uncertainty
        ? {
            spread: {
              residualSd: uncertainty.residualSd,
              df,
              baseVariance: intercept ? 1 / dataset.rows : 0,
              covariance: packed(uncertainty.covariance),
            },
          }
        : {}),
    },
    coefficients: coefficientTable(terms, dataset.features, base, intercept, uncertainty),
    fit,
  };
}

/** Most categories of one feature; more are rather names than categories. */
const maxCategories = 100;
const maxTerms = 1000;
/** Of the design: 400 MB, where all columns are powers, categories or products; numbers as they stand are not copied. */
const maxDesignCells = 50e6;

function designOf({ features, rows }: Dataset, { degree, intercept, interactions }: LinearOptions): Term[] {
  let standsForAll = intercept;
  const terms = features.flatMap((feature, index) => {
    const count = feature.categories?.length ?? 0;
    if (count > maxCategories)
      throw new Refusal(
        refuse(
          "wrong-type",
          `The feature ${quote(feature.name)} has ${count} different texts; a linear model takes up to ${maxCategories}.`,
          "Leave it out, or make it a number first.",
          { property: feature.name },
        ),
      );
    const allCategories = feature.kind === "category" && !standsForAll;
    if (allCategories) standsForAll = true;
    return termsOf(feature, index, degree, intercept, allCategories);
  });
  const count = terms.length + (interactions ? countInteractions(features) : 0);
  if (count > maxTerms || count * rows > maxDesignCells)
    throw new Refusal(
      refuse(
        "too-large",
        count > maxTerms
          ? `The model would have ${count} terms, more than ${maxTerms}.`
          : `${rows} rows x ${count} terms are ${count * rows} cells, more than ${maxDesignCells}.`,
        `List fewer features${interactions ? ", leave interactions out" : ""}, or use forest-regressor.`,
      ),
    );
  return interactions ? [...terms, ...interactionsOf(features, intercept)] : terms;
}

/** A line through as many points as it has parameters fits any data: there must be a row more to tell anything by. */
function checkRows(dataset: Dataset, terms: number, intercept: boolean): void {
  const parameters = terms + (intercept ? 1 : 0);
  if (dataset.rows > parameters) return;
  const names = dataset.features.map((feature) => feature.name);
  const of =
    terms === names.length
      ? plural(terms, "feature")
      : `${plural(terms, "term")} of ${plural(names.length, "feature")}`;
  throw new Refusal(
    refuse(
      "too-few-rows",
      `${plural(dataset.rows, "row")} to learn from cannot tell ${of}${intercept ? " and an intercept" : ""} apart: at least ${plural(parameters + 1, "row")} are needed.`,
      "Collect more rows, use fewer features, or hold out fewer rows (testSize 0 learns from all of them).",
    ),
  );
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function checkRank(terms: Term[], factors: Factors, { features, rows }: Dataset, intercept: boolean): void {
  const name = (j: number): string => quote(termName(terms[j]!, features));
  for (let j = 0; j < terms.length; j++) {
    // Of a constant column, centring leaves no more than rounding.
    const { norm, mean } = terms[j]!;
    if (norm > Math.abs(mean) * Math.sqrt(rows) * 1e-14) continue;
    throw new Refusal(
      refuse(
        "ill-conditioned",
        `${name(j)} is ${intercept ? "the same" : "0"} in every row to learn from, so its effect cannot be seen.`,
        "Leave it out, or send rows in which it varies.",
        { property: features[terms[j]!.feature]!.name },
      ),
    );
  }
  // Rounding, with some room, of the numbers before centring, relative to the column's length after it.
  const rounding = terms.map(({ mean, norm }) => 1e-14 * (1 + (Math.abs(mean) * Math.sqrt(rows)) / norm));
  const dependency = dependencyIn(factors, rounding);
  if (!dependency) return;
  const from = dependency.from.map(name);
  throw new Refusal(
    refuse(
      "ill-conditioned",
      `${name(dependency.column)} can be computed from ${listOf(from)} in these rows, so nothing can tell their effects apart.`,
      terms[dependency.column]!.power > 1
        ? "Use a lower degree, or leave the feature out."
        : "Leave one of them out, or use ridge, which shares the effect among them.",
      { property: features[terms[dependency.column]!.feature]!.name },
    ),
  );
}

const listOf = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? "the intercept") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/**
 * @param rest sum of squares that the line leaves
 * @param total sum of squares of the target, centred with intercept
 */
function fitOf(rows: number, parameters: number, intercept: boolean, rest: number, total: number): LinearFit {
  const df = Math.max(0, rows - parameters);
  const r2 = total > 0 ? 1 - rest / total : null;
  // -2 log likelihood
  const deviance = rest > 0 && df > 0 ? rows * (Math.log((2 * Math.PI * rest) / rows) + 1) : null;
  return {
    rows,
    parameters,
    df,
    residualSd: df > 0 ? Math.sqrt(rest / df) : null,
    r2,
    r2Adjusted: r2 === null || df === 0 ? null : 1 - ((1 - r2) * (rows - (intercept ? 1 : 0))) / df,
    aic: deviance === null ? null : deviance + 2 * (parameters + 1),
    bic: deviance === null ? null : deviance + Math.log(rows) * (parameters + 1),
  };
}
