import { Refusal, refuse } from "../contract/errors";
import { type Algorithm, type TrainOptions, type Tunable, taskOf, usesSetting } from "./options";
import { randomOf } from "./random";

export type TuneValue = string | number | boolean;

/** One setting to search the best value of: among `values`, or at random between `min` and `max`. */
export type Tune = { setting: Tunable } & (
  | { values: readonly TuneValue[] }
  | {
      min: number;
      max: number;
      /** Draws evenly over orders of magnitude. */
      log?: boolean;
    }
);

/** Values of the settings that are searched, of those the algorithm uses. */
export type Candidate = Partial<Pick<TrainOptions, Tunable>>;

type Search = Pick<TrainOptions, "algorithm" | "tune" | "search" | "candidates" | "seed">;

/** The algorithms that are compared: those that `tune` lists, else the one that is set. */
export function algorithmsOf({ algorithm, tune }: Pick<TrainOptions, "algorithm" | "tune">): Algorithm[] {
  const entry = tune.find(({ setting }) => setting === "algorithm");
  return entry && "values" in entry ? (entry.values as Algorithm[]) : [algorithm];
}

/**
 * The combinations to try, each different. A `grid` has every one of them, and is refused when they are more than
 * `candidates`. `random` draws that many, each setting evenly and for itself; 60 of them have one of the best twentieth
 * with a probability of 95 % (J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012).
 */
export function candidatesOf(options: Search): Candidate[] {
  checkTune(options);
  const points = gridSize(options);
  if (options.search === "grid" || points <= options.candidates) return gridOf(options);
  const random = randomOf(options.seed, searchStream);
  const share = (): number => random.next() / 2 ** 32;
  const algorithms = algorithmsOf(options);
  const found = new Map<string, Candidate>();
  for (let draw = 0; draw < 20 * options.candidates && found.size < options.candidates; draw++) {
    const algorithm = algorithms[random.below(algorithms.length)]!;
    const candidate: Record<string, TuneValue> = {};
    for (const entry of entriesFor(algorithm, options.tune)) {
      if (entry.setting === "algorithm") candidate.algorithm = algorithm;
      else if ("values" in entry) candidate[entry.setting] = entry.values[random.below(entry.values.length)]!;
      else candidate[entry.setting] = drawn(entry, share());
    }
    found.set(JSON.stringify(candidate), candidate as Candidate);
  }
  return [...found.values()];
}

/** How many combinations there are; infinite where a setting has a range. */
export function gridSize({ algorithm, tune }: Pick<TrainOptions, "algorithm" | "tune">): number {
  return algorithmsOf({ algorithm, tune }).reduce((sum, one) => {
    const sizes = entriesFor(one, tune).map((entry) =>
      entry.setting === "algorithm" ? 1 : "values" in entry ? entry.values.length : Number.POSITIVE_INFINITY,
    );
    return sum + sizes.reduce((product, size) => product * size, 1);
  }, 0);
}

/** Refuses a search that cannot be done as it is said, before anything is fitted. */
export function checkTune(options: Search): void {
  const algorithms = algorithmsOf(options);
  const task = taskOf(algorithms[0]!);
  const other = algorithms.find((algorithm) => taskOf(algorithm) !== task);
  if (other)
    throw refusal(
      `${algorithms[0]} and ${other} cannot be compared: one predicts classes, the other numbers.`,
      "List algorithms of one kind.",
    );
  for (const { setting } of options.tune)
    if (!algorithms.some((algorithm) => usesSetting(algorithm, setting)))
      throw refusal(`${setting} is nothing that ${algorithms.join(" or ")} uses.`, "Take it out of tune.");
  if (options.search === "random") return;
  const range = options.tune.find((entry) => !("values" in entry));
  if (range)
    throw refusal(
      `${range.setting} has a range, of which a grid cannot try every value.`,
      "List its values, or set search to random.",
    );
  const points = gridSize(options);
  if (points > options.candidates)
    throw refusal(
      `The grid has ${points} combinations, more than the ${options.candidates} of candidates.`,
      `List fewer values, raise candidates to ${points}, or set search to random, which draws ${options.candidates} of them.`,
    );
}

const searchStream = 0x7e57;
const wholeSettings: readonly Tunable[] = ["degree", "trees", "maxDepth", "minLeaf"];

function gridOf({ algorithm, tune }: Search): Candidate[] {
  return algorithmsOf({ algorithm, tune }).flatMap((one) => {
    let points: Record<string, TuneValue>[] = [{}];
    for (const entry of entriesFor(one, tune)) {
      const values = entry.setting === "algorithm" ? [one] : "values" in entry ? entry.values : [];
      points = points.flatMap((point) => values.map((value) => ({ ...point, [entry.setting]: value })));
    }
    return points as Candidate[];
  });
}

const entriesFor = (algorithm: Algorithm, tune: readonly Tune[]): Tune[] =>
  tune.filter(({ setting }) => usesSetting(algorithm, setting));

/** Four digits are plenty, and are the same on every machine. */
function drawn({ setting, min, max, log }: Extract<Tune, { min: number }>, share: number): number {
  const isWhole = wholeSettings.includes(setting) || (setting === "maxFeatures" && min >= 1);
  if (isWhole && !log) return min + Math.floor(share * (max - min + 1));
  const value = log ? Math.exp(Math.log(min) + share * (Math.log(max) - Math.log(min))) : min + share * (max - min);
  const rounded = isWhole ? Math.round(value) : Number(value.toPrecision(4));
  return Math.min(max, Math.max(min, rounded));
}

const refusal = (message: string, hint: string): Refusal =>
  new Refusal(refuse("bad-request", message, hint, { property: "tune" }));
