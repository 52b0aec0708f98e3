import { coefficient, type PairCorrelation } from "./pair-correlation";

/** Rows that are worked on at a time: of ten columns they fit in the processor's nearest cache. */
const block = 512;

/**
 * Pearson's coefficients of every column of `a` with every one of `b`. One pass over all columns by blocks of rows, about means
 * that were found in a pass before, corrected by what these were off.
 *
 * @param onProgress told shares of the work, 0 to 1
 * @returns undefined where a value is missing or infinite (or a sum too great for a number)
 */
export function correlationMatrix(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
  onProgress: (share: number) => void = () => {},
): PairCorrelation[][] | undefined {
  const rows = a[0]?.length ?? 0;
  const isSame = a === b;
  const of = [...a, ...(isSame ? [] : b)];
  const firstOfB = isSame ? 0 : a.length;
  const means = of.map(meanOf);
  if (rows > 0 && !means.every(Number.isFinite)) return undefined;
  const off = new Float64Array(of.length);
  const squares = new Float64Array(of.length);
  const products = new Float64Array(a.length * b.length);
  const centred = new Float64Array(of.length * block);

  for (let from = 0, blocks = 0; from < rows; from += block, blocks++) {
    const length = Math.min(block, rows - from);
    for (let c = 0; c < of.length; c++) {
      const column = of[c]!;
      const mean = means[c]!;
      const at = c * block;
      let sum = 0;
      for (let i = 0; i < length; i++) {
        const d = column[from + i]! - mean;
        centred[at + i] = d;
        sum += d;
      }
      off[c]! += sum;
      squares[c]! += dot(centred, at, at, length);
    }
    for (let i = 0; i < a.length; i++)
      for (let j = isSame ? i + 1 : 0; j < b.length; j++)
        products[i * b.length + j]! += dot(centred, i * block, (firstOfB + j) * block, length);
    if (blocks % 64 === 0) onProgress(from / rows);
  }

  const squaresOf = (c: number): number => squares[c]! - (off[c]! * off[c]!) / rows;
  const r = (i: number, j: number): number => {
    const c = firstOfB + j;
    if (isSame && i > j) return r(j, i);
    const xy = isSame && i === j ? squaresOf(i) : products[i * b.length + j]! - (off[i]! * off[c]!) / rows;
    return coefficient(squaresOf(i), squaresOf(c), xy, rows, means[i]!, means[c]!);
  };
  return a.map((_, i) => b.map((__, j) => ({ n: rows, r: r(i, j) })));
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (let from = 0; from < values.length; from += 4096) {
    const to = Math.min(values.length, from + 4096);
    let part = 0;
    for (let i = from; i < to; i++) part += values[i]!;
    sum += part;
  }
  return sum / values.length;
}

/** Four sums at once: the processor does not wait for one addition to begin the next. */
function dot(values: Float64Array, a: number, b: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (const last = length - 3; i < last; i += 4) {
    s0 += values[a + i]! * values[b + i]!;
    s1 += values[a + i + 1]! * values[b + i + 1]!;
    s2 += values[a + i + 2]! * values[b + i + 2]!;
    s3 += values[a + i + 3]! * values[b + i + 3]!;
  }
  for (; i < length; i++) s0 += values[a + i]! * values[b + i]!;
  return s0 + s1 + (s2 + s3);
}
