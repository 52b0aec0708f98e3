/** Count, extremes, mean and the sums of the second to fourth powers of the deviations from it. NaN where nothing determines them. */
export interface Moments {
  count: number;
  mean: number;
  m2: number;
  m3: number;
  m4: number;
  min: number;
  max: number;
}

export const noMoments = (): Moments => ({
  count: 0,
  mean: Number.NaN,
  m2: 0,
  m3: 0,
  m4: 0,
  min: Number.NaN,
  max: Number.NaN,
});

/** Sums are kept by blocks of so many values: their errors then grow with the block and not with the column. */
const block = 4096;

/**
 * In two passes: a rough mean, then the powers of the deviations from it, corrected by what the rough mean was off
 * (Chan, Golub, LeVeque, The American Statistician 37, 1983, p. 242). Exact where all values are equal.
 *
 * @param values none of them NaN
 * @param count how many of them, from the first on
 */
export function momentsOf(values: Float64Array, count: number = values.length): Moments {
  if (count === 0) return noMoments();
  let min = values[0]!;
  let max = min;
  let sum = 0;
  for (let from = 0; from < count; from += block) {
    const to = Math.min(count, from + block);
    let part = 0;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      part += value;
      if (value < min) min = value;
      else if (value > max) max = value;
    }
    sum += part;
  }
  if (min === max) return { count, mean: min, m2: 0, m3: 0, m4: 0, min, max };

  const rough = sum / count;
  let d1 = 0;
  let d2 = 0;
  let d3 = 0;
  let d4 = 0;
  for (let from = 0; from < count; from += block) {
    const to = Math.min(count, from + block);
    let p1 = 0;
    let p2 = 0;
    let p3 = 0;
    let p4 = 0;
    for (let i = from; i < to; i++) {
      const d = values[i]! - rough;
      const square = d * d;
      p1 += d;
      p2 += square;
      p3 += square * d;
      p4 += square * square;
    }
    d1 += p1;
    d2 += p2;
    d3 += p3;
    d4 += p4;
  }
  const off = d1 / count;
  return {
    count,
    mean: rough + off,
    m2: d2 - count * off * off,
    m3: d3 - 3 * off * d2 + 2 * count * off ** 3,
    m4: d4 - 4 * off * d3 + 6 * off * off * d2 - 3 * count * off ** 4,
    min,
    max,
  };
}

/** Takes in one value more, by the recurrence of P. Pébay, Sandia report SAND2008-6212, equations 2.1 to 2.4 (Welford's for the mean and m2). */
export function addTo(moments: Moments, value: number): void {
  const before = moments.count;
  const count = before + 1;
  if (before === 0) {
    moments.mean = value;
    moments.min = value;
    moments.max = value;
  } else {
    const delta = value - moments.mean;
    const share = delta / count;
    const term = delta * share * before;
    const { m2, m3 } = moments;
    moments.mean += share;
    moments.m4 += term * share * share * (count * count - 3 * count + 3) + 6 * share * share * m2 - 4 * share * m3;
    moments.m3 += term * share * (count - 2) - 3 * share * m2;
    moments.m2 += term;
    if (value < moments.min) moments.min = value;
    if (value > moments.max) moments.max = value;
  }
  moments.count = count;
}

/** Those of both together; neither is changed (Pébay, the same, equation 2.9 and those for the third and fourth power). */
export function joined(a: Moments, b: Moments): Moments {
  if (a.count === 0) return { ...b };
  if (b.count === 0) return { ...a };
  const count = a.count + b.count;
  const delta = b.mean - a.mean;
  const share = delta / count;
  const both = a.count * b.count;
  return {
    count,
    mean: a.mean + share * b.count,
    m2: a.m2 + b.m2 + delta * share * both,
    m3:
      a.m3 + b.m3 + delta * share * share * both * (a.count - b.count) + 3 * share * (a.count * b.m2 - b.count * a.m2),
    m4:
      a.m4 +
      b.m4 +
      delta * share ** 3 * both * (a.count * a.count - both + b.count * b.count) +
      6 * share * share * (a.count * a.count * b.m2 + b.count * b.count * a.m2) +
      4 * share * (a.count * b.m3 - b.count * a.m3),
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** Standard deviation with n - 1. NaN below two values. */
export const sdOfMoments = ({ count, m2 }: Moments): number => (count < 2 ? Number.NaN : Math.sqrt(m2 / (count - 1)));

/** Skewness G1 of Joanes and Gill (The Statistician 47, 1998, p. 183), as pandas: 0 where all values are equal. NaN below three values. */
export function skewnessOf({ count: n, m2, m3 }: Moments): number {
  if (n < 3) return Number.NaN;
  if (m2 === 0) return 0;
  return ((n * Math.sqrt(n - 1)) / (n - 2)) * (m3 / m2 ** 1.5);
}

/** Excess kurtosis G2 of the same authors, as pandas: 0 where all values are equal. NaN below four values. */
export function kurtosisOf({ count: n, m2, m4 }: Moments): number {
  if (n < 4) return Number.NaN;
  if (m2 === 0) return 0;
  const scaled = (n * (n + 1) * m4) / (m2 * m2);
  return ((n - 1) / ((n - 2) * (n - 3))) * (scaled - 3 * (n - 1));
}
