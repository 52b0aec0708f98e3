import { pairCorrelation } from "../statistics/pair-correlation";
import { orderOf } from "../statistics/ranks";
import { type Dataset, type FeatureColumn, takeRows } from "./dataset";
import { rowsByTime, type Split, type SplitKind } from "./split";
import { tellingOf } from "./tells-target";

/** A way in which a model may know at training what nobody will know when it is asked to predict. */
export interface Leak {
  /**
   * `target`: a column that by itself says what is to be predicted. `id`: one that numbers the rows. `future`: one that
   * holds what comes later. `group`: the same unit, and `duplicates`: the same row, on both sides of the split.
   */
  kind: "target" | "id" | "future" | "group" | "duplicates";
  /** Absent for `duplicates`. */
  column?: string;
  /** What was found and what to do, in sentences. */
  text: string;
  /** What the text names, for who says it in another language. */
  values: Record<string, string | number>;
}

/** Of longer tables each column is compared with the target on so many rows, evenly spread. */
const mostRowsLookedAt = 20_000;
const fewestRows = 20;
/** Share of the variance. */
const leastShifted = 0.9999 ** 2;

/**
 * What looks like leakage. A single feature is not suspected of telling the target or of numbering the rows: whoever chose it
 * knows it, as in a calibration.
 */
export function leaksIn(dataset: Dataset, split: Split, kind: SplitKind): Leak[] {
  const leaks: Leak[] = [];
  const isChosen = dataset.features.length === 1;
  const some = thinned(dataset);
  const inOrder = consecutiveRows(dataset);
  let order: Uint32Array | undefined;
  const orderOfTarget = (): Uint32Array => (order ??= orderOf(some.target.values));
  dataset.features.forEach((feature, f) => {
    const { name: column } = feature;
    const telling = isChosen ? undefined : tellingOf(some.features[f]!, some.target, orderOfTarget);
    if (telling)
      leaks.push({
        kind: "target",
        column,
        text: `${telling.text} Is it known before ${dataset.target.name} is? If it is a result of it, take it off the features.`,
        values: { target: dataset.target.name, ...telling.values },
      });
    else if (!isChosen && numbersRows(feature))
      leaks.push({
        kind: "id",
        column,
        text: `${column} numbers the rows, as an id, a counter or a clock does: new rows have numbers that the model has never seen. Take it off the features.`,
        values: {},
      });
    const future = laterThanTarget(inOrder, inOrder.features[f]!);
    if (future) leaks.push({ kind: "future", column, ...future });
  });
  if (split.test.length > 0 && (kind === "random" || kind === "stratified"))
    leaks.push(...groupOnBothSides(dataset, split), ...duplicatesIn(dataset, split));
  return leaks;
}

function thinned(dataset: Dataset): Dataset {
  const { rows } = dataset;
  if (rows <= mostRowsLookedAt) return dataset;
  return takeRows(
    dataset,
    Int32Array.from({ length: mostRowsLookedAt }, (_, i) => Math.floor((i * rows) / mostRowsLookedAt)),
  );
}

/** Rows that follow each other in time, from the middle of longer tables. */
function consecutiveRows(dataset: Dataset): Dataset {
  const { rows, times } = dataset;
  if (rows <= mostRowsLookedAt && !times) return dataset;
  const start = Math.max(0, Math.floor((rows - mostRowsLookedAt) / 2));
  const count = Math.min(rows, mostRowsLookedAt);
  const inOrder = times
    ? rowsByTime(dataset).subarray(start, start + count)
    : Int32Array.from({ length: count }, (_, i) => start + i);
  return takeRows(dataset, inOrder);
}

/** Whole numbers, all different, that rise or fall with every row, or fill their range whatever their order. */
export function numbersRows({ kind, values }: Pick<FeatureColumn, "kind" | "values">): boolean {
  if (kind === "category" || values.length < fewestRows) return false;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let rising = true;
  let falling = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value)) return false;
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (i === 0) continue;
    rising &&= value > values[i - 1]!;
    falling &&= value < values[i - 1]!;
  }
  if (rising || falling) return true;
  const isDense = high - low + 1 <= values.length / 0.9;
  return isDense && new Set(values).size === values.length;
}

/** Says so of a feature that is the next row's target, or a time after the row's own; of rows in order of time. */
function laterThanTarget(
  dataset: Dataset,
  { name, kind, values, missing }: FeatureColumn,
): Pick<Leak, "text" | "values"> | undefined {
  const { rows, times, target } = dataset;
  if (rows < fewestRows || kind === "category" || missing > rows / 10) return undefined;
  if (times && isTimeAfter(values, times))
    return {
      text: `${name} is a time after that of its row: it cannot be known then. Take it off the features.`,
      values: {},
    };
  if ((target.labels?.length ?? 0) > 2) return undefined;
  const shifted = (by: number): number =>
    pairCorrelation(
      values.subarray(Math.max(0, -by), rows - Math.max(0, by)),
      target.values.subarray(Math.max(0, by), rows - Math.max(0, -by)),
    ).r ** 2;
  const next = shifted(1);
  if (!(next >= leastShifted)) return undefined;
  // Of a slow target every neighbour is alike: the next one has to leave a tenth of what the others leave.
  const others = Math.max(shifted(0), shifted(-1));
  if (others >= leastShifted || 1 - next > 0.1 * (1 - others)) return undefined;
  return {
    text: `${name} is what ${target.name} is in the next row (correlation ${Math.sqrt(next).toFixed(6)}): it comes from the future. Take it off the features.`,
    values: { target: target.name, is: Math.sqrt(next) },
  };
}

/** Both in ms since 1970, later than 1973: never before the row's time, and after it in most rows. */
function isTimeAfter(values: Float64Array, times: Float64Array): boolean {
  let later = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    if (values[i]! < times[i]! || times[i]! < 1e11) return false;
    if (values[i]! > times[i]!) later++;
  }
  return later > values.length / 2;
}

function groupOnBothSides({ groups, groupedBy, rows }: Dataset, split: Split): Leak[] {
  if (!groups || !groupedBy) return [];
  const count = new Set(groups).size;
  if (count < 2 || count > rows / 2) return [];
  const groupsOf = (part: Int32Array): Set<number> => new Set(part.map((row) => groups[row]!));
  const learned = groupsOf(split.train);
  const shared = [...groupsOf(split.test)].filter((group) => learned.has(group));
  if (shared.length === 0) return [];
  return [
    {
      kind: "group",
      column: groupedBy,
      text: `Rows of the same ${groupedBy} stand on both sides of the split (${shared.length} of ${count}): the metrics say how well the model knows these, not how it does on a new ${groupedBy}. Hold out whole groups: split group, groupColumn ${groupedBy}.`,
      values: { groups: shared.length, of: count },
    },
  ];
}

/** Below this share equal rows are chance, or few enough. */
const mostDuplicates = 0.01;
const mostRowsCompared = 200_000;

function duplicatesIn(dataset: Dataset, split: Split): Leak[] {
  if (dataset.rows > mostRowsCompared) return [];
  const hashOf = rowHash([...dataset.features.map(({ values }) => values), dataset.target.values]);
  const learned = new Set<number>();
  for (const row of split.train) learned.add(hashOf(row));
  let found = 0;
  for (const row of split.test) if (learned.has(hashOf(row))) found++;
  if (found <= mostDuplicates * split.test.length) return [];
  return [
    {
      kind: "duplicates",
      text: `${found} of ${split.test.length} held-out rows are equal, in every feature and the target, to a row that was learned from: the metrics are better than those of new rows. Drop duplicates with twin-clean, or hold out the last rows (split time).`,
      values: { rows: found, of: split.test.length },
    },
  ];
}

/** 53 bits of a row's numbers: of 200,000 rows two that differ have the same once in a million tables. */
function rowHash(columns: readonly Float64Array[]): (row: number) => number {
  const number = new Float64Array(1);
  const words = new Uint32Array(number.buffer);
  return (row) => {
    let [a, b] = [0x9e3779b9, 0x85ebca6b];
    for (const column of columns) {
      number[0] = column[row]! + 0;
      for (const word of words) {
        a = Math.imul(a ^ word, 0xcc9e2d51);
        a = (a << 15) | (a >>> 17);
        b = Math.imul(b ^ (word + a), 0x1b873593);
        b = (b << 13) | (b >>> 19);
      }
    }
    return (a >>> 0) * 2 ** 21 + (b >>> 11);
  };
}
