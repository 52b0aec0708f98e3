import { readFileSync } from "node:fs";
import path from "node:path";
import type { Row } from "../../engine/contract/messages";
import type { Dataset, Label } from "../../engine/learning/dataset";
import { createDice } from "../../test/support/dice";
import { root } from "./processes";

/** Columns that both sides learn from. */
export interface LearningTable {
  name: string;
  rows: number;
  features: { name: string; values: Float64Array }[];
  target: Float64Array;
  /** Of classes. */
  labels?: Label[];
}

/** The machines of AI4I, `Type` as a number. */
export function machines(): LearningTable {
  const [head, ...lines] = readFileSync(path.join(root, "examples/data/ai4i2020.csv"), "utf8").trim().split(/\r?\n/);
  const names = [
    "Type",
    "Air temperature [K]",
    "Process temperature [K]",
    "Rotational speed [rpm]",
    "Torque [Nm]",
    "Tool wear [min]",
  ];
  const cells = lines.map((line) => line.split(","));
  const column = (name: string): Float64Array => {
    const at = head!.split(",").indexOf(name);
    return Float64Array.from(cells, (row) => (name === "Type" ? "LMH".indexOf(row[at]!) : Number(row[at])));
  };
  const features = names.map((name) => ({ name, values: column(name) }));
  return { name: "machines", rows: cells.length, features, target: column("Machine failure"), labels: [0, 1] };
}

/** Two classes that hang on seven of the columns, by sums, a product and a threshold, with a tenth of noise. */
export function classesTable(rows: number, columns: number): LearningTable {
  const { features, uniform } = normalColumns("classes", rows, columns);
  const x = features.map(({ values }) => values);
  const target = Float64Array.from({ length: rows }, (_, i) => {
    const score =
      x[0]![i]! + x[1]![i]! * x[2]![i]! + (x[3]![i]! > 0.5 ? 1.5 : 0) - 0.7 * x[4]![i]! + x[5]![i]! * x[6]![i]!;
    const isOver = score > 0.4;
    return Number(uniform() < 0.1 ? !isOver : isOver);
  });
  return { name: "classes", rows, features, target, labels: [0, 1] };
}

/** A sum of all columns, with noise. */
export function sumTable(rows: number, columns: number): LearningTable {
  const { features, uniform } = normalColumns("sum", rows, columns);
  const target = Float64Array.from({ length: rows }, (_, i) =>
    features.reduce((sum, { values }, c) => sum + (c + 1) * values[i]!, 100 + 5 * (uniform() - 0.5)),
  );
  return { name: "sum", rows, features, target };
}

function normalColumns(
  what: string,
  rows: number,
  columns: number,
): Pick<LearningTable, "features"> & { uniform(): number } {
  const dice = createDice(what.length);
  const uniform = (): number => (dice(2 ** 32) + 0.5) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const features = Array.from({ length: columns }, (_, c) => ({
    name: `x${c}`,
    values: Float64Array.from({ length: rows }, normal),
  }));
  return { features, uniform };
}

/** A copy of the first rows, for each round: a training's thread takes its columns away. Beyond the last row the first ones follow. */
export function datasetOf({ features, target, labels, rows }: LearningTable, count = rows): Dataset {
  const copy = (values: Float64Array): Float64Array => {
    const made = new Float64Array(count);
    made.set(values.subarray(0, count));
    if (count > rows) made.set(values.subarray(0, count - rows), rows);
    return made;
  };
  return {
    rows: count,
    features: features.map(({ name, values }) => ({ name, kind: "number", values: copy(values), missing: 0 })),
    target: { name: "target", values: copy(target), ...(labels ? { labels } : {}) },
    dropped: 0,
    warnings: [],
  };
}

export const rowOf = ({ features }: LearningTable, i: number): Row =>
  Object.fromEntries(features.map(({ name, values }) => [name, values[i]!]));
