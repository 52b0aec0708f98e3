/** Most rows for which every order is counted, as R does. */
export const maxExactRows = 9;

const known = new Map<number, Float64Array>();

/**
 * Two-sided p-value of Spearman's coefficient without ties: the share of all orders of `n` rows whose sum of squared
 * differences of ranks is as far to one side, twice (R's `cor.test(exact = TRUE)`, which counts up to 9 rows likewise).
 *
 * @param r the coefficient
 * @param n 2 to {@link maxExactRows}
 */
export function spearmanExact(r: number, n: number): number {
  const shares = sharesOf(n);
  const sum = Math.round(((n ** 3 - n) * (1 - r)) / 6);
  let low = 0;
  let high = 0;
  for (let s = 0; s < shares.length; s++) {
    if (s <= sum) low += shares[s]!;
    if (s >= sum) high += shares[s]!;
  }
  return Math.min(1, 2 * Math.min(low, high));
}

/** By sum of squared differences: the share of the orders that have it. */
function sharesOf(n: number): Float64Array {
  const found = known.get(n);
  if (found) return found;
  const length = (n ** 3 - n) / 3 + 1;
  // By the set of ranks that are given out already, to the first rows in turn.
  const ways: (Float64Array | undefined)[] = [Float64Array.of(1, ...new Float64Array(length - 1))];
  let orders = 1;
  for (let set = 0; set < (1 << n) - 1; set++) {
    const sums = ways[set]!;
    const row = countBits(set);
    for (let rank = 0; rank < n; rank++) {
      if ((set & (1 << rank)) !== 0) continue;
      const next = set | (1 << rank);
      ways[next] ??= new Float64Array(length);
      const square = (rank - row) ** 2;
      for (let s = 0; s + square < length; s++) ways[next]![s + square]! += sums[s]!;
    }
    ways[set] = undefined;
  }
  for (let i = 2; i <= n; i++) orders *= i;
  const shares = ways[(1 << n) - 1]!.map((count) => count / orders);
  known.set(n, shares);
  return shares;
}

function countBits(set: number): number {
  let count = 0;
  for (let rest = set; rest > 0; rest &= rest - 1) count++;
  return count;
}
