import { ExponentialRegression, PowerRegression, TheilSenRegression } from "ml-regression";
import { quote, Refusal, refuse } from "../contract/errors";
import type { Dataset, FeatureColumn } from "./dataset";
import type { Coefficient } from "./linear/coefficients";
import { meanOf } from "./linear/terms";
import type { Scorer } from "./scorer";

/** Curves through one feature, by ml-regression. */
export type CurveForm = "exponential" | "power" | "theil-sen";

/** A curve as it is stored: `a * exp(b * x)`, `a * x^b` or `a + b * x`. */
export interface CurveModel {
  form: CurveForm;
  a: number;
  b: number;
}

export interface TrainedCurve {
  model: CurveModel;
  /** Terms `a` and `b`. ml-regression gives no standard errors for them. */
  coefficients: Coefficient[];
}

/** Theil-Sen keeps a slope for every pair of rows: 4,000 rows are 8 million. */
const maxTheilSenRows = 4000;

/**
 * Fits a curve with ml-regression. `exponential` and `power` are lines through logarithms, so they weigh relative errors
 * equally and need positive values. x is centred first (for `power`, divided by its geometric mean), because ml-regression's
 * one-pass sums lose digits where x is far from 0; the result is put back.
 */
export function trainCurve(dataset: Dataset, form: CurveForm): TrainedCurve {
  const feature = onlyFeature(dataset, form);
  if (dataset.rows < 3)
    throw new Refusal(
      refuse(
        "too-few-rows",
        `${dataset.rows} rows to learn from cannot tell two parameters of a curve: at least 3 are needed.`,
        "Collect more rows, or hold out fewer (testSize 0 learns from all of them).",
      ),
    );
  const x = feature.values;
  const y = dataset.target.values;
  checkVaries(x, feature.name);
  if (form !== "theil-sen") checkPositive(y, dataset.target.name, form);
  if (form === "power") checkPositive(x, feature.name, form);
  const model: CurveModel = { form, ...parametersOf(form, x, y) };
  const blank = { sd: null, t: null, p: null, ci: null };
  return {
    model,
    coefficients: [
      { term: "a", estimate: model.a, ...blank },
      { term: "b", estimate: model.b, ...blank },
    ],
  };
}

/** The one feature of numbers that a curve is drawn through. Refuses more, and categories. */
export function onlyFeature({ features }: Dataset, algorithm: string): FeatureColumn {
  const [feature, ...more] = features;
  if (feature && more.length === 0 && feature.kind === "number") return feature;
  throw new Refusal(
    refuse(
      "bad-request",
      `${algorithm} draws a curve through one feature of numbers, and is given ${features.map(({ name }) => quote(name)).join(", ")}.`,
      "List one feature, or use linear, polynomial or a forest.",
    ),
  );
}

function parametersOf(form: CurveForm, x: Float64Array, y: Float64Array): { a: number; b: number } {
  const targets = Array.from(y);
  if (form === "power") {
    const middle = Math.exp(meanOf(x.map(Math.log)));
    const { A, B } = new PowerRegression(
      Array.from(x, (value) => value / middle),
      targets,
    );
    return { a: A * middle ** -B, b: B };
  }
  const middle = meanOf(x);
  const centred = Array.from(x, (value) => value - middle);
  if (form === "exponential") {
    const { A, B } = new ExponentialRegression(centred, targets);
    return { a: B * Math.exp(-A * middle), b: A };
  }
  if (x.length > maxTheilSenRows)
    throw new Refusal(
      refuse(
        "too-large",
        `theil-sen compares every row with every other; ${x.length} rows are more than ${maxTheilSenRows}.`,
        "Train on a sample of the rows, or use robust-polynomial with degree 1.",
      ),
    );
  const { slope, intercept } = new TheilSenRegression(centred, targets);
  return { a: intercept - slope * middle, b: slope };
}

/** What a curve's letters mean, for the report. */
export const formulaOf = (form: CurveForm): string =>
  ({ exponential: "a * exp(b * x)", power: "a * x^b", "theil-sen": "a + b * x" })[form];

export function curveScorer({ form, a, b }: CurveModel): Scorer {
  if (form === "exponential") return { score: (row) => a * Math.exp(b * row[0]!) };
  if (form === "power") return { score: (row) => a * row[0]! ** b };
  return { score: (row) => a + b * row[0]! };
}

function checkVaries(x: Float64Array, name: string): void {
  if (x.some((value) => value !== x[0])) return;
  throw new Refusal(
    refuse(
      "ill-conditioned",
      `${quote(name)} is the same in every row to learn from, so its effect cannot be seen.`,
      "Send rows in which it varies.",
      { property: name },
    ),
  );
}

function checkPositive(values: Float64Array, name: string, form: CurveForm): void {
  const found = values.find((value) => value <= 0);
  if (found === undefined) return;
  throw new Refusal(
    refuse(
      "out-of-range",
      `${form} takes logarithms of ${quote(name)}, which is ${found} in a row.`,
      "Leave out rows that are not above 0, or use polynomial.",
      { property: name },
    ),
  );
}
