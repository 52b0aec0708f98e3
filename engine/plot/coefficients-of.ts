import { correlationP } from "../statistics/correlation-test";
import { pairCorrelation } from "../statistics/pair-correlation";
import { type DrawnColumn, sharesOf } from "./column";
import type { Groups } from "./group";
import type { PlotCorrelation } from "./plot-request";

/** A coefficient with what it rests on; NaN where there is none. */
export interface Coefficient {
  r: number;
  /** Rows in which both have a value. */
  n: number;
  /** Two-sided. */
  p: number;
}

export interface Coefficients {
  /** Of all rows: as the request has it, else Pearson's. */
  all(row: number, col: number): Coefficient;
  /** Pearson's, of the rows of one group. */
  ofGroup(row: number, col: number, group: number): Coefficient;
}

/** Coefficients of columns by their place, each computed once. */
export function coefficientsOf(
  columns: readonly DrawnColumn[],
  known: PlotCorrelation | undefined,
  groups?: Groups,
): Coefficients {
  const shares = columns.map(sharesOf);
  const placeOf = columns.map(({ name }) => known?.columns.indexOf(name) ?? -1);
  const computed = new Map<number, Coefficient>();
  return {
    all(row, col) {
      const [i, j] = [placeOf[row]!, placeOf[col]!];
      if (known && i >= 0 && j >= 0)
        return {
          r: finite(known.matrix[i]?.[j]),
          n: known.n?.[i]?.[j] ?? Number.NaN,
          p: finite(known.p?.[i]?.[j]),
        };
      const key = Math.min(row, col) * columns.length + Math.max(row, col);
      const found = computed.get(key) ?? pearson(shares[row]!, shares[col]!);
      computed.set(key, found);
      return found;
    },
    ofGroup(row, col, group) {
      const own = (values: Float64Array): Float64Array => values.filter((_, i) => groups?.codes[i] === group);
      return pearson(own(shares[row]!), own(shares[col]!));
    },
  };
}

function pearson(a: Float64Array, b: Float64Array): Coefficient {
  const { r, n } = pairCorrelation(a, b);
  return { r, n, p: correlationP(r, n) };
}

const finite = (value: number | null | undefined): number =>
  typeof value === "number" && Number.isFinite(value) ? value : Number.NaN;

export const starsOf = (p: number): string => (p < 0.001 ? "***" : p < 0.01 ? "**" : p < 0.05 ? "*" : "");
