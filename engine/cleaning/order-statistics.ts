/** Mean in two passes: exact where all values are equal. */
export function meanOf(values: ArrayLike<number>): number {
  const n = values.length;
  if (n === 0) return Number.NaN;
  const start = values[0]!;
  let sum = 0;
  for (let i = 1; i < n; i++) sum += values[i]! - start;
  const rough = start + sum / n;
  let rest = 0;
  for (let i = 0; i < n; i++) rest += values[i]! - rough;
  return rough + rest / n;
}

/** Standard deviation with n - 1, in two passes. NaN below two values. */
export function sdOf(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 2) return Number.NaN;
  const mean = meanOf(values);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const d = values[i]! - mean;
    sum += d * d;
  }
  return Math.sqrt(sum / (n - 1));
}

/** Quantile of type 7 of ascending values. */
export function quantileOf(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * p;
  const low = Math.floor(at);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (at - low);
}

/** Median of ascending values. */
export function medianOf(sorted: ArrayLike<number>): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  return n % 2 === 1 ? sorted[n >> 1]! : (sorted[n / 2 - 1]! + sorted[n / 2]!) / 2;
}

/**
 * Median absolute deviation of ascending values, without a scale factor. The deviations below the median and those above
 * it ascend each for themselves: the middle one of both is found by halving.
 */
export function madOf(sorted: ArrayLike<number>): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const median = medianOf(sorted);
  let split = 0;
  let end = n;
  while (split < end) {
    const middle = (split + end) >> 1;
    if (sorted[middle]! < median) split = middle + 1;
    else end = middle;
  }
  // Of the least `taken` deviations, `low` lie below the median: the next below is not less than the last one above.
  const taken = (n >> 1) + 1;
  let low = Math.max(0, taken - (n - split));
  let high = Math.min(taken, split);
  while (low < high) {
    const i = (low + high) >> 1;
    if (median - sorted[split - 1 - i]! < sorted[split + taken - i - 1]! - median) low = i + 1;
    else high = i;
  }
  // The two greatest of those taken are the last two of either side.
  const right = split + taken - low;
  const left = split - low;
  const a = low > 0 ? median - sorted[left]! : -1;
  const b = taken > low ? sorted[right - 1]! - median : -1;
  const greatest = Math.max(a, b);
  if (n % 2 === 1) return greatest;
  const second =
    a > b
      ? Math.max(b, low > 1 ? median - sorted[left + 1]! : -1)
      : Math.max(a, taken - low > 1 ? sorted[right - 2]! - median : -1);
  return (second + greatest) / 2;
}
