import { correlationMatrix } from "./correlation-matrix";
import { correlationInterval, correlationP, spearmanP } from "./correlation-test";
import { finite } from "./describe-column";
import { type PairCorrelation, pairCorrelation } from "./pair-correlation";
import { orderOf, ranksOf } from "./ranks";

export const correlationMethods = ["pearson", "spearman"] as const;
export type CorrelationMethod = (typeof correlationMethods)[number];

/** Coefficients of every column with every other, rows and columns of each matrix in the order of `columns`. */
export interface Correlation {
  method: CorrelationMethod;
  use: "pairwise" | "complete";
  /** The column of a matrix's row is taken so many rows earlier than the one of its column. */
  lag: number;
  columns: string[];
  /** null where a column is constant or fewer than two rows have both. */
  matrix: (number | null)[][];
  /** Rows that each coefficient rests on. */
  n: number[][];
  /** Two-sided p-values; null for a column with itself and below three rows. */
  p: (number | null)[][];
  /** 95 % intervals, Pearson's only; null below four rows. */
  ci?: ([number, number] | null)[][];
}

export interface CorrelationOptions {
  /** @default "pearson" */
  method?: CorrelationMethod;
  /** `complete` leaves out every row in which any of the columns is missing. @default "pairwise" */
  use?: "pairwise" | "complete";
  /** @default 0 */
  lag?: number;
  onProgress?(share: number): void;
}

interface NamedColumn {
  name: string;
  /** NaN and infinite values are missing. */
  values: Float64Array;
}

/** A coefficient and whether equal values were ranked for it. */
interface Judged extends PairCorrelation {
  hasTies?: boolean;
}

export function correlate(columns: readonly NamedColumn[], options: CorrelationOptions = {}): Correlation {
  const { method = "pearson", use = "pairwise", lag = 0, onProgress = () => {} } = options;
  const rows = columns[0]?.values.length ?? 0;
  let earlier = columns.map(({ values }) => values.subarray(0, Math.max(0, rows - lag)));
  let later = lag === 0 ? earlier : columns.map(({ values }) => values.subarray(Math.min(rows, lag)));
  if (use === "complete") {
    const kept = completeRows(lag === 0 ? earlier : [...earlier, ...later]);
    earlier = earlier.map((values) => taken(values, kept));
    later = lag === 0 ? earlier : later.map((values) => taken(values, kept));
  }
  const pairs = method === "pearson" ? pearson(earlier, later, onProgress) : spearman(earlier, later, onProgress);
  const isItself = (i: number, j: number): boolean => i === j && lag === 0;
  return {
    method,
    use,
    lag,
    columns: columns.map(({ name }) => name),
    matrix: pairs.map((row, i) => row.map(({ r }, j) => (isItself(i, j) && !Number.isNaN(r) ? 1 : finite(r)))),
    n: pairs.map((row) => row.map(({ n }) => n)),
    p: pairs.map((row, i) =>
      row.map(({ r, n, hasTies = true }, j) => {
        if (isItself(i, j)) return null;
        return finite(method === "pearson" ? correlationP(r, n) : spearmanP(r, n, hasTies));
      }),
    ),
    ...(method === "pearson"
      ? {
          ci: pairs.map((row, i) =>
            row.map(({ r, n }, j) => (isItself(i, j) ? null : (correlationInterval(r, n) ?? null))),
          ),
        }
      : {}),
  };
}

function pearson(a: Float64Array[], b: Float64Array[], onProgress: (share: number) => void): Judged[][] {
  return correlationMatrix(a, b, onProgress) ?? everyPair(a, b, onProgress, (i, j) => pairCorrelation(a[i]!, b[j]!));
}

function spearman(a: Float64Array[], b: Float64Array[], onProgress: (share: number) => void): Judged[][] {
  const ordersA = a.map(orderOf);
  const ordersB = a === b ? ordersA : b.map(orderOf);
  const isComplete = (order: Uint32Array): boolean => order.length === a[0]!.length;
  if (ordersA.every(isComplete) && ordersB.every(isComplete)) {
    const ranksA = a.map((values, i) => ranksOf(values, ordersA[i]!));
    const ranksB = a === b ? ranksA : b.map((values, j) => ranksOf(values, ordersB[j]!));
    const only = ranksA.map(({ ranks }) => ranks);
    const pairs = correlationMatrix(only, a === b ? only : ranksB.map(({ ranks }) => ranks), onProgress);
    return pairs!.map((row, i) =>
      row.map((pair, j) => ({ ...pair, hasTies: ranksA[i]!.hasTies || ranksB[j]!.hasTies })),
    );
  }
  // Ranks are those among the rows that both have, as R's.
  return everyPair(a, b, onProgress, (i, j) => {
    const x = ranksOf(a[i]!, ordersA[i]!, b[j]!);
    const y = ranksOf(b[j]!, ordersB[j]!, a[i]!);
    return { ...pairCorrelation(x.ranks, y.ranks), hasTies: x.hasTies || y.hasTies };
  });
}

function everyPair(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
  onProgress: (share: number) => void,
  of: (i: number, j: number) => Judged,
): Judged[][] {
  const pairs: Judged[][] = a.map(() => []);
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) pairs[i]!.push(a === b && j < i ? pairs[j]![i]! : of(i, j));
    onProgress((i + 1) / a.length);
  }
  return pairs;
}

/** The rows in which every column has a finite value. */
function completeRows(columns: readonly Float64Array[]): Uint32Array {
  const rows = columns[0]?.length ?? 0;
  const kept = new Uint32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    let isWhole = true;
    for (let c = 0; c < columns.length && isWhole; c++) isWhole = columns[c]![row]! - columns[c]![row]! === 0;
    if (isWhole) kept[count++] = row;
  }
  return kept.subarray(0, count);
}

function taken(values: Float64Array, rows: Uint32Array): Float64Array {
  if (rows.length === values.length) return values;
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
  return out;
}
