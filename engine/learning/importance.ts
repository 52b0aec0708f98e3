import { pairCorrelation } from "../statistics/pair-correlation";
import { type Dataset, type Label, takeRows } from "./dataset";
import { evaluate } from "./evaluate";
import { forestOf } from "./forest/forest-model";
import { outOfBag, treesOf } from "./forest/out-of-bag";
import { metricOf } from "./headline";
import { metricsOf } from "./judge-forest";
import { type Model, scorerOf } from "./model";
import { costsOf, type TrainOptions } from "./options";
import { permutationImportance } from "./permutation";
import type { Report } from "./report";
import { type Warning, warningOf } from "./warning";

/** So many rows are scored at most in all: about two minutes of a forest of 100 trees. */
const mostScored = 4e6;
/** From this correlation on two features stand in for one another. */
const alikeFrom = 0.8;
const mostAlike = { features: 200, rows: 1000, named: 5 };

export interface Importance {
  told: Pick<Report, "permutationImportance" | "permutation">;
  warnings: Warning[];
}

/**
 * Importance of a model's features by shuffling them: among the held-out rows; where there are none, among those out of bag
 * of a forest; else among those learned from.
 *
 * @param held the held-out rows, or none
 */
export function importanceOf(
  model: Model,
  training: Dataset,
  held: Dataset,
  options: TrainOptions,
  { metric, positive, uncentred }: { metric: string; positive: Label | null; uncentred: boolean },
  onPart: (share: number) => void = () => {},
): Importance {
  const { permutationRepeats: repeats, seed } = options;
  if (repeats === 0) return { told: {}, warnings: [] };
  const costs = costsOf(options);
  const isBag = held.rows === 0 && model.forest !== undefined && model.engine === "meditwin";
  const all = held.rows > 0 ? held : training;
  const count = Math.min(all.rows, Math.max(100, Math.floor(mostScored / repeats / all.features.length)));
  const some = Int32Array.from({ length: count }, (_, i) => Math.floor((i * all.rows) / count));
  const on = held.rows > 0 ? "test" : isBag ? "out-of-bag" : "train";
  const score = isBag ? scoreOfBag() : scoreOfRows();
  const found = permutationImportance(isBag ? all : takeRows(all, some), score, { metric, repeats, seed }, onPart);
  return found
    ? {
        told: { permutationImportance: found, permutation: { metric, on, rows: count, repeats } },
        warnings: alike(all),
      }
    : { told: {}, warnings: [warningOf("no-importance", { metric })] };

  function scoreOfRows() {
    const scorer = scorerOf(model);
    return (rows: Dataset) => metricOf(evaluate(scorer, rows, "test", positive, uncentred, costs).metrics, metric);
  }
  function scoreOfBag() {
    const trees = treesOf(forestOf(model.forest!));
    return (rows: Dataset) =>
      metricOf(metricsOf(rows, outOfBag(trees, rows, seed, some), model.threshold, positive, costs), metric);
  }
}

/** Says which features share what they are worth: without one the model still has the other. */
function alike({ features, rows }: Dataset): Warning[] {
  const step = Math.max(1, Math.floor(rows / mostAlike.rows));
  const numbers = features
    .filter(({ kind }) => kind === "number")
    .slice(0, mostAlike.features)
    .map(({ name, values }) => ({ name, values: values.filter((_, row) => row % step === 0) }));
  const pairs = numbers.flatMap((a, i) =>
    numbers.slice(i + 1).flatMap((b) => {
      const { r } = pairCorrelation(a.values, b.values);
      return Math.abs(r) >= alikeFrom ? [{ text: `${a.name} ~ ${b.name} (${r.toFixed(2)})`, size: Math.abs(r) }] : [];
    }),
  );
  if (pairs.length === 0) return [];
  const named = pairs.sort((a, b) => b.size - a.size).slice(0, mostAlike.named);
  const more = pairs.length > named.length ? `, … (+${pairs.length - named.length})` : "";
  return [warningOf("correlated", { pairs: `${named.map(({ text }) => text).join(", ")}${more}` })];
}
