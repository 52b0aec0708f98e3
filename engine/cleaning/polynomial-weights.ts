const memo = new Map<string, Float64Array[]>();
const maxMemo = 20;

/**
 * Row `at` has the weights of `size` evenly spaced values, in order, that give the value at that place of the polynomial
 * fitted to them by least squares: the projection onto polynomials (P. A. Gorry, Anal. Chem. 62 (1990) 570-573). The last
 * row is the causal filter. ml-savitzky-golay-generalized has the same ones, but makes them anew at each call and hands
 * none out.
 */
export function polynomialWeights(size: number, degree: number): readonly Float64Array[] {
  const key = `${size} ${degree}`;
  let rows = memo.get(key);
  if (rows === undefined) {
    rows = calculate(size, degree);
    if (memo.size >= maxMemo) memo.clear();
    memo.set(key, rows);
  }
  return rows;
}

function calculate(size: number, degree: number): Float64Array[] {
  const rows = Array.from({ length: size }, () => new Float64Array(size));
  // Polynomials that are orthonormal over the window, each from the two before it.
  let before = new Float64Array(size);
  let present = new Float64Array(size).fill(1 / Math.sqrt(size));
  let norm = 0;
  for (let k = 0; ; k++) {
    for (let at = 0; at < size; at++) for (let i = 0; i < size; i++) rows[at]![i]! += present[at]! * present[i]!;
    if (k === degree) return rows;
    const next = new Float64Array(size);
    // x runs from -1 to 1 about the middle, where all of them are even or odd.
    for (let i = 0; i < size; i++) next[i] = ((2 * i) / (size - 1) - 1) * present[i]! - norm * before[i]!;
    norm = Math.hypot(...next);
    for (let i = 0; i < size; i++) next[i]! /= norm;
    before = present;
    present = next;
  }
}
