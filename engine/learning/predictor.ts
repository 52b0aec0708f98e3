import { quote, Refusal, refuse } from "../contract/errors";
import type { Row } from "../contract/messages";
import { categoryOfCell, kindOfCell, numberOfCell } from "./cells";
import type { Label } from "./dataset";
import { type Familiarity, familiarityFrom } from "./domain/familiarity";
import { type FeatureSpec, type Model, scorerOf } from "./model";
import type { Block } from "./scorer";

/** A feature that lies where the model has never been: beyond the range it was trained with, or a text it does not know. */
export interface Outside {
  feature: string;
  value: unknown;
  /** Range of the training rows. Absent for categories. */
  min?: number;
  max?: number;
}

export interface Prediction {
  /** The predicted number or class. Null where the arithmetic has no result, such as a power of a negative number. */
  value: Label | null;
  /** Of each class, by its name. */
  probabilities?: Record<string, number>;
  /** Where the value lies with the probability that was asked for. */
  interval?: [number, number];
  /**
   * What each feature adds to `(base)`; all together are the value, for classes the probability of the predicted class.
   * Categories and powers count towards their feature.
   */
  contributions?: Record<string, number>;
  /** `out`: some feature, or the combination of them, lies outside of what the model was trained with. */
  domain: "in" | "out";
  /** Which, when `out`; of a combination the one that goes least with the others. */
  outside?: Outside[];
  /** Why, when `out`: a value beyond its range or a text that is not known, or values that never came together. */
  domainWhy?: "range" | "combination";
  /** How far the row is from those of the training, as a share of what is usual among them: above 1 it is `out`. Absent where that cannot be told. */
  domainScore?: number;
}

export interface PredictOptions {
  /** 0 to 1: adds an interval of this probability, where the model can tell one. @default 0: none */
  interval?: number;
  /** @default false */
  explain?: boolean;
  /** Whether to look at the combination of values, too. @default true */
  combination?: boolean;
}

export interface Predictor {
  readonly model: Model;
  /** The row that was predicted last, as the model's numbers (see Scorer). */
  readonly row: Float64Array;
  /** Most rows of one {@link predictBlock}: some ms of work. */
  readonly blockRows: number;
  /** Refuses a row that lacks a feature or holds one of the wrong kind. */
  predict(row: Row, options?: PredictOptions): Prediction;
  /**
   * As {@link predict} does it for each of up to `blockRows` rows, but all at once where that is faster.
   *
   * @param rowAt gives each row once, in their order; it may refuse one
   * @param each takes what came of each row, in their order; meanwhile `row` is that row
   */
  predictBlock(
    count: number,
    rowAt: (index: number) => Row,
    each: (found: Prediction | Refusal, index: number) => void,
    options?: PredictOptions,
  ): void;
}

/** Scores rows of a table with a stored model. */
export function predictorOf(model: Model): Predictor {
  const scorer = scorerOf(model);
  const { features, labels } = model;
  const values = new Float64Array(features.length);
  const parts = new Float64Array(features.length);
  const shares = new Float64Array(labels?.length ?? 0);
  const names = features.map(({ name }) => name);
  const numbers = features.map(({ categories }) => categories && new Map(categories.map((text, i) => [text, i])));
  const texts = (labels ?? []).map(String);
  const lows = Float64Array.from(features, ({ min }) => min ?? Number.NaN);
  const highs = Float64Array.from(features, ({ max }) => max ?? Number.NaN);
  const familiarity = familiarityIn(model);
  const copesWithMissing = model.forest !== undefined && model.engine === "meditwin";

  /** Puts the row's numbers into `into`, from `at`; says which lie outside. */
  function encode(row: Row, into: Float64Array, at: number): Outside[] | undefined {
    let outside: Outside[] | undefined;
    for (let f = 0; f < names.length; f++) {
      // Nearly every cell there is: a number within its range, a text that is known.
      const cell = row[names[f]!];
      const known = numbers[f];
      const value = known ? known.get(cell as string) : cell;
      if (typeof value === "number" && (known || (value >= lows[f]! && value <= highs[f]!))) {
        into[at + f] = value;
        continue;
      }
      const found = encodeCell(row, f, into, at);
      if (!found) continue;
      outside ??= [];
      outside.push(found);
    }
    return outside;
  }

  function encodeCell(row: Row, f: number, into: Float64Array, at: number): Outside | undefined {
    const spec = features[f]!;
    const cell = readCell(row, spec, copesWithMissing);
    const value =
      spec.kind === "category" ? (numbers[f]?.get(categoryOfCell(cell) ?? "") ?? Number.NaN) : numberOfCell(cell);
    into[at + f] = value;
    const { min, max } = spec;
    const isInside = Number.isNaN(value)
      ? spec.mayBeMissing && kindOfCell(cell) === "missing"
      : spec.kind === "category" ||
        (min === null || max === null
          ? !spec.mayBeMissing // not known
          : value >= min && value <= max);
    if (isInside) return undefined;
    return { feature: spec.name, value: cell ?? null, ...(min !== null && max !== null ? { min, max } : {}) };
  }

  function oddOne(row: Row): Outside {
    const { name } = features[familiarity!.oddest(values)]!;
    return { feature: name, value: row[name] ?? null };
  }

  /**
   * Of the row in `values`, and its probabilities in `shares`.
   *
   * @param beyond which features lie outside
   * @param distance its domainScore, when that was looked at
   */
  function tell(
    row: Row,
    beyond: Outside[] | undefined,
    distance: number | undefined,
    score: number,
    options: PredictOptions,
  ): Prediction {
    const { interval = 0, explain = false } = options;
    const outside = beyond ?? (distance !== undefined && distance > 1 ? [oddOne(row)] : undefined);
    const prediction: Prediction = {
      value: labels ? (labels[score] ?? null) : Number.isFinite(score) ? score : null,
      domain: outside ? "out" : "in",
    };
    if (labels && scorer.probabilities) prediction.probabilities = byName(texts, shares);
    if (interval > 0 && interval < 1 && scorer.interval) prediction.interval = scorer.interval(values, interval);
    if (explain && scorer.contributions) {
      const base = scorer.contributions(values, parts);
      prediction.contributions = { "(base)": base };
      features.forEach(({ name }, f) => {
        prediction.contributions![name] = parts[f]!;
      });
    }
    if (distance !== undefined) prediction.domainScore = Math.round(distance * 1000) / 1000;
    if (outside) {
      prediction.outside = outside;
      prediction.domainWhy = beyond ? "range" : "combination";
    }
    return prediction;
  }

  function predict(row: Row, options: PredictOptions = {}): Prediction {
    const beyond = encode(row, values, 0);
    const distance = options.combination === false ? undefined : familiarity?.distance(values);
    return tell(row, beyond, distance, scorer.probabilities?.(values, shares) ?? scorer.score(values), options);
  }

  const { together } = scorer;
  const width = features.length;
  const room = together ? Math.max(1, Math.min(together.mostRows, Math.floor(mostCells / width))) : 64;
  let block: Block | undefined;
  let distances: Float64Array | undefined;

  return {
    model,
    row: values,
    blockRows: room,
    predict,
    predictBlock(count, rowAt, each, options = {}) {
      if (!together) {
        for (let i = 0; i < count; i++)
          each(
            orRefusal(() => predict(rowAt(i), options)),
            i,
          );
        return;
      }
      block ??= blockOf(room, width, shares.length);
      distances ??= new Float64Array(room);
      const { rows, scores, shares: allShares } = block;
      const given: Row[] = [];
      const places: (Outside[] | undefined | Refusal)[] = [];
      block.count = 0;
      for (let i = 0; i < count; i++) {
        const found = orRefusal(() => {
          const row = rowAt(i);
          const beyond = encode(row, rows, width * block!.count);
          given.push(row);
          return beyond;
        });
        places.push(found);
        if (!(found instanceof Refusal)) block.count++;
      }
      const isMeasured = familiarity !== undefined && options.combination !== false;
      if (isMeasured) familiarity.distances(rows, width, block.count, distances);
      together.score(block);
      let at = 0;
      for (const [i, beyond] of places.entries()) {
        if (beyond instanceof Refusal) {
          each(beyond, i);
          continue;
        }
        for (let f = 0; f < width; f++) values[f] = rows[at * width + f]!;
        for (let c = 0; c < shares.length; c++) shares[c] = allShares[at * shares.length + c]!;
        each(tell(given[at]!, beyond, isMeasured ? distances[at] : undefined, scores[at++]!, options), i);
      }
    },
  };
}

/** Numbers of the rows of a block: 2 MB. */
const mostCells = 262_144;

const blockOf = (room: number, width: number, classes: number): Block => ({
  width,
  count: 0,
  rows: new Float64Array(room * width),
  scores: new Float64Array(room),
  shares: new Float64Array(room * classes),
});

function orRefusal<T>(action: () => T): T | Refusal {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** Two classes, by far the most usual number, the quick way. */
const byName = (names: readonly string[], values: Float64Array): Record<string, number> =>
  names.length === 2
    ? { [names[0]!]: values[0]!, [names[1]!]: values[1]! }
    : Object.fromEntries(names.map((name, i) => [name, values[i]!]));

function familiarityIn({ familiarity }: Model): Familiarity | undefined {
  try {
    return familiarity && familiarityFrom(familiarity);
  } catch (error) {
    throw new Refusal(
      refuse(
        "damaged",
        `The model cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
        "Train it again, or roll back to an earlier version.",
      ),
    );
  }
}

function readCell(row: Row, spec: FeatureSpec, copesWithMissing: boolean): unknown {
  const { name, kind } = spec;
  const isThere = Object.hasOwn(row, name);
  if (!isThere && !spec.mayBeMissing)
    throw new Refusal(
      refuse(
        "schema-mismatch",
        `The model needs ${quote(name)}, which is not there.`,
        `Send ${name} as the model was trained with it; a node before this one may rename or convert it.`,
        { property: name },
      ),
    );
  const cell = isThere ? row[name] : undefined;
  const found = kindOfCell(cell);
  if (found === "missing") {
    if (copesWithMissing) return null;
    throw new Refusal(
      refuse(
        "missing",
        `${quote(name)} is blank, and this model cannot do without it.`,
        "Fill blanks with twin-clean, or use forest-regressor or forest-classifier, which cope with them.",
        { property: name },
      ),
    );
  }
  if (found === "bad" || (kind === "number" && found === "text"))
    throw new Refusal(
      refuse(
        "schema-mismatch",
        `${quote(name)} is ${quote(cell)}, but the model was trained with ${kind === "number" ? "numbers" : "texts"} there.`,
        "Convert it with twin-clean.",
        { property: name },
      ),
    );
  return cell;
}
