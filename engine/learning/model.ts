import { quote, Refusal, refuse } from "../contract/errors";
import { blocksOf } from "./blocks";
import { type CurveModel, curveScorer } from "./curve";
import type { Dataset, Label } from "./dataset";
import type { FamiliarityModel } from "./domain/familiarity";
import { type Distribution, distributionOf } from "./drift/distribution";
import { type ForestModel, forestOf } from "./forest/forest-model";
import { forestScorer } from "./forest/forest-scorer";
import { linearScorer } from "./linear/linear-scorer";
import type { LinearModel } from "./linear/train-linear";
import type { Algorithm, Task } from "./options";
import type { Scorer } from "./scorer";
import { secondBy, type Threshold } from "./threshold";

/** What a model knows of a feature: its name, how its cells become numbers, and where it has been seen. */
export interface FeatureSpec {
  name: string;
  kind: "number" | "category";
  /** What its numbers are in. Absent: nobody said. */
  unit?: string;
  /** Of a category: the texts that it was trained with, by their numbers. */
  categories?: string[];
  /** Smallest and largest number it was trained with; null when there was none, or, where none may be missing, when they are not known. */
  min: number | null;
  max: number | null;
  /** Whether it was trained with missing cells, and can so be expected to cope with them. */
  mayBeMissing: boolean;
  /** How it was distributed over the training rows. Absent in older models, and where there are more than 500 features. */
  distribution?: Distribution;
}

/** Of more features, distributions would make the model too large. */
const mostDistributions = 500;

/** A trained model as it is stored: JSON. */
export interface Model {
  /** Of this layout. Another number is refused. */
  format: 1;
  algorithm: Algorithm;
  /** Whose numbers these are: `meditwin`, `ml-random-forest` or `ml-regression`. */
  engine: string;
  task: Task;
  target: string;
  /** The classes by their numbers. */
  labels?: Label[];
  features: FeatureSpec[];
  /** Fingerprint of the rows it was trained with. */
  dataHash: string;
  linear?: LinearModel;
  curve?: CurveModel;
  forest?: ForestModel;
  /** Which combinations of values it knows. Absent in older models, and where that cannot be told. */
  familiarity?: FamiliarityModel;
  /** Of two classes: where they part. Absent: the more probable one counts. */
  threshold?: Threshold;
}

/** What a model should remember of the features it was trained with. */
export function featureSpecs({ features }: Dataset): FeatureSpec[] {
  const isFew = features.length <= mostDistributions;
  return features.map((feature) => {
    const { name, kind, unit, categories, values, missing } = feature;
    const { min, max } = kind === "number" ? rangeOf(values) : noRange;
    return {
      name,
      kind,
      ...(unit ? { unit } : {}),
      ...(categories ? { categories } : {}),
      min,
      max,
      mayBeMissing: missing > 0,
      ...(isFew ? { distribution: distributionOf(feature) } : {}),
    };
  });
}

const noRange = { min: null, max: null };

/** Most blocks only have to be seen to lie within what was found before. NaN is neither smaller nor larger. */
function rangeOf(values: Float64Array): Pick<FeatureSpec, "min" | "max"> {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const block of blocksOf(values)) {
    if (liesWithin(block, min, max)) continue;
    for (const value of block) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min <= max ? { min, max } : noRange;
}

function liesWithin(values: Float64Array, min: number, max: number): boolean {
  for (let i = 0; i < values.length; i++) if (values[i]! < min || values[i]! > max) return false;
  return true;
}

/** The arithmetic of a stored model. Refuses what is no model of this format. */
export function scorerOf(model: Model): Scorer {
  checkModel(model);
  try {
    if (model.forest)
      return forestScorer(forestOf(model.forest), model.threshold && secondBy(model.threshold, model.labels));
    if (model.linear) return linearScorer(model.linear);
    if (model.curve) return curveScorer(model.curve);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
  throw damaged("it has no forest, no linear terms and no curve");
}

function checkModel(model: unknown): void {
  if (typeof model !== "object" || model === null) throw damaged(`it is ${quote(model)}`);
  const { format, features, target, threshold, labels } = model as Partial<Model>;
  if (format !== 1)
    throw new Refusal(
      refuse(
        "schema-mismatch",
        `The model has the format ${quote(format)}; this version reads format 1.`,
        "Train it again, or update this package where the model comes from a newer one.",
      ),
    );
  if (!Array.isArray(features) || typeof target !== "string") throw damaged("it names no features or no target");
  if (threshold && !isThreshold(threshold, labels)) throw damaged("its threshold fits no class");
}

const isThreshold = ({ positive, value }: Threshold, labels: readonly Label[] = []): boolean =>
  labels.length === 2 && labels.includes(positive) && value >= 0 && value <= 1;

const damaged = (why: string): Refusal =>
  new Refusal(
    refuse("damaged", `The model cannot be read: ${why}.`, "Train it again, or roll back to an earlier version."),
  );
