/**
 * Correlation ratio eta of a number and a class: the root of the share of the number's spread that lies between the means of
 * the classes. 0 is no relation, 1 means that the class determines the number (Pearson, Drapers' Co. Res. Mem. 2, 1905).
 * Of rows that have both. NaN where one of them is the same in all of these.
 *
 * @param values NaN is missing
 * @param codes number of each row's class from 0; -1 is missing
 */
export function correlationRatio(values: Float64Array, codes: Int32Array, classes: number): number {
  const counts = new Float64Array(classes);
  const sums = new Float64Array(classes);
  let n = 0;
  let sum = 0;
  const has = (i: number): boolean => codes[i]! >= 0 && Number.isFinite(values[i]!);
  for (let i = 0; i < values.length; i++) {
    if (!has(i)) continue;
    const c = codes[i]!;
    counts[c] = counts[c]! + 1;
    sums[c] = sums[c]! + values[i]!;
    sum += values[i]!;
    n++;
  }
  const mean = sum / n;
  let between = 0;
  let occurring = 0;
  for (let c = 0; c < classes; c++) {
    if (counts[c] === 0) continue;
    occurring++;
    between += counts[c]! * (sums[c]! / counts[c]! - mean) ** 2;
  }
  let within = 0;
  for (let i = 0; i < values.length; i++) {
    if (!has(i)) continue;
    const c = codes[i]!;
    within += (values[i]! - sums[c]! / counts[c]!) ** 2;
  }
  const total = between + within;
  return occurring > 1 && total > 0 ? Math.sqrt(between / total) : Number.NaN;
}

/**
 * Cramer's V of two classes, without correction for bias: 0 is no relation, 1 means that one determines the other (Cramer,
 * Mathematical Methods of Statistics, 1946, 21.9). Of rows that have both. NaN where one of them is the same in all of these.
 *
 * @param a number of each row's class from 0; -1 is missing. `b` likewise
 */
export function cramersV(a: Int32Array, b: Int32Array): number {
  const rows = new Map<number, number>();
  const columns = new Map<number, number>();
  const cells = new Map<number, number>();
  const width = b.reduce((most, code) => Math.max(most, code), 0) + 1;
  const count = (map: Map<number, number>, key: number): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < a.length; i++) {
    if (a[i]! < 0 || b[i]! < 0) continue;
    count(rows, a[i]!);
    count(columns, b[i]!);
    count(cells, a[i]! * width + b[i]!);
  }
  const smaller = Math.min(rows.size, columns.size);
  if (smaller < 2) return Number.NaN;
  let sum = 0;
  for (const [cell, found] of cells)
    sum += found ** 2 / (rows.get(Math.floor(cell / width))! * columns.get(cell % width)!);
  return Math.sqrt(Math.max(0, sum - 1) / (smaller - 1));
}
