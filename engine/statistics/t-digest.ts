import { quantileOfSorted } from "./quantiles";

/**
 * Quantiles of more values than are kept: exact while there are few, by a merging t-digest beyond (T. Dunning, O. Ertl,
 * "Computing extremely accurate quantiles using t-digests", arXiv:1902.04023, with their scale function k1).
 */
export interface Digest {
  /** Values taken in. */
  readonly count: number;
  /** Numbers held, for a bound on memory. */
  readonly held: number;
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

/** @param compression more than half as many centroids are kept, and fewer than as many; values up to twice as many are all kept */
export function createDigest(compression = 200): Digest {
  const most = 2 * compression;
  let means = new Float64Array(0);
  let weights = new Float64Array(0);
  /** Values that came since, in no order. */
  let fresh: number[] = [];
  let count = 0;
  let isExact = true;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;

  /** Brings the fresh ones among the centroids, and draws these together where they are too many. */
  function settle(): void {
    if (fresh.length === 0) return;
    const sorted = Float64Array.from(fresh).sort();
    fresh = [];
    take(sorted, new Float64Array(sorted.length).fill(1));
  }
  function take(theirs: Float64Array, theirWeights: Float64Array): void {
    [means, weights] = interleaved(means, weights, theirs, theirWeights);
    if (means.length <= most) return;
    isExact = false;
    [means, weights] = drawnTogether(means, weights, count, compression);
  }
  const at = (values: Float64Array, theirs: Float64Array, share: number, least: number, greatest: number): number =>
    isExact ? quantileOfSorted(values, share) : valueAt(values, theirs, count, least, greatest, share);

  return {
    get count() {
      return count;
    },
    get held() {
      return 2 * means.length + fresh.length;
    },
    get isExact() {
      settle();
      return isExact;
    },
    add(value) {
      if (value < min) min = value;
      if (value > max) max = value;
      count++;
      fresh.push(value);
      if (fresh.length === most) settle();
    },
    merge(other) {
      if (other.count === 0) return;
      settle();
      if (!other.isExact) isExact = false;
      count += other.count;
      min = Math.min(min, other.quantile(0));
      max = Math.max(max, other.quantile(1));
      const theirs = other.centroids();
      take(theirs.means, theirs.weights);
    },
    quantile(share) {
      settle();
      return at(means, weights, share, min, max);
    },
    mad() {
      settle();
      if (count === 0) return Number.NaN;
      const median = at(means, weights, 0.5, min, max);
      let split = 0;
      while (split < means.length && means[split]! < median) split++;
      // Both sides of the median in order of their distance from it.
      const [deviations, theirs] = interleaved(
        means
          .slice(0, split)
          .reverse()
          .map((mean) => median - mean),
        weights.slice(0, split).reverse(),
        means.slice(split).map((mean) => mean - median),
        weights.slice(split),
      );
      return at(deviations, theirs, 0.5, deviations[0]!, Math.max(max - median, median - min));
    },
    centroids() {
      settle();
      return { means, weights };
    },
  };
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
  compression: number,
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
  share: number,
): number {
  if (count === 0) return Number.NaN;
  // Ranks from 0 to count - 1, as in type 7; a centroid's middle has the mean of the ranks of its values.
  const rank = share * (count - 1);
  let before = 0;
  let lastRank = 0;
  let lastValue = min;
  for (let c = 0; c < means.length; c++) {
    const middle = before + (weights[c]! - 1) / 2;
    const mean = means[c]!;
    if (rank <= middle)
      return middle === lastRank ? mean : lastValue + ((mean - lastValue) * (rank - lastRank)) / (middle - lastRank);
    lastRank = middle;
    lastValue = mean;
    before += weights[c]!;
  }
  return count - 1 === lastRank ? max : lastValue + ((max - lastValue) * (rank - lastRank)) / (count - 1 - lastRank);
}
