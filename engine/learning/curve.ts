import { quote, Refusal, refuse } from "../contract/errors";
import type { Dataset, FeatureColumn, TargetColumn } from "./dataset";
import type { Coefficient } from "./linear/coefficients";
import { linearScorer } from "./linear/linear-scorer";
import { type LinearModel, trainLinear } from "./linear/train-linear";
import type { Scorer } from "./scorer";
import { theilSen } from "./theil-sen";
import { type Warning, warningOf } from "./warning";

/** Curves through one feature. */
export type CurveForm = "exponential" | "power" | "theil-sen";

/** A curve as it is stored: `a * exp(b * x)`, `a * x^b` or `a + b * x`. */
export interface CurveModel {
  form: CurveForm;
  a: number;
  b: number;
  /** The line through logarithms that `exponential` and `power` are computed by: where x is far from 0, `a` has no digits left. */
  line?: LinearModel;
  /** The middle of the rows, through which `theil-sen` is computed. */
  middle?: { x: number; y: number };
}

export interface TrainedCurve {
  model: CurveModel;
  /** Terms `a` and `b`. */
  coefficients: Coefficient[];
  warnings: Warning[];
}

/** Theil-Sen keeps a slope for every pair of rows: 4,000 rows are 8 million. */
const maxTheilSenRows = 4000;

/**
 * Fits a curve. `exponential` and `power` are least squares through logarithms (ml-regression's ExponentialRegression and
 * PowerRegression are the same lines, without standard errors), so they weigh relative errors equally and need positive
 * values. The standard error of `a` is that of its logarithm times `a`; its confidence interval is that of the logarithm,
 * put back.
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
  const { target } = dataset;
  if (form === "theil-sen") {
    checkVaries(feature);
    checkPairs(dataset.rows);
    return trainTheilSen(feature.values, target.values);
  }
  checkPositive(target, form);
  if (form === "power") checkPositive(feature, form);
  const x = form === "power" ? feature.values.map(Math.log) : feature.values;
  const { model: line, coefficients } = trainLinear(
    { ...dataset, features: [{ ...feature, values: x }], target: { ...target, values: target.values.map(Math.log) } },
    { degree: 1, intercept: true, alpha: 0 },
  );
  const [logarithm, { vif: _, ...slope }] = coefficients as [Coefficient, Coefficient];
  const a = Math.exp(logarithm.estimate);
  const model: CurveModel = { form, a, b: slope.estimate, line };
  return {
    model,
    coefficients: [
      {
        term: "a",
        estimate: a,
        sd: logarithm.sd === null ? null : a * logarithm.sd,
        t: null,
        p: null,
        ci: logarithm.ci && [Math.exp(logarithm.ci[0]), Math.exp(logarithm.ci[1])],
      },
      { ...slope, term: "b" },
    ],
    warnings:
      a > 0 && a < Number.POSITIVE_INFINITY
        ? []
        : [warningOf("far-from-zero", { column: feature.name, at: form === "power" ? 1 : 0 })],
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

function trainTheilSen(x: Float64Array, y: Float64Array): TrainedCurve {
  const { slope, ci, middle } = theilSen(x, y);
  const a = middle.y - slope * middle.x;
  const blank = { sd: null, t: null, p: null };
  return {
    model: { form: "theil-sen", a, b: slope, middle },
    coefficients: [
      { term: "a", estimate: a, ...blank, ci: null },
      { term: "b", estimate: slope, ...blank, ci },
    ],
    warnings: [],
  };
}

/** What a curve's letters mean, for the report. */
export const formulaOf = (form: CurveForm): string =>
  ({ exponential: "a * exp(b * x)", power: "a * x^b", "theil-sen": "a + b * x" })[form];

export function curveScorer({ form, a, b, line, middle }: CurveModel): Scorer {
  if (line) return throughLogarithms(linearScorer(line), form === "power");
  if (middle) return { score: (row) => middle.y + b * (row[0]! - middle.x) };
  if (form === "exponential") return { score: (row) => a * Math.exp(b * row[0]!) };
  if (form === "power") return { score: (row) => a * row[0]! ** b };
  return { score: (row) => a + b * row[0]! };
}

function throughLogarithms({ score, interval }: Scorer, isPower: boolean): Scorer {
  const x = new Float64Array(1);
  const read = (row: Float64Array): Float64Array => {
    x[0] = isPower ? Math.log(row[0]!) : row[0]!;
    return x;
  };
  return {
    score: (row) => Math.exp(score(read(row))),
    ...(interval
      ? {
          interval: (row: Float64Array, level: number): [number, number] => {
            const [low, high] = interval(read(row), level);
            return [Math.exp(low), Math.exp(high)];
          },
        }
      : {}),
  };
}

function checkVaries({ name, values }: FeatureColumn): void {
  if (values.some((value) => value !== values[0])) return;
  throw new Refusal(
    refuse(
      "ill-conditioned",
      `${quote(name)} is the same in every row to learn from, so its effect cannot be seen.`,
      "Send rows in which it varies.",
      { property: name },
    ),
  );
}

function checkPairs(rows: number): void {
  if (rows <= maxTheilSenRows) return;
  throw new Refusal(
    refuse(
      "too-large",
      `theil-sen compares every row with every other; ${rows} rows are more than ${maxTheilSenRows}.`,
      "Train on a sample of the rows, or use robust-polynomial with degree 1.",
    ),
  );
}

/** Refuses a column that has no logarithm in some row. */
export function checkPositive({ name, values }: FeatureColumn | TargetColumn, form: CurveForm): void {
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
