import { Refusal } from "../contract/errors";
import { crossValidate, type FoldValues, summaryOf } from "./cross-validate";
import type { Dataset, Label } from "./dataset";
import type { ForestMeans } from "./forest/train-forest";
import { isError } from "./metrics";
import { type Algorithm, algorithms, type TrainOptions } from "./options";
import type { Report } from "./report";
import type { Split } from "./split";
import { algorithmsOf, type Candidate, candidatesOf } from "./tune-candidates";

/** What a search found, as the report has it. */
export interface Tuning {
  search: "grid" | "random";
  /** What candidates are compared by. */
  metric: string;
  folds: number;
  /** In the order in which they were tried. `mean` and `sd` (n - 1) over the folds; null, with the reason, where it could not be fitted. */
  tried: { settings: Candidate; mean: number | null; sd: number | null; reason?: string }[];
  /** The settings with the best mean: those of the model. */
  best: Candidate;
  /** The simplest settings within one standard error of the best, and why. */
  recommendation: { settings: Candidate; reason: string };
  /**
   * What the best is ahead of the next one by (of another algorithm, where several are compared): the mean of the folds'
   * differences, and its standard error. Null where there is no other. Not `clear`: no more than one standard error.
   */
  margin: { to: Candidate; difference: number; standardError: number; clear: boolean } | null;
}

export interface Tuned {
  tuning: Tuning;
  /** Of the best. */
  crossValidation: NonNullable<Report["crossValidation"]>;
}

interface Tried {
  settings: Candidate;
  values: FoldValues;
  mean: number;
  sd: number;
}

/**
 * Cross-validates every candidate on the same folds and takes the best. A candidate that cannot be fitted is listed with the
 * reason. Recommends by the one-standard-error rule: the simplest candidate that is not worse than the best by more than the
 * standard error of the best's mean (L. Breiman et al., Classification and Regression Trees, 1984, 3.4.3; Hastie, Tibshirani
 * and Friedman, The Elements of Statistical Learning, 2nd ed., 7.10).
 *
 * @param onFold told how many folds of all candidates are done, and of how many
 */
export function tune(
  training: Dataset,
  folds: readonly Split[],
  options: TrainOptions,
  positive: Label | null,
  metric: string,
  onFold: (done: number, of: number) => void = () => {},
  means: ForestMeans = {},
): Tuned {
  const candidates = candidatesOf(options);
  const of = candidates.length * folds.length;
  const tried: Tuning["tried"] = [];
  const fitted: Tried[] = [];
  let firstRefusal: Refusal | undefined;
  candidates.forEach((settings, c) => {
    try {
      const told = (done: number): void => onFold(c * folds.length + done, of);
      const values = crossValidate(training, folds, { ...options, ...settings }, positive, told, means);
      const { mean, sd } = summaryOf(values, folds.length);
      if (!Number.isFinite(mean[metric])) tried.push({ ...failed(settings), reason: `${metric} cannot be computed.` });
      else {
        fitted.push({ settings, values, mean: mean[metric]!, sd: sd[metric]! });
        tried.push({ settings, mean: mean[metric]!, sd: sd[metric]! });
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      firstRefusal ??= error;
      tried.push({ ...failed(settings), reason: error.info.message });
      onFold((c + 1) * folds.length, of);
    }
  });
  if (fitted.length === 0) throw noneLeft(firstRefusal, metric);

  const sign = isError(metric) ? -1 : 1;
  fitted.sort((a, b) => sign * (b.mean - a.mean)); // stable: of equals the first that was tried
  const best = fitted[0]!;
  const severalAlgorithms = algorithmsOf(options).length > 1;
  const next =
    (severalAlgorithms && fitted.find(({ settings }) => settings.algorithm !== best.settings.algorithm)) || fitted[1];
  return {
    tuning: {
      search: options.search,
      metric,
      folds: folds.length,
      tried,
      best: best.settings,
      recommendation: recommend(fitted, metric, folds.length, options.algorithm),
      margin: next ? marginBetween(best, next, metric, sign) : null,
    },
    crossValidation: summaryOf(best.values, folds.length),
  };
}

const failed = (settings: Candidate): { settings: Candidate; mean: null; sd: null } => ({
  settings,
  mean: null,
  sd: null,
});

function noneLeft(first: Refusal | undefined, metric: string): Refusal {
  if (!first)
    return new Refusal({
      code: "too-few-rows",
      message: `${metric} cannot be computed of any candidate: the folds are too small to show it.`,
      hint: "Use fewer folds, or send more rows.",
      property: "folds",
    });
  const { info } = first;
  return new Refusal({ ...info, message: `No candidate of tune could be fitted. The first: ${info.message}` });
}

/** The simplest within one standard error of the best. `fitted` begins with the best. */
function recommend(
  fitted: readonly Tried[],
  metric: string,
  folds: number,
  algorithm: Algorithm,
): Tuning["recommendation"] {
  const best = fitted[0]!;
  const error = best.sd / Math.sqrt(folds);
  const near = fitted.filter(({ mean }) => Math.abs(mean - best.mean) <= error);
  const [simplest] = near.sort((a, b) => compareSizes(sizesOf(a.settings, algorithm), sizesOf(b.settings, algorithm)));
  if (!simplest || simplest === best)
    return {
      settings: best.settings,
      reason:
        fitted.length === 1
          ? "Nothing else could be fitted."
          : `It has the best ${metric}, ${short(best.mean)}, and nothing simpler is within one standard error (${short(error)}) of it.`,
    };
  return {
    settings: simplest.settings,
    reason: `Its ${metric} of ${short(simplest.mean)} is within one standard error (${short(error)}) of the best, ${short(best.mean)}, and it is simpler.`,
  };
}

/**
 * What makes a model larger, the most telling first: a forest more than a polynomial more than a line; higher degrees,
 * products, weaker ridge; deeper trees, smaller leaves, more trees.
 */
function sizesOf(settings: Candidate, algorithm: Algorithm): number[] {
  const { degree = 1, interactions = false, alpha = 0, maxDepth = 0, minLeaf = 1, trees = 0 } = settings;
  return [
    algorithms.indexOf(settings.algorithm ?? algorithm),
    degree,
    interactions ? 1 : 0,
    -alpha,
    maxDepth === 0 ? Number.POSITIVE_INFINITY : maxDepth,
    -minLeaf,
    trees,
  ];
}

function compareSizes(a: number[], b: number[]): number {
  const i = a.findIndex((size, k) => size !== b[k]);
  return i < 0 ? 0 : a[i]! < b[i]! ? -1 : 1;
}

/** By fold, as both were judged by the same rows: what one fold is harder by, it is for both. */
function marginBetween(best: Tried, next: Tried, metric: string, sign: number): NonNullable<Tuning["margin"]> {
  const differences: number[] = [];
  best.values[metric]!.forEach((value, fold) => {
    const other = next.values[metric]![fold]!;
    if (!Number.isNaN(value) && !Number.isNaN(other)) differences.push(sign * (value - other));
  });
  const { mean, sd } = summaryOf({ difference: differences }, differences.length);
  const standardError = (sd.difference ?? 0) / Math.sqrt(differences.length);
  const difference = mean.difference ?? 0;
  return { to: next.settings, difference, standardError, clear: difference > standardError };
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
