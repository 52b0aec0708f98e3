import type { DrawnColumn } from "./column";
import { type Coefficient, correlationOf } from "./correlation-of";
import type { PlotCorrelation } from "./plot-request";

/** Coefficients of columns by their place: those of the request where it has them, else computed, each one once. */
export function knownCoefficients(known: PlotCorrelation | undefined, columns: readonly DrawnColumn[]) {
  const placeOf = columns.map(({ name }) => known?.columns.indexOf(name) ?? -1);
  const computed = new Map<number, Coefficient>();
  return (row: number, col: number): Coefficient => {
    const [i, j] = [placeOf[row]!, placeOf[col]!];
    if (!known || i < 0 || j < 0) {
      const key = Math.min(row, col) * columns.length + Math.max(row, col);
      const found = computed.get(key) ?? correlationOf(columns[row]!, columns[col]!);
      computed.set(key, found);
      return found;
    }
    return {
      r: finite(known.matrix[i]?.[j]),
      n: known.n?.[i]?.[j] ?? Number.NaN,
      p: finite(known.p?.[i]?.[j]),
    };
  };
}

const finite = (value: number | null | undefined): number =>
  typeof value === "number" && Number.isFinite(value) ? value : Number.NaN;
