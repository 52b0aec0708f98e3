import type { Row } from "../../engine/contract/messages";
import type { Dataset } from "../../engine/learning/dataset";
import { buildDataset } from "../../engine/learning/dataset-builder";
import { type TrainOptions, taskOf, trainOptions } from "../../engine/learning/options";
import { train } from "../../engine/learning/train";

/** A table with given folds and what scikit-learn reached on it: a line of sklearn_accuracy.py. */
export interface AccuracyTable {
  name: string;
  columns: Record<string, (string | number | null)[]>;
  target: number[];
  /** The fold that each row is held out in. */
  folds: number[];
  models: {
    sklearn: string;
    ours: Partial<TrainOptions> & Pick<TrainOptions, "algorithm">;
    /** By metric the mean over the folds: one a seed, or their mean and standard deviation. */
    scores: Record<string, number[] | Spread>;
  }[];
}

interface Spread {
  mean: number;
  sd: number;
}

export interface Compared {
  sklearn: string;
  metric: string;
  theirs: Spread;
  ours: Spread;
  /** Whether ours is not below scikit-learn's mean less two of its standard deviations. */
  met: boolean;
}

/** Rounding, where there is no seed to differ by: an offset of 1e9 leaves seven digits of what varies. */
const leeway = 1e-6;

/** Trains on every fold's other rows as twin-train does with the split `column`, and sets the metrics beside scikit-learn's. */
export function compared(table: AccuracyTable, seedCount = 10): Compared[] {
  const seeds = Array.from({ length: seedCount }, (_, i) => i + 1);
  const folds = [...new Set(table.folds)].sort((a, b) => a - b);
  const rows = rowsOf(table);
  const datasetOf = (fold: number, task: "regression" | "classification"): Dataset =>
    buildDataset(
      rows.map((row, i) => ({ ...row, part: table.folds[i] === fold ? "test" : "train" })),
      { target: "target", task, split: "column", splitColumn: "part" },
    );
  const seen = new Map<string, number[]>();
  const scoresOf = (ours: AccuracyTable["models"][number]["ours"], metric: string): number[] => {
    const key = JSON.stringify([ours, metric]);
    const known = seen.get(key);
    if (known) return known;
    const datasets = folds.map((fold) => datasetOf(fold, taskOf(ours.algorithm)));
    const used = ours.algorithm.startsWith("forest") ? seeds : seeds.slice(0, 1);
    const runs = used.map((seed) =>
      datasets.map((dataset) => {
        const options = trainOptions({
          ...ours,
          split: "column",
          seed,
          ...(taskOf(ours.algorithm) === "classification" ? { positive: positiveOf(dataset) } : {}),
        });
        return train(dataset, options).report.metrics as unknown as Record<string, number>;
      }),
    );
    for (const name of ["f1", "rocAuc", "r2", "rmse"]) {
      seen.set(
        JSON.stringify([ours, name]),
        runs.map((parts) => mean(parts.map((metrics) => metrics[name] ?? Number.NaN))),
      );
    }
    return seen.get(key)!;
  };
  return table.models.flatMap(({ sklearn, ours, scores }) =>
    Object.entries(scores).map(([metric, each]) => {
      const [theirs, found] = [Array.isArray(each) ? spread(each) : each, spread(scoresOf(ours, metric))];
      const sign = metric === "rmse" ? -1 : 1;
      const floor = sign * theirs.mean - 2 * theirs.sd - leeway * Math.abs(theirs.mean);
      return { sklearn, metric, theirs, ours: found, met: sign * found.mean >= floor };
    }),
  );
}

/** Class 1 of two, as scikit-learn's f1_score has it. */
const positiveOf = ({ target }: Dataset): string => (target.labels?.length === 2 ? String(target.labels[1]) : "");

function rowsOf({ columns, target }: AccuracyTable): Row[] {
  const names = Object.keys(columns);
  return target.map((value, i) => ({
    ...Object.fromEntries(names.map((name) => [name, columns[name]![i]!])),
    target: value,
  }));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean and standard deviation (n - 1); of one value 0. */
function spread(values: readonly number[]): Spread {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { mean: middle, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
