import { buildDataset } from "../../engine/learning/dataset-builder";
import { trainOptions } from "../../engine/learning/options";
import { randomOf } from "../../engine/learning/random";
import { train } from "../../engine/learning/train";

const rows = 2000;

/** Trains on numbers that mean nothing, so that the code of a training is compiled before one is ordered. */
export function warmUp(): void {
  const random = randomOf(1, 0);
  const cell = (): number => random.below(1000);
  const table = Array.from({ length: rows }, () => {
    const row = { a: cell(), b: cell(), c: cell(), d: cell(), y: cell(), class: "" };
    row.class = row.a + row.y > 1000 ? "high" : "low";
    return row;
  });
  const features = ["a", "b", "c", "d"];
  for (const [algorithm, target] of [
    ["forest-classifier", "class"],
    ["forest-regressor", "y"],
    ["linear", "y"],
  ] as const) {
    const task = algorithm === "forest-classifier" ? "classification" : "regression";
    const options = trainOptions({ algorithm, trees: 10 });
    JSON.stringify(train(buildDataset(table, { target, features, task, split: options.split }), options).model);
  }
}
