import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { fitModel } from "../../engine/learning/fit";
import { trainForest } from "../../engine/learning/forest/train-forest";
import { type Model, scorerOf } from "../../engine/learning/model";
import { type TrainOptions, trainOptions } from "../../engine/learning/options";
import { predictorOf } from "../../engine/learning/predictor";
import { keepReady } from "../../nodes/twin-train/ready-threads";
import { trainInThread } from "../../nodes/twin-train/training";
import { fitThread } from "../lib/fit-thread";
import type { FlowNode } from "../lib/flows";
import { classesTable, datasetOf, type LearningTable, machines, rowOf, sumTable } from "../lib/learning-tables";
import { startMosquitto } from "../lib/processes";
import { startPublisher } from "../lib/rounds";
import { type SklearnSide, sklearnSide } from "../lib/sklearn-side";
import { quantile, ratioOf, spreadOf } from "../lib/statistics";
import { countingFlow, trainingFlow } from "../lib/training-flow";
import type { BenchCase, Row, RunOptions } from "./bench-case";
import { latencies } from "./latency";

const never = new AbortController().signal;
const cores = availableParallelism();
const seconds = async (action: () => unknown): Promise<number> => {
  const begun = performance.now();
  await action();
  return (performance.now() - begun) / 1000;
};
const ms = (values: readonly number[]): string => {
  const { median, min, max } = spreadOf(values);
  const short = (one: number): string =>
    one < 0.1 ? String(Number((1000 * one).toPrecision(2))) : Math.round(1000 * one).toLocaleString("en");
  return `${short(median)} ms (${short(min)} to ${short(max)})`;
};
const us = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): string => (1e6 * quantile(sorted, q)).toLocaleString("en", { maximumSignificantDigits: 3 });
  return `p50 ${at(0.5)} us, p99 ${at(0.99)} us`;
};
const times = (ratio: number): string => `${ratio.toPrecision(ratio < 100 ? 3 : 4)} x`;
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

/** Trained, scored and stored beside scikit-learn in a process that is kept warm, and beside ml-random-forest: the same rows, trees and depth. */
export const learning: BenchCase = {
  name: "learning",
  title: "Models beside scikit-learn and ml-random-forest",
  async run(options) {
    const { scope, log } = options;
    const sklearn = await sklearnSide(scope);
    if (sklearn) log(sklearn.version);
    else log("SCIKIT-LEARN IS NOT INSTALLED: nothing was compared with it (Debian: apt-get install python3-sklearn).");
    const table = machines();
    await sklearn?.take(table);
    return [
      ...(await forests(table, "AI4I, 10,000 rows x 6", 100, 2, sklearn, options)),
      ...(await scoring(table, sklearn, options)),
      ...(await besideLibrary(table, options)),
      ...(await large(sklearn, options)),
      ...(await line(sklearn, options)),
      ...(await ingestion(options)),
    ];
  },
};

/** As the node does it: columns to a thread, and report and stored model back. It learns from all rows, and is judged by one more. */
async function wholeWay(table: LearningTable, options: TrainOptions, workers: number): Promise<string> {
  const dataset = { ...datasetOf(table, table.rows + 1), heldOut: new Uint8Array(table.rows + 1).fill(1, -1) };
  const { model } = await trainInThread({ dataset, options: { ...options, split: "column" } }, never, () => {}, {
    workers,
  });
  return model;
}

async function forests(
  table: LearningTable,
  what: string,
  trees: number,
  goal: number,
  sklearn: SklearnSide | undefined,
  { rounds, log }: RunOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  const fits = fitThread();
  const ready = keepReady(cores);
  const awake = setInterval(() => undefined, 1000);
  for (const workers of new Set([1, cores])) {
    const [whole, fit, theirs]: [number[], number[], number[]] = [[], [], []];
    // The first is the warm-up.
    for (let round = 0; round <= rounds; round++) {
      const options = trainOptions({ algorithm: "forest-classifier", trees, seed: round });
      const our = await fits.fit({ table, trees, workers, seed: round });
      // As in a flow that has been running for some seconds.
      await ready.value.wait();
      const all = await seconds(() => wholeWay(table, options, workers));
      const their = await sklearn?.forest(trees, workers, round);
      log(
        `${what}, ${workers} threads: fit ${our.toFixed(3)} s, whole way ${all.toFixed(3)} s, scikit-learn ${their?.toFixed(3) ?? "-"} s`,
      );
      if (round === 0) continue;
      fit.push(our);
      whole.push(all);
      if (their !== undefined) theirs.push(their);
    }
    const ratio = ratioOf(theirs, fit);
    const on = workers === 1 ? "one thread" : `${workers} threads, all cores`;
    rows.push(
      {
        what: `${what}, ${trees} trees, ${on}: fit`,
        value: ms(fit),
        ...(sklearn ? { ratio: `${times(ratio)} as fast`, goal: `>= ${goal} x`, met: ratio >= goal } : {}),
      },
      {
        what: "the whole way: columns to a thread, leaks, fingerprint, fit, domain, report and stored model back",
        value: ms(whole),
        ...(sklearn ? { ratio: `${times(ratioOf(theirs, whole))} as fast` } : {}),
      },
    );
    if (sklearn) rows.push({ what: `scikit-learn, ${on}: fit`, value: ms(theirs) });
  }
  clearInterval(awake);
  ready.release();
  await fits.end();
  return rows;
}

async function scoring(table: LearningTable, sklearn: SklearnSide | undefined, { rounds }: RunOptions): Promise<Row[]> {
  const options = trainOptions({ algorithm: "forest-classifier" });
  const text = await wholeWay(table, options, 1);
  const predictor = predictorOf(JSON.parse(text) as Model);
  const rows = Array.from({ length: 10_000 }, (_, i) => rowOf(table, i % table.rows));
  const all = (): void => {
    const { blockRows } = predictor;
    for (let from = 0; from < rows.length; from += blockRows)
      predictor.predictBlock(
        Math.min(blockRows, rows.length - from),
        (i) => rows[from + i]!,
        () => {},
      );
  };
  all();
  const one = rows.map((row) => {
    const begun = process.hrtime.bigint();
    predictor.predict(row);
    return Number(process.hrtime.bigint() - begun) / 1e9;
  });
  await sklearn?.forest(100, cores, 1);
  const theirOne = (await sklearn?.one(300)) ?? [];
  const [many, theirs, theirsOnAll]: number[][] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    many!.push(await seconds(all));
    if (!sklearn) continue;
    theirs!.push(await sklearn.many(1));
    theirsOnAll!.push(await sklearn.many(cores));
  }
  const middle = spreadOf(one).median;
  const ratio = spreadOf(theirOne).median / middle;
  const batch = ratioOf(theirs!, many!);
  const load = Array.from({ length: 5 }, () => {
    const begun = performance.now();
    scorerOf(JSON.parse(text) as Model);
    return (performance.now() - begun) / 1000;
  });
  const pickle = await sklearn?.pickle();
  return [
    {
      what: "one row through the engine: names, units of texts, domain and class probabilities; 100 trees",
      value: us(one),
      ...(sklearn ? { ratio: `${times(ratio)} as fast as predict` } : {}),
      goal: "p50 < 30 us, >= 100 x",
      met: middle < 30e-6 && (!sklearn || ratio >= 100),
    },
    ...(sklearn ? [{ what: "scikit-learn, one thread: predict of one row", value: us(theirOne) }] : []),
    {
      what: "10,000 rows through the engine",
      value: ms(many!),
      ...(sklearn ? { ratio: `${times(batch)} as fast`, goal: ">= 1 x", met: batch >= 1 } : {}),
    },
    ...(sklearn
      ? [
          {
            what: `scikit-learn: predict of 10,000 rows, one thread; ${cores} threads`,
            value: `${ms(theirs!)}; ${ms(theirsOnAll!)}`,
          },
        ]
      : []),
    {
      what: "stored model, 100 trees on 10,000 rows; loading it",
      value: `${mb(text.length)}; ${ms(load)}`,
      ...(pickle ? { ratio: `${(text.length / pickle.bytes).toFixed(2)} x the size of the pickle` } : {}),
    },
    ...(pickle
      ? [{ what: "scikit-learn's pickle; loading it", value: `${mb(pickle.bytes)}; ${ms([pickle.seconds])}` }]
      : []),
  ];
}

/** What is used of ml-random-forest. */
interface Library {
  RandomForestClassifier: {
    new (options: object): { train(x: number[][], y: number[]): void };
    load(model: object): object;
  };
}

async function besideLibrary(whole: LearningTable, { rounds, log }: RunOptions): Promise<Row[]> {
  const { RandomForestClassifier } = require("ml-random-forest") as Library;
  const [count, trees] = [3000, 10];
  const dataset = datasetOf(whole, count);
  const x = Array.from({ length: count }, (_, i) => dataset.features.map(({ values }) => values[i]!));
  const y = [...dataset.target.values];
  const [ours, theirs]: [number[], number[]] = [[], []];
  let [text, bytes] = ["", 0];
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    const options = trainOptions({ algorithm: "forest-classifier", trees, seed: round });
    if (round === 0) for (let i = 0; i < 5; i++) trainForest(dataset, options);
    ours.push(await seconds(() => trainForest(dataset, options)));
    bytes = JSON.stringify(trainForest(dataset, options).model).length;
    const forest = new RandomForestClassifier({
      nEstimators: trees,
      seed: round,
      noOOB: true,
      treeOptions: { minNumSamples: 1, gainThreshold: -1 },
    });
    theirs.push(await seconds(() => forest.train(x, y)));
    log(`3,000 rows: ours ${ours[round]!.toFixed(4)} s, ml-random-forest ${theirs[round]!.toFixed(2)} s`);
    text = JSON.stringify(forest);
  }
  const ratio = ratioOf(theirs, ours);
  const load = await seconds(() => RandomForestClassifier.load(JSON.parse(text) as object));
  return [
    {
      what: `AI4I, 3,000 rows x 6, ${trees} trees, in the same thread: training alone`,
      value: ms(ours),
      ratio: `${times(ratio)} as fast as ml-random-forest`,
      goal: ">= 100 x",
      met: ratio >= 100,
    },
    { what: "ml-random-forest: train", value: ms(theirs) },
    {
      what: "size of that forest as stored; JSON of ml-random-forest, and loading it",
      value: `${mb(bytes)}; ${mb(text.length)}, ${ms([load])}`,
      ratio: `${((100 * bytes) / text.length).toFixed(1)} % of its size`,
      goal: "< 10 %",
      met: bytes < 0.1 * text.length,
    },
  ];
}

async function large(sklearn: SklearnSide | undefined, options: RunOptions): Promise<Row[]> {
  const table = classesTable(100_000, 20);
  await sklearn?.take(table);
  return forests(table, "100,000 rows x 20", options.trees, 5, sklearn, {
    ...options,
    rounds: Math.min(options.rounds, 2),
  });
}

async function line(sklearn: SklearnSide | undefined, { rounds, log }: RunOptions): Promise<Row[]> {
  const table = sumTable(1_000_000, 10);
  const dataset = datasetOf(table);
  await sklearn?.take(table);
  const options = trainOptions({ algorithm: "linear" });
  const [whole, fit, theirs, theirsOnAll]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round <= Math.min(rounds, 3); round++) {
    let text = "";
    const our = await seconds(async () => {
      text = await wholeWay(table, options, 1);
    });
    const alone = await seconds(() => fitModel(dataset, options));
    const one = await sklearn?.linear(1);
    const their = await sklearn?.linear(cores);
    if (their) same(predictorOf(JSON.parse(text) as Model).predict(rowOf(table, 7)).value, their, table);
    log(
      `1,000,000 x 10: ours ${our.toFixed(3)} s, its fit ${alone.toFixed(3)} s, scikit-learn ${one?.seconds.toFixed(3) ?? "-"} s`,
    );
    if (round === 0) continue;
    whole.push(our);
    fit.push(alone);
    if (one && their) {
      theirs.push(one.seconds);
      theirsOnAll.push(their.seconds);
    }
  }
  const ratio = ratioOf(theirs, fit);
  return [
    {
      what: "linear regression, 1,000,000 rows x 10: fit, with standard errors and tests of all coefficients",
      value: ms(fit),
      ...(sklearn ? { ratio: `${times(ratio)} as fast`, goal: ">= 1 x", met: ratio >= 1 } : {}),
    },
    {
      what: "the whole way: columns to a thread, fingerprint, fit, domain, report and model back",
      value: ms(whole),
      ...(sklearn ? { ratio: `${times(ratioOf(theirs, whole))} as fast` } : {}),
    },
    ...(sklearn
      ? [
          {
            what: `scikit-learn: LinearRegression().fit, one thread; ${cores} threads`,
            value: `${ms(theirs)}; ${ms(theirsOnAll)}`,
          },
        ]
      : []),
  ];
}

/** Both have to say the same. */
function same(
  ours: unknown,
  { coefficients, intercept }: { coefficients: number[]; intercept: number },
  table: LearningTable,
): void {
  const theirs = table.features.reduce((sum, { values }, c) => sum + coefficients[c]! * values[7]!, intercept);
  if (!(Math.abs(Number(ours) - theirs) <= 1e-9 * Math.abs(theirs)))
    throw new Error(`Ours predicts ${String(ours)}, scikit-learn ${theirs}.`);
}

/**
 * Samples on their way through the whole flow, while one training after another runs in the same Node-RED; and while a thread
 * only counts, which tells what of it is the training's and what that of any thread that keeps a core busy.
 */
async function ingestion({ scope, log }: RunOptions): Promise<Row[]> {
  const broker = await startMosquitto(scope);
  const publisher = await startPublisher(broker.port, scope);
  const told = (found: number[]): string => [0.5, 0.99, 1].map((q) => `${quantile(found, q).toFixed(2)} ms`).join(", ");
  const measure = async (topic: string, more: FlowNode[]): Promise<number[]> => {
    const found = await latencies({ scope, broker, publisher }, topic, { seconds: 10, more });
    log(`latency ${topic} ${told(found)}`);
    return found;
  };
  const alone = await measure("alone", []);
  const counting = await measure("counting", countingFlow());
  const beside = await measure("training", trainingFlow());
  const p99 = quantile(beside, 0.99);
  return [
    {
      what: "publish to state-change event, 1,000/s, while forests of 20,000 rows x 10 are trained beside it: p50, p99, longest",
      value: told(beside),
      ratio: `p99 ${times(p99 / quantile(counting, 0.99))} that beside a thread that only counts`,
      goal: "p99 < 15 ms",
      met: p99 < 15,
    },
    { what: "the same beside a thread that only counts", value: told(counting) },
    { what: "the same with nothing beside it", value: told(alone) },
  ];
}
