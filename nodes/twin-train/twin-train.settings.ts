import { Failure, Refusal } from "../../engine/contract/errors";
import { isColumnName } from "../../engine/contract/identity";
import type { DatasetOptions } from "../../engine/learning/dataset-builder";
import type { ForestOptions } from "../../engine/learning/forest/train-forest";
import { parseGate } from "../../engine/learning/gate";
import {
  algorithms,
  curveOf,
  engines,
  isForest,
  type TrainOptions,
  taskOf,
  trainOptions,
} from "../../engine/learning/options";
import { readerOf, SettingError, type SettingsReader } from "../lib/settings";

export const promotions = ["never", "if-better", "always"] as const;

export interface TwinTrainSettings {
  /** Name in the registry. "": the target's name. */
  modelName: string;
  promote: (typeof promotions)[number];
  /** Longest training, s. 0: no limit. */
  timeout: number;
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
  "degree",
  "alpha",
  "intercept",
  "tune",
  "gate",
  "promote",
  "maxRows",
  "timeout",
] as const;

/**
 * Settings of the node, with those of `msg.train` put over them. The target may be missing in the node's own: then every
 * message has to name it. Settings that the algorithm does not use are not read.
 */
export function readTwinTrainSettings(def: Record<string, unknown>): TwinTrainSettings {
  const read = readerOf(def);
  const algorithm = read.choice("algorithm", algorithms, "linear");
  const task = taskOf(algorithm);
  if (read.list("tune").length > 0)
    throw new Failure("not-yet", "tune is set, and searching for the best settings is not there yet:", "clear it.");
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
    ...(isForest(algorithm) ? readForest(read) : {}),
    ...(task === "classification" ? { positive: read.text("positive", "") } : {}),
    ...(algorithm.endsWith("polynomial")
      ? { degree: read.number("degree", 2, { integer: true, min: 1, max: 10 }) }
      : {}),
    ...(algorithm === "ridge" ? { alpha: read.number("alpha", 1, { min: 0 }) } : {}),
    ...(isForest(algorithm) || curveOf(algorithm) ? {} : { intercept: read.flag("intercept", true) }),
  });
  return {
    modelName,
    promote: read.choice("promote", promotions, "never"),
    timeout: read.number("timeout", 600, { min: 0, max: 1e6 }),
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

function readForest(read: SettingsReader): Partial<TrainOptions> {
  return {
    engine: read.choice("engine", engines, "meditwin"),
    trees: read.number("trees", 100, { integer: true, min: 1, max: 10_000 }),
    maxDepth: read.number("maxDepth", 0, { integer: true, min: 0 }),
    minLeaf: read.number("minLeaf", 1, { integer: true, min: 1 }),
    maxFeatures: readMaxFeatures(read),
    classWeight: read.choice("classWeight", ["none", "balanced"] as const, "none"),
  };
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
