import { fromBase64, packed } from "../base64";
import { type Dataset, takeRows } from "../dataset";
import { randomOf } from "../random";
import { nearest, nearestSquare, nearestSquares } from "./nearest";
import { type DomainColumn, domainColumns, standardised, whiteningOf } from "./whitening";

/** What a model keeps of where its training rows lie: some of them, and how far apart such rows are. JSON. */
export interface FamiliarityModel {
  columns: DomainColumn[];
  /** Float64, square, row by row: see `whiteningOf`. */
  whitening: string;
  /** Float32, a row of columns each: training rows, whitened. */
  rows: string;
  /** Farther from the nearest of these rows is out of domain. */
  limit: number;
}

export interface Familiarity {
  /** Distance of a row of the model's features to the nearest training row that is kept, as a share of the limit: above 1 it is out. */
  distance(row: Float64Array): number;
  /** The same of the first `count` of rows of `width` numbers each, to the bit. */
  distances(rows: Float64Array, width: number, count: number, into: Float64Array): void;
  /** Index of the feature that goes least with those before it. */
  oddest(row: Float64Array): number;
}

/** Training rows that are kept. */
const kept = 256;
/** Of these, at most half are there because of a rare text. */
const keptForTexts = 128;
const mostColumns = 100;
const fewestRows = 10;
/** Rows that correlations are computed of, and rows that the limit is taken from: more change nothing that matters. */
const rowsForCorrelation = 20_000;
const rowsForLimit = 4000;
/** Of rows like those of the training, this share lies beyond the limit. */
const beyond = 0.001;
/** With fewer rows than tell that share, the limit is the farthest, and half as far again. */
const room = 1.5;

/**
 * Learns which combinations of values there are: the distance to the nearest of 256 training rows picked at random tells rows of the
 * same kind from others better than more laborious measures (M. Sugiyama and K. Borgwardt, Rapid distance-based outlier detection
 * via sampling, NIPS 26, 2013). Distances are of whitened columns. The limit is a quantile of the distances of training rows, each
 * to the others, so that rows of the same distribution lie beyond it as rarely as is meant (R. Laxhammar and G. Falkman, Conformal
 * prediction for distribution-independent anomaly detection, 2010). Undefined for fewer than 10 rows and more than 100 columns.
 */
export function familiarityOf(dataset: Dataset): FamiliarityModel | undefined {
  const { features, rows } = dataset;
  const width = features.reduce((sum, { categories }) => sum + (categories ? categories.length - 1 : 1), 0);
  if (rows < fewestRows || width > mostColumns) return undefined;
  const sampled = takeRows(dataset, evenly(rows, rowsForCorrelation));
  const columns = domainColumns(sampled);
  if (columns.length === 0) return undefined;
  const whitening = whiteningOf(sampled, columns);
  const k = columns.length;
  const whiten = whitener(columns, whitening);
  const z = new Float64Array(k);
  const values = new Float64Array(features.length);
  const whitenRow = (row: number): Float64Array => {
    for (let f = 0; f < values.length; f++) values[f] = features[f]!.values[row]!;
    return whiten(values, z);
  };

  const chosen = pickRows(dataset);
  const points = new Float64Array(chosen.length * k);
  for (const [i, row] of chosen.entries()) points.set(whitenRow(row), i * k);
  const placeOf = new Map(chosen.map((row, i) => [row, i]));
  const distances = Float64Array.from(evenly(rows, rowsForLimit), (row) => {
    const place = placeOf.get(row) ?? chosen.length;
    whitenRow(row);
    return Math.sqrt(Math.min(nearestSquare(points, z, 0, place), nearestSquare(points, z, place + 1, chosen.length)));
  }).sort();
  const rank = Math.ceil((distances.length + 1) * (1 - beyond));
  const limit = rank <= distances.length ? distances[rank - 1]! : room * distances[distances.length - 1]!;
  // Equal rows only: nothing can be told of others.
  if (limit === 0) return undefined;
  return { columns, whitening: packed(whitening), rows: packed(Float32Array.from(points)), limit };
}

/** Throws a RangeError for a model that does not fit together. */
export function familiarityFrom({ columns, whitening, rows, limit }: FamiliarityModel): Familiarity {
  const k = columns.length;
  const matrix = new Float64Array(fromBase64(whitening).buffer);
  const points = Float64Array.from(new Float32Array(fromBase64(rows).buffer));
  if (k === 0 || matrix.length !== k * k || points.length === 0 || points.length % k !== 0 || !(limit > 0))
    throw new RangeError("the kept training rows do not fit together");
  const whiten = whitener(columns, matrix);
  const z = new Float64Array(k);
  const group = new Float64Array(4 * k);
  const squares = new Float64Array(4);
  return {
    distance: (row) => Math.sqrt(nearestSquare(points, whiten(row, z), 0, points.length / k)) / limit,
    distances(rows, width, count, into) {
      for (let start = 0; start < count; start += 4) {
        const some = Math.min(4, count - start);
        for (let i = 0; i < some; i++) whiten(rows, group, (start + i) * width, i * k);
        nearestSquares(points, group, k, squares);
        for (let i = 0; i < some; i++) into[start + i] = Math.sqrt(squares[i]!) / limit;
      }
    },
    oddest(row) {
      const at = nearest(points, whiten(row, z));
      let most = 0;
      let column = 0;
      for (let i = 0; i < k; i++) {
        const off = Math.abs(z[i]! - points[at * k + i]!);
        if (off <= most) continue;
        most = off;
        column = i;
      }
      return columns[column]!.feature;
    },
  };
}

/** Whitens the row that begins at `from`, and puts it at `to`. */
function whitener(
  columns: readonly DomainColumn[],
  matrix: Float64Array,
): (rows: Float64Array, into: Float64Array, from?: number, to?: number) => Float64Array {
  const k = columns.length;
  const u = new Float64Array(k);
  return (rows, into, from = 0, to = 0) => {
    for (let i = 0; i < k; i++) u[i] = standardised(columns[i]!, rows[from + columns[i]!.feature]!);
    for (let i = 0; i < k; i++) {
      let sum = 0;
      for (let j = 0; j <= i; j++) sum += matrix[i * k + j]! * u[j]!;
      into[to + i] = sum;
    }
    return into;
  };
}

/** Rows picked at random, after some of each text, so that none is far off only because it is rare. */
function pickRows({ features, rows }: Dataset): number[] {
  const random = randomOf(1);
  const picked = new Set<number>();
  const texts = features.reduce((sum, { categories }) => sum + (categories?.length ?? 0), 0);
  const ofEach = Math.max(1, Math.floor(keptForTexts / Math.max(1, texts)));
  const start = random.below(rows);
  for (const { categories, values } of features) {
    const left = categories?.map(() => Math.min(ofEach, 4)) ?? [];
    let open = left.length;
    for (let i = 0; i < rows && open > 0; i++) {
      const row = (start + i) % rows;
      const text = values[row]!;
      if (!((left[text] ?? 0) > 0)) continue;
      picked.add(row);
      left[text] = left[text]! - 1;
      if (left[text] === 0) open--;
    }
  }
  while (picked.size < Math.min(kept, rows)) picked.add(random.below(rows));
  return [...picked];
}

const evenly = (rows: number, most: number): Int32Array => {
  const count = Math.min(rows, most);
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
};
