import { Refusal } from "../../engine/contract/errors";
import { isColumnName } from "../../engine/contract/identity";
import type { DatasetOptions } from "../../engine/learning/dataset-builder";
import type { ForestOptions } from "../../engine/learning/forest/train-forest";
import { parseGate } from "../../engine/learning/gate";
import {
  type Algorithm,
  algorithms,
  engines,
  isForest,
  type TrainOptions,
  type Tunable,
  taskOf,
  trainOptions,
  tunables,
  usesSetting,
} from "../../engine/learning/options";
import { algorithmsOf } from "../../engine/learning/tune-candidates";
import { readerOf, SettingError, type SettingsReader } from "../lib/settings";
import { mostWorkers } from "./helpers";
import { checkSearch, readTune, type TunableReaders } from "./tune.settings";

export const promotions = ["never", "if-better", "always"] as const;

export interface TwinTrainSettings {
  /** Name in the registry. "": the target's name. */
  modelName: string;
  promote: (typeof promotions)[number];
  /** Longest training, s. 0: no limit. */
  timeout: number;
  /** Threads that grow a forest. 0: one less than there are cores. */
  workers: number;
  table: DatasetOptions;
  train: TrainOptions;
}

/** Every setting that `msg.train` may override. */
export const trainKeys = [
  "modelName",
  "algorithm",
  "engine",
  "target",
  "features",
  "split",
  "splitColumn",
  "groupColumn",
  "testSize",
  "seed",
  "folds",
  "trees",
  "maxDepth",
  "minLeaf",
  "maxFeatures",
  "classWeight",
  "positive",
  "costMissed",
  "costFalseAlarm",
  "outOfBag",
  "permutationRepeats",
  "degree",
  "alpha",
  "intercept",
  "interactions",
  "tune",
  "search",
  "candidates",
  "gate",
  "promote",
  "maxRows",
  "timeout",
  "workers",
] as const;

/**
 * Settings of the node, with those of `msg.train` put over them. The target may be missing in the node's own: then every
 * message has to name it. Settings that the algorithm does not use are not read.
 */
export function readTwinTrainSettings(def: Record<string, unknown>): TwinTrainSettings {
  const read = readerOf(def);
  const algorithm = tunableReaders.algorithm(read) as Algorithm;
  const tune = readTune(read, tunableReaders);
  const compared = algorithmsOf({ algorithm, tune });
  const task = taskOf(compared[0]!);
  const target = read.text("target", "");
  const modelName = read.text("modelName", target);
  if (modelName !== "" && !isColumnName(modelName))
    throw new SettingError("modelName", modelName, "use 1 to 128 characters, none of them a control character.");
  const split = read.choice(
    "split",
    ["random", "stratified", "time", "group", "column"],
    task === "classification" ? "stratified" : "random",
  );
  const train = trainOptions({
    algorithm,
    split,
    testSize: read.number("testSize", 0.2, { min: 0, max: 0.99 }),
    seed: read.number("seed", 1, { integer: true, min: 0, max: 4294967295 }),
    folds: read.number("folds", 0, { integer: true, min: 0, max: 100 }),
    gate: readGate(read),
    tune,
    search: read.choice("search", ["grid", "random"] as const, "grid"),
    candidates: read.number("candidates", 60, { integer: true, min: 1, max: 1000 }),
    ...(compared.some(isForest)
      ? { engine: read.choice("engine", engines, "meditwin"), outOfBag: read.flag("outOfBag", false) }
      : {}),
    ...(task === "classification" ? { positive: read.text("positive", ""), ...readCosts(read) } : {}),
    permutationRepeats: read.number("permutationRepeats", 0, { integer: true, min: 0, max: 100 }),
    ...readUsed(read, compared),
  });
  checkSearch(train);
  return {
    modelName,
    promote: read.choice("promote", promotions, "never"),
    timeout: read.number("timeout", 600, { min: 0, max: 1e6 }),
    workers:
      train.engine === "meditwin" && compared.some(isForest)
        ? read.number("workers", 0, { integer: true, min: 0, max: mostWorkers })
        : 1,
    train,
    table: {
      target,
      task,
      features: read.names("features"),
      split,
      splitColumn: read.text("splitColumn", ""),
      groupColumn: read.text("groupColumn", ""),
      maxRows: read.number("maxRows", 0, { integer: true, min: 0 }),
    },
  };
}

/** The settings that can be tuned, each as it is read where an algorithm uses it. */
const tunableReaders = {
  algorithm: (read) => read.choice("algorithm", algorithms, "linear"),
  degree: (read) => read.number("degree", 2, { integer: true, min: 1, max: 10 }),
  alpha: (read) => read.number("alpha", 1, { min: 0 }),
  interactions: (read) => read.flag("interactions", false),
  intercept: (read) => read.flag("intercept", true),
  trees: (read) => read.number("trees", 100, { integer: true, min: 1, max: 10_000 }),
  maxDepth: (read) => read.number("maxDepth", 0, { integer: true, min: 0 }),
  minLeaf: (read) => read.number("minLeaf", 1, { integer: true, min: 1 }),
  maxFeatures: (read) => readMaxFeatures(read),
  classWeight: (read) => read.choice("classWeight", ["none", "balanced"] as const, "none"),
} satisfies TunableReaders;

function readUsed(read: SettingsReader, compared: Algorithm[]): Partial<Pick<TrainOptions, Tunable>> {
  const used = tunables.filter(
    (setting) => setting !== "algorithm" && compared.some((one) => usesSetting(one, setting)),
  );
  return Object.fromEntries(used.map((setting) => [setting, tunableReaders[setting](read)]));
}

/** One without the other would always or never be an alarm. */
function readCosts(read: SettingsReader): Pick<TrainOptions, "costMissed" | "costFalseAlarm"> {
  const [costMissed, costFalseAlarm] = (["costMissed", "costFalseAlarm"] as const).map((key) =>
    read.number(key, 0, { min: 0, max: 1e12 }),
  ) as [number, number];
  if (costMissed > 0 === costFalseAlarm > 0) return { costMissed, costFalseAlarm };
  const [lacking, other] = costMissed > 0 ? ["costFalseAlarm", "costMissed"] : ["costMissed", "costFalseAlarm"];
  throw new SettingError(lacking!, 0, `give it too, above 0, or set ${other} to 0: the threshold comes from both.`);
}

function readMaxFeatures(read: SettingsReader): ForestOptions["maxFeatures"] {
  const text = read.text("maxFeatures", "auto");
  if (text === "auto" || text === "sqrt" || text === "log2" || text === "all") return text;
  const number = Number(text);
  if (number > 0 && (number < 1 || Number.isInteger(number))) return number;
  throw new SettingError(
    "maxFeatures",
    text,
    "use auto, sqrt, log2, all, a whole number of features, or a share below 1.",
  );
}

function readGate(read: SettingsReader): string {
  const gate = read.text("gate", "");
  try {
    return parseGate(gate).text;
  } catch (error) {
    if (error instanceof Refusal) throw new SettingError("gate", gate, `${error.info.message} ${error.info.hint}`);
    throw error;
  }
}
