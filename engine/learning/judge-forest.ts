import { quote, Refusal, refuse } from "../contract/errors";
import { type Dataset, type Label, takeRows } from "./dataset";
import { foldsOf } from "./folds";
import { type ForestModel, forestOf } from "./forest/forest-model";
import { forestScorer } from "./forest/forest-scorer";
import type { Tree } from "./forest/grow-tree";
import { type OutOfBag, outOfBag } from "./forest/out-of-bag";
import { withKnownCategories } from "./known-categories";
import { type Costs, classMetrics, regressionMetrics } from "./metrics";
import { costsOf, type TrainOptions } from "./options";
import { numberedFor } from "./order-categories";
import type { Metrics, Report } from "./report";
import { chooseThreshold, secondBy, type Threshold, thresholdOfCosts } from "./threshold";
import { type Warning, warningOf } from "./warning";

export interface JudgedForest {
  threshold?: Threshold;
  told: Pick<Report, "outOfBag" | "threshold">;
  warnings: Warning[];
}

/** Parts of the cross-validation that a threshold is chosen by where there are no rows out of bag. */
const thresholdFolds = 5;

/**
 * What the rows that a forest has learned from say of it without being held out: where its classes part by cost, and how good
 * it is out of bag.
 *
 * @param dataset what the trees were grown from
 * @param positive the class that the costs speak of
 * @param refit grows another forest from a part of the rows
 */
export function judgeForest(
  dataset: Dataset,
  trees: readonly Tree[],
  options: TrainOptions,
  positive: Label | null,
  refit: (part: Dataset) => ForestModel,
): JudgedForest {
  const costs = costsOf(options);
  if (costs) checkTwoClasses(dataset);
  const isOurs = options.engine === "meditwin";
  // Rows of one group or of one time are much alike, so that a tree knows those that it has not seen by their neighbours.
  const isApart = options.split === "group" || options.split === "time";
  const wantsBag = isOurs && (options.outOfBag || (costs !== undefined && !isApart));
  const bag = wantsBag ? outOfBag(trees, dataset, options.seed) : undefined;
  const chosen =
    costs && positive !== null
      ? bag && !isApart
        ? thresholdBy(dataset, bag, "out-of-bag", costs, positive)
        : thresholdBy(dataset, crossValidated(dataset, options, refit), "cross-validation", costs, positive)
      : undefined;
  const threshold = chosen && { positive: chosen.positive, value: chosen.value };
  return {
    ...(threshold ? { threshold } : {}),
    told: {
      ...(bag && bag.rows.length > 0
        ? { outOfBag: { rows: bag.rows.length, metrics: metricsOf(dataset, bag, threshold, positive, costs) } }
        : {}),
      ...(chosen ? { threshold: chosen } : {}),
    },
    warnings: [
      ...(chosen?.on === "costs" ? [warningOf("no-threshold")] : []),
      ...(bag && isApart ? [warningOf("out-of-bag-flatters", { split: options.split })] : []),
    ],
  };
}

function checkTwoClasses({ target }: Dataset): void {
  const { labels = [], name } = target;
  if (labels.length === 2) return;
  throw new Refusal(
    refuse(
      "bad-request",
      `costMissed and costFalseAlarm are set, but ${quote(name)} has ${labels.length} classes: a threshold parts two.`,
      "Set both to 0, or train on a target of two classes.",
      { property: "costMissed" },
    ),
  );
}

/** Probabilities of rows by models that have not seen them. */
type Unseen = Pick<OutOfBag, "rows" | "probabilities">;

function thresholdBy(
  { target }: Dataset,
  { rows, probabilities }: Unseen,
  on: "out-of-bag" | "cross-validation",
  costs: Costs,
  positive: Label,
): NonNullable<Report["threshold"]> {
  const labels = target.labels!;
  const ofPositive = labels.indexOf(positive);
  const isPositive = Array.from(rows, (row) => target.values[row] === ofPositive);
  const asked = { costMissed: costs.missed, costFalseAlarm: costs.falseAlarm };
  if (!isPositive.includes(true) || !isPositive.includes(false))
    return { positive, value: thresholdOfCosts(costs), ...asked, on: "costs", expectedCost: null, costAtHalf: null };
  const isSecond = secondBy(undefined);
  const isCalled = (i: number): boolean => isSecond(probabilities[1]![i]!) === (ofPositive === 1);
  const { value, ...found } = chooseThreshold(isPositive, probabilities[ofPositive]!, isCalled, costs);
  return { positive, value, ...asked, on, ...found };
}

function crossValidated(dataset: Dataset, options: TrainOptions, refit: (part: Dataset) => ForestModel): Unseen {
  const rows: number[] = [];
  const found: [number[], number[]] = [[], []];
  const row = new Float64Array(dataset.features.length);
  const shares = new Float64Array(2);
  const apart = options.split === "group" && dataset.groups ? new Set(dataset.groups).size : dataset.rows;
  const folds = Math.min(thresholdFolds, apart);
  for (const { train, test } of folds >= 2 ? foldsOf(dataset, folds, options) : []) {
    const known = numberedFor(options, withKnownCategories(dataset, train), train);
    const scorer = forestScorer(forestOf(refit(takeRows(known, train))));
    for (const i of test) {
      for (let f = 0; f < row.length; f++) row[f] = known.features[f]!.values[i]!;
      scorer.probabilities!(row, shares);
      rows.push(i);
      found[0].push(shares[0]!);
      found[1].push(shares[1]!);
    }
  }
  return { rows: Int32Array.from(rows), probabilities: found.map((list) => Float64Array.from(list)) };
}

/** Metrics of rows out of bag. */
export function metricsOf(
  { target }: Dataset,
  { rows, mean, probabilities }: OutOfBag,
  threshold: Threshold | undefined,
  positive: Label | null,
  costs: Costs | undefined,
): Metrics {
  const actual = Float64Array.from(rows, (row) => target.values[row]!);
  const { labels } = target;
  if (!labels) return regressionMetrics(actual, mean, "out-of-bag");
  const isSecond = secondBy(threshold, labels);
  const predicted = Float64Array.from(rows, (_, i) => {
    if (labels.length === 2) return Number(isSecond(mean[i]!));
    let best = 0;
    for (let c = 1; c < labels.length; c++) if (probabilities[c]![i]! > probabilities[best]![i]!) best = c;
    return best;
  });
  return classMetrics({ actual, predicted, probabilities }, labels, positive, "out-of-bag", costs);
}
