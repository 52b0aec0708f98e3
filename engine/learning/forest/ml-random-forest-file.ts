import { quote, Refusal, refuse } from "../../contract/errors";
import { isColumnName } from "../../contract/identity";
import type { Label } from "../dataset";
import type { Model } from "../model";
import { type CartNode, treeOfCart } from "./cart-tree";
import { forestModelOf } from "./forest-model";

/** What `JSON.stringify` makes of a forest of the package ml-random-forest 2, as far as it is read here. */
interface ForestFile {
  name: "RFClassifier" | "RFRegression";
  selectionMethod?: string;
  baseModel: {
    indexes: number[][];
    nEstimators: number;
    seed?: number;
    estimators: { name: string; root: CartNode }[];
  };
}

/** What the package's JSON does not say of a forest: its columns and classes are numbers there. */
export interface ForestNames {
  /** Of the columns, in the order in which the forest was trained with them. */
  features?: unknown;
  target?: unknown;
  /** Of the classes 0, 1, ... Only for a classifier. */
  labels?: unknown;
}

export const isMlRandomForest = (file: object): boolean => Object.hasOwn(file, "baseModel");

/** Most columns and classes that our form of a forest can number. */
const maxFeatures = 32767;
const maxClasses = 256;

/**
 * A forest of the package ml-random-forest as a model of ours, which predicts the same to the bit. Refuses what does not fit
 * together (`damaged`), what is of a later kind (`schema-mismatch`) and what its names leave open (`bad-request`). There is no
 * checksum in it: a number changed with care is not noticed.
 */
export function modelOfMlRandomForest(file: object, names: ForestNames): Model {
  const { name, selectionMethod, baseModel } = file as ForestFile;
  if (name !== "RFClassifier" && name !== "RFRegression")
    throw mismatch(`The forest is of the kind ${quote(name)}; this version reads RFClassifier and RFRegression.`);
  if (name === "RFRegression" && selectionMethod !== "mean")
    throw mismatch(`The forest predicts by the ${quote(selectionMethod)} of its trees; only mean is known here.`);
  const isClasses = name === "RFClassifier";
  const { indexes, nEstimators, estimators } = Object(baseModel) as ForestFile["baseModel"];
  if (!Array.isArray(estimators) || estimators.length === 0) throw damaged("it has no trees");
  if (estimators.length !== nEstimators || !Array.isArray(indexes) || indexes.length !== nEstimators)
    throw damaged(`it says nEstimators ${quote(nEstimators)} and has ${estimators.length}`);
  const used = columnsIn(indexes);
  const features = featuresIn(names.features, used);
  const labels = isClasses ? labelsIn(names.labels, classesIn(estimators)) : undefined;
  if (!isColumnName(names.target)) throw unnamed("target", names.target, "the name of what it predicts", '"hardness"');
  if (features.includes(names.target))
    throw unnamed("target", names.target, "a target that is no feature", '"hardness"');

  const kind = isClasses ? "DTClassifier" : "DTRegression";
  const trees = estimators.map((estimator, t) => {
    if (estimator?.name !== kind)
      throw mismatch(`Tree ${t} is of the kind ${quote(estimator?.name)}; this version reads ${kind}.`);
    try {
      return treeOfCart(estimator.root, indexes[t]!, labels?.length ?? 0);
    } catch (error) {
      throw damaged(`in tree ${t} ${(error as Error).message}`);
    }
  });
  return {
    format: 1,
    algorithm: isClasses ? "forest-classifier" : "forest-regressor",
    engine: "ml-random-forest",
    task: isClasses ? "classification" : "regression",
    target: names.target,
    ...(labels ? { labels } : {}),
    features: features.map((feature) => ({ name: feature, kind: "number", min: null, max: null, mayBeMissing: false })),
    dataHash: "",
    forest: forestModelOf(trees, labels?.length ?? 0, isClasses),
  };
}

/** How many columns the trees speak of. */
function columnsIn(indexes: unknown[]): number {
  let count = 0;
  for (const columns of indexes) {
    if (!Array.isArray(columns)) throw damaged("a tree does not say which columns it has");
    for (const column of columns) {
      if (!(Number.isInteger(column) && column >= 0 && column < maxFeatures))
        throw damaged(`it speaks of the column ${quote(column)}`);
      count = Math.max(count, column + 1);
    }
  }
  return count;
}

/** How many classes the leaves tell apart. */
function classesIn(estimators: ForestFile["baseModel"]["estimators"]): number {
  let count = 0;
  const waiting: (CartNode | undefined)[] = estimators.map((estimator) => estimator?.root);
  while (waiting.length > 0) {
    const { left, right, distribution } = Object(waiting.pop()) as CartNode;
    if (left) waiting.push(left);
    if (right) waiting.push(right);
    if (Array.isArray(distribution) && Array.isArray(distribution[0])) count = Math.max(count, distribution[0].length);
  }
  return count;
}

function featuresIn(given: unknown, least: number): string[] {
  const what = "the names of the columns that it was trained with, in their order";
  const example = least === 1 ? 'a list of one name, ["force"]' : `a list of ${least} names, ["force", "speed", ...]`;
  if (!Array.isArray(given) || given.length > maxFeatures || !given.every(isColumnName) || !differ(given))
    throw unnamed("features", given, what, example);
  if (given.length < least)
    throw tooFew("features", `${given.length} names, but the forest speaks of ${least} columns`, what);
  return given;
}

function labelsIn(given: unknown, least: number): Label[] {
  const what = "what its classes 0, 1, ... are called";
  const isLabel = (label: unknown): boolean => ["string", "number", "boolean"].includes(typeof label);
  if (!Array.isArray(given) || given.length < 2 || given.length > maxClasses || !given.every(isLabel) || !differ(given))
    throw unnamed("labels", given, what, '["good", "poor"]');
  if (given.length < least)
    throw tooFew("labels", `${given.length} classes, but the forest tells ${least} apart`, what);
  return given as Label[];
}

const differ = (names: unknown[]): boolean => new Set(names.map(String)).size === names.length;

const tooFew = (field: string, found: string, what: string): Refusal =>
  new Refusal(
    refuse("bad-request", `msg.registry.${field} has ${found}.`, `Give ${what}.`, { property: `registry.${field}` }),
  );

const unnamed = (field: string, given: unknown, what: string, example: string): Refusal =>
  new Refusal(
    refuse(
      "bad-request",
      given === undefined
        ? `A forest of ml-random-forest does not say ${what}.`
        : `msg.registry.${field} is ${quote(given)}: give ${what}.`,
      `Add it as msg.registry.${field}, such as ${example}.`,
      { property: `registry.${field}` },
    ),
  );

const mismatch = (message: string): Refusal =>
  new Refusal(refuse("schema-mismatch", message, "Train it with ml-random-forest 2, or update this package."));

const damaged = (why: string): Refusal =>
  new Refusal(
    refuse(
      "damaged",
      `The forest of ml-random-forest does not fit together: ${why}.`,
      "Write its JSON again, and send it as it is.",
    ),
  );
