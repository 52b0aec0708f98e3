/**
 * Puts the values `from` to `to` (included) so that the one of rank `k` stands at `k`, none before it is greater and none
 * behind it is less. Expected time grows with their number (Floyd and Rivest, algorithm 489, Comm. ACM 18, 1975, p. 173).
 *
 * @param values none of them NaN
 */
export function select(values: Float64Array, k: number, from = 0, to: number = values.length - 1): void {
  let left = from;
  let right = to;
  while (right > left) {
    if (right - left > 600) {
      // The rank is looked for in a sample first, which leaves a narrow range for the rest.
      const n = right - left + 1;
      const i = k - left + 1;
      const z = Math.log(n);
      const s = 0.5 * Math.exp((2 * z) / 3);
      const sd = 0.5 * Math.sqrt((z * s * (n - s)) / n) * (i < n / 2 ? -1 : 1);
      select(
        values,
        k,
        Math.max(left, Math.floor(k - (i * s) / n + sd)),
        Math.min(right, Math.floor(k + ((n - i) * s) / n + sd)),
      );
    }
    const pivot = values[k]!;
    let i = left;
    let j = right;
    swap(values, left, k);
    if (values[right]! > pivot) swap(values, left, right);
    while (i < j) {
      swap(values, i, j);
      i++;
      j--;
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
    }
    if (values[left] === pivot) swap(values, left, j);
    else {
      j++;
      swap(values, j, right);
    }
    if (j <= k) left = j + 1;
    if (k <= j) right = j - 1;
  }
}

function swap(values: Float64Array, a: number, b: number): void {
  const value = values[a]!;
  values[a] = values[b]!;
  values[b] = value;
}
