/**
 * Quantiles of more values than are kept: exact while there are few, by a merging t-digest beyond (T. Dunning, O. Ertl,
 * "Computing extremely accurate quantiles using t-digests", arXiv:1902.04023, with their scale function k1).
 */
export interface Digest {
  /** Values taken in. */
  readonly count: number;
  /** Whether all values are kept. */
  readonly isExact: boolean;
  /** @param value finite */
  add(value: number): void;
  /** Takes in all that another digest has, which stays as it is. */
  merge(other: Digest): void;
  /** Type 7 while exact; else the error in rank is below 1 % of the count, far below that near the ends. NaN without values. */
  quantile(share: number): number;
  /** Median of the absolute deviations from the median, not scaled. NaN without values. */
  mad(): number;
  /** Means of the values kept together, ascending, and how many values each stands for; exact: the values, each 1. */
  centroids(): { means: Float64Array; weights: Float64Array };
}

/** So many centroids and twice as many are enough for any count. */
const compression = 200;
/** Values that are kept before they are drawn together. */
export const maxExactValues = 1000;

export function createDigest(): Digest {
  let means = new Float64Array(0);
  let weights = new Float64Array(0);
  /** What was added since, in no order; weights are absent where each is 1. */
  let fresh: number[] = [];
  let freshWeights: number[] | undefined;
  let count = 0;
  let isExact = true;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;

  function put(mean: number, weight: number): void {
    if (weight !== 1 && freshWeights === undefined) freshWeights = new Array(fresh.length).fill(1);
    fresh.push(mean);
    freshWeights?.push(weight);
    count += weight;
    if (fresh.length >= maxExactValues) settle(true);
  }

  /** Brings the fresh ones in order and among the centroids. @param draws whether centroids are drawn together */
  function settle(draws: boolean): void {
    if (fresh.length > 0) {
      const order = Uint32Array.from(fresh.keys()).sort((a, b) => fresh[a]! - fresh[b]!);
      const freshOnes = Float64Array.from(order, (i) => fresh[i]!);
      const theirWeights = Float64Array.from(order, (i) => freshWeights?.[i] ?? 1);
      [means, weights] = interleaved(means, weights, freshOnes, theirWeights);
      fresh = [];
      freshWeights = undefined;
    }
    if ((isExact && means.length <= maxExactValues) || (!isExact && !draws && means.length <= 2 * compression)) return;
    isExact = false;
    [means, weights] = drawnTogether(means, weights, count);
  }

  const digest: Digest = {
    get count() {
      return count;
    },
    get isExact() {
      settle(false);
      return isExact;
    },
    add(value) {
      if (value < min) min = value;
      if (value > max) max = value;
      put(value, 1);
    },
    merge(other) {
      if (other.count === 0) return;
      const theirs = other.centroids();
      if (!other.isExact) isExact = false;
      min = Math.min(min, other.quantile(0));
      max = Math.max(max, other.quantile(1));
      for (let i = 0; i < theirs.means.length; i++) put(theirs.means[i]!, theirs.weights[i]!);
    },
    quantile(share) {
      settle(false);
      return valueAt(means, weights, count, min, max, isExact, share);
    },
    mad() {
      if (count === 0) return Number.NaN;
      const median = digest.quantile(0.5);
      const deviations = Float64Array.from(means, (mean) => Math.abs(mean - median));
      const order = Uint32Array.from(deviations.keys()).sort((a, b) => deviations[a]! - deviations[b]!);
      const sorted = Float64Array.from(order, (i) => deviations[i]!);
      const theirs = Float64Array.from(order, (i) => weights[i]!);
      const furthest = Math.max(max - median, median - min);
      return valueAt(sorted, theirs, count, sorted[0]!, furthest, isExact, 0.5);
    },
    centroids() {
      settle(false);
      return { means, weights };
    },
  };
  return digest;
}

/** Two ascending lists as one. */
function interleaved(
  a: Float64Array,
  aWeights: Float64Array,
  b: Float64Array,
  bWeights: Float64Array,
): [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>] {
  const means = new Float64Array(a.length + b.length);
  const weights = new Float64Array(means.length);
  for (let i = 0, j = 0; i + j < means.length; ) {
    const isFromA = j === b.length || (i < a.length && a[i]! <= b[j]!);
    const at = i + j;
    means[at] = isFromA ? a[i]! : b[j]!;
    weights[at] = isFromA ? aWeights[i++]! : bWeights[j++]!;
  }
  return [means, weights];
}

/** One pass from left to right: a centroid grows until it spans one unit of k1, so those at the ends stay single. */
function drawnTogether(
  means: Float64Array,
  weights: Float64Array,
  count: number,
): [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>] {
  const outMeans = new Float64Array(means.length);
  const outWeights = new Float64Array(means.length);
  const limitAfter = (share: number): number => {
    const k = (compression / (2 * Math.PI)) * Math.asin(2 * Math.min(1, share) - 1) + 1;
    return k >= compression / 4 ? 1 : (Math.sin((2 * Math.PI * k) / compression) + 1) / 2;
  };
  let out = 0;
  let done = 0;
  let limit = limitAfter(0) * count;
  outMeans[0] = means[0]!;
  outWeights[0] = weights[0]!;
  for (let i = 1; i < means.length; i++) {
    const weight = weights[i]!;
    if (done + outWeights[out]! + weight <= limit) {
      outWeights[out]! += weight;
      outMeans[out]! += ((means[i]! - outMeans[out]!) * weight) / outWeights[out]!;
    } else {
      done += outWeights[out]!;
      limit = limitAfter(done / count) * count;
      out++;
      outMeans[out] = means[i]!;
      outWeights[out] = weight;
    }
  }
  return [outMeans.slice(0, out + 1), outWeights.slice(0, out + 1)];
}

/** Linear between the middles of neighbouring centroids; at the ends between a centroid and the extreme. */
function valueAt(
  means: Float64Array,
  weights: Float64Array,
  count: number,
  min: number,
  max: number,
  isExact: boolean,
  share: number,
): number {
  const n = means.length;
  if (n === 0) return Number.NaN;
  if (isExact) {
    const at = (n - 1) * share;
    const low = Math.floor(at);
    return low === at ? means[low]! : means[low]! + (means[low + 1]! - means[low]!) * (at - low);
  }
  // Ranks from 0 to count - 1, as in type 7; a centroid's middle has the mean of the ranks of its values.
  const rank = share * (count - 1);
  let before = 0;
  let lastRank = 0;
  let lastValue = min;
  for (let c = 0; c < n; c++) {
    const middle = before + (weights[c]! - 1) / 2;
    if (rank <= middle) {
      if (middle === lastRank) return means[c]!;
      return lastValue + ((means[c]! - lastValue) * (rank - lastRank)) / (middle - lastRank);
    }
    lastRank = middle;
    lastValue = means[c]!;
    before += weights[c]!;
  }
  return count - 1 === lastRank ? max : lastValue + ((max - lastValue) * (rank - lastRank)) / (count - 1 - lastRank);
}
