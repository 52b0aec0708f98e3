import { compareWith } from "./compare";
import { crossValidate, summaryOf } from "./cross-validate";
import { checkPositive, onlyFeature } from "./curve";
import { type Dataset, takeRows, withoutMissing } from "./dataset";
import { familiarityOf } from "./domain/familiarity";
import { evaluate, evaluateBaseline } from "./evaluate";
import { fingerprintOf } from "./fingerprint";
import { fitModel } from "./fit";
import { foldsOf } from "./folds";
import type { ForestMeans } from "./forest/train-forest";
import { checkGate, judgeGate, parseGate } from "./gate";
import { decidingMetric, headlineOf, imbalanceOf, imbalanceWarnings } from "./headline";
import { importanceOf } from "./importance";
import { coverageOf } from "./interval-coverage";
import { withKnownCategories } from "./known-categories";
import { leaksIn } from "./leakage";
import { meanOf } from "./linear/terms";
import { featureSpecs, type Model, scorerOf } from "./model";
import { costsOf, isForest, type TrainOptions, taskOf } from "./options";
import { numberedFor } from "./order-categories";
import { positiveOf } from "./positive-class";
import type { Report } from "./report";
import { splitRows } from "./split";
import { checkForestRows, checkSomeRows, refuseSplitColumn, withHeldOut } from "./train-checks";
import { tune } from "./tune";
import { algorithmsOf } from "./tune-candidates";
import { type Warning, warningOf } from "./warning";

export interface Progress {
  phase: "tuning" | "training" | "cross-validation" | "judging";
  /** 0 to 1 of the whole. */
  done: number;
  /** Of a search: how many candidates are done, and of how many. */
  candidates?: { done: number; of: number };
}

export interface Trained {
  report: Report;
  model: Model;
}

export interface TrainHooks {
  /** What a forest may use of the machine. */
  means?: ForestMeans;
  onProgress?(progress: Progress): void;
  /** An earlier model to be judged by the same rows. */
  champion?: { model: Model; version: number };
}

/**
 * Splits the rows, fits a model to one part, and judges it by the other. The same dataset, options and seed give the same
 * model, to the byte. Throws a {@link Refusal} for what cannot be learned from.
 *
 * `report.model`, `report.version` and `report.durationMs` are left for the caller: there is no registry and no clock here.
 */
export function train(given: Dataset, options: TrainOptions, hooks: TrainHooks = {}): Trained {
  const { seed, testSize } = options;
  const onProgress = hooks.onProgress ?? (() => {});
  const compared = algorithmsOf(options);
  const task = taskOf(compared[0]!);
  const gate = parseGate(options.gate);
  const costs = costsOf(options);
  checkGate(gate, task, costs !== undefined);
  const copesWithMissing = compared.every(isForest) && options.engine === "meditwin";
  const complete = copesWithMissing ? given : withoutMissing(given);
  checkSomeRows(complete, given);

  const split = splitRows(complete, { split: options.split, testSize, seed });
  if (options.split === "column" && (split.test.length === 0 || split.train.length === 0))
    refuseSplitColumn(split.test.length === 0);
  const known = withKnownCategories(complete, split.train);
  const learned = takeRows(known, split.train);
  const positive = positiveOf(learned, options.positive);
  const heldOut = split.test.length;
  if (compared.every(isForest)) withHeldOut(heldOut, () => checkForestRows(learned));

  const imbalance = imbalanceOf(learned.target);
  const metric = decidingMetric(gate, {
    isClasses: task === "classification",
    isImbalanced: imbalance !== undefined,
    hasCosts: costs !== undefined,
  });
  const isTuned = options.tune.length > 0;
  const folds =
    isTuned || options.folds >= 2 ? foldsOf(learned, options.folds >= 2 ? options.folds : usualFolds, options) : [];
  // Of the whole work, by fits: the search is done when one fit is left, else cross-validation follows the fit. Shuffling
  // features counts as one more.
  const shuffles = options.permutationRepeats > 0 ? 1 : 0;
  let fits = folds.length + 1 + shuffles;
  const onFold = (done: number, of: number): void => {
    fits = of + 1 + shuffles;
    const candidates = { done: Math.floor(done / folds.length), of: of / folds.length };
    onProgress({ phase: "tuning", done: done / fits, candidates });
  };
  const tuned = isTuned
    ? withHeldOut(heldOut, () => tune(learned, folds, options, positive, metric, onFold, hooks.means))
    : undefined;
  const before = tuned ? fits - 1 - shuffles : 0;
  const chosen: TrainOptions = { ...options, algorithm: compared[0]!, ...tuned?.tuning.best };
  const { algorithm } = chosen;
  const dataset = numberedFor(chosen, known, split.train);
  const training = dataset === known ? learned : takeRows(dataset, split.train);
  // What does not hang on the trees, and can so be found while helpers grow them.
  const aside = once(() => ({
    leaks: leaksIn(complete, split, options.split),
    features: featureSpecs(training),
    dataHash: dataHashOf(complete),
    familiarity: familiarityOf(training),
  }));
  const fitted = withHeldOut(heldOut, () =>
    fitModel(training, chosen, {
      ...hooks.means,
      meanwhile: aside,
      positive,
      onPart: (share) => onProgress({ phase: "training", done: (before + share) / fits }),
    }),
  );
  const { leaks, features, dataHash, familiarity } = aside();
  const model: Model = {
    format: 1,
    algorithm,
    engine: fitted.engine,
    task,
    target: dataset.target.name,
    ...(dataset.target.labels ? { labels: dataset.target.labels } : {}),
    features,
    dataHash,
    ...fitted.parts,
    familiarity,
  };

  const on = split.test.length > 0 ? "test" : "train";
  const held = takeRows(dataset, split.test);
  if (algorithm === "power") checkPositive(onlyFeature(held, algorithm), algorithm);
  const judgedRows = on === "test" ? held : training;
  // As NIST has it. Of held-out rows one R2 for all models, so that they can be compared.
  const uncentred = on === "train" && fitted.parts.linear !== undefined && !chosen.intercept;
  const scorer = scorerOf(model);
  const { metrics, predictions } = evaluate(scorer, judgedRows, on, positive, uncentred, costs);
  const crossValidation =
    tuned?.crossValidation ??
    (folds.length > 0
      ? summaryOf(
          crossValidate(
            training,
            folds,
            chosen,
            positive,
            (done) => onProgress({ phase: "cross-validation", done: (1 + done) / fits }),
            hooks.means,
          ),
          folds.length,
        )
      : undefined);
  const champion =
    hooks.champion && compareWith(hooks.champion, judgedRows, metrics, metric, positive, uncentred, costs);
  const coverage = coverageOf(scorer, judgedRows, on);
  const baseline = evaluateBaseline(training, judgedRows, on, positive, uncentred, costs);
  const importance = importanceOf(model, training, held, chosen, { metric, positive, uncentred }, (share) =>
    onProgress({ phase: "judging", done: (fits - 1 + share) / fits }),
  );
  onProgress({ phase: "judging", done: 1 });

  const notices = [
    ...complete.warnings,
    ...imbalanceWarnings(training.target, imbalance),
    ...fitted.warnings,
    ...importance.warnings,
    ...coverage.warnings,
    ...shift(metrics, training, judgedRows),
  ];
  const report: Report = {
    model: "",
    version: 0,
    algorithm,
    engine: fitted.engine,
    task,
    target: dataset.target.name,
    features: dataset.features.map((feature) => feature.name),
    rows: { train: split.train.length, test: split.test.length, dropped: complete.dropped },
    split: {
      kind: options.split,
      ...(options.split === "column" ? {} : { testSize }),
      heldOut: fingerprintOf([split.test]),
    },
    metrics,
    baseline,
    headline: headlineOf(metric, metrics, baseline),
    gate: judgeGate(gate, metrics),
    ...fitted.told,
    ...coverage.told,
    ...importance.told,
    ...(crossValidation ? { crossValidation } : {}),
    ...(tuned ? { tuning: tuned.tuning } : {}),
    ...(champion ? { champion } : {}),
    seed,
    dataHash,
    durationMs: 0,
    predictions,
    ...(leaks.length > 0 ? { leaks } : {}),
    ...(notices.length > 0 ? { notices } : {}),
    warnings: [...leaks, ...notices].map(({ text }) => text),
  };
  return { report, model };
}

function once<T>(find: () => T): () => T {
  let found: { value: T } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/** Of a search that says nothing of folds; what the rule of one standard error is usually used with. */
const usualFolds = 5;

/** Fingerprint of names, kinds and numbers of all rows that are learned from or judged by. */
export function dataHashOf({ features, target }: Dataset): string {
  const parts: (string | Float64Array)[] = [target.name, JSON.stringify(target.labels ?? null), target.values];
  for (const { name, kind, categories, values } of features)
    parts.push(name, kind, JSON.stringify(categories ?? null), values);
  return fingerprintOf(parts);
}

/** Says so where the held-out rows are of another time or kind than those learned from. */
function shift(metrics: Report["metrics"], training: Dataset, held: Dataset): Warning[] {
  if (!("r2" in metrics) || metrics.r2 === null || metrics.r2 >= 0 || metrics.on === "train") return [];
  const short = (value: number): string => String(Number(value.toPrecision(4)));
  const [here, there] = [training, held].map(({ target }) => short(meanOf(target.values)));
  return [warningOf("shifted", { target: held.target.name, there: there!, here: here! })];
}
