const memo = new Map<string, Float64Array>();
const maxMemo = 100;

/**
 * Weights of the last `size` evenly spaced values, oldest first, that give the newest point of a least-squares polynomial:
 * the last row of the projection onto polynomials, by the Gram polynomials (P. A. Gorry, Anal. Chem. 62 (1990) 570-573).
 * ml-savitzky-golay-generalized makes the same ones for the end of a series, but hands none out.
 */
export function newestPointWeights(size: number, degree: number): Float64Array {
  const key = `${size} ${degree}`;
  let weights = memo.get(key);
  if (weights === undefined) {
    weights = calculate(size, degree);
    if (memo.size >= maxMemo) memo.clear();
    memo.set(key, weights);
  }
  return weights;
}

function calculate(size: number, degree: number): Float64Array {
  const weights = new Float64Array(size);
  // Polynomials that are orthonormal over the window, each from the two before it (Stieltjes).
  let before = new Float64Array(size);
  let present = new Float64Array(size).fill(1 / Math.sqrt(size));
  let norm = 0;
  for (let k = 0; ; k++) {
    const newest = present[size - 1]!;
    for (let i = 0; i < size; i++) weights[i]! += newest * present[i]!;
    if (k === degree) return weights;
    const next = new Float64Array(size);
    // x runs from -1 to 1 about the middle, where all of them are even or odd.
    for (let i = 0; i < size; i++) next[i] = ((2 * i) / (size - 1) - 1) * present[i]! - norm * before[i]!;
    norm = Math.hypot(...next);
    for (let i = 0; i < size; i++) next[i]! /= norm;
    before = present;
    present = next;
  }
}
