import { missingBin, missingRank, type RankedColumns, type RankedFeature } from "./ranks";

/**
 * The rows of the tree that is being grown, ordered so that each node's rows stand together. Weights and targets are moved
 * along with the row numbers, so that reading a node reads memory in order.
 */
export interface NodeSamples {
  /** Row numbers, within a node ascending. */
  order: Int32Array;
  /** Weight of each: how often the bootstrap drew it, times its class weight. */
  weight: Float64Array;
  /** Target of each: the number less the mean of all, or the class number. */
  target: Float64Array;
}

/** The best division of a node found so far. */
export interface Candidate {
  /** -1: none yet. */
  feature: number;
  /** What the division makes small: larger is better. */
  score: number;
  /** The highest rank that goes left. */
  left: number;
  /** The lowest rank that goes right; `missingRank` when nothing known does. */
  right: number;
  /** Whether rows of the node lack the feature. */
  missing: boolean;
  missingLeft: boolean;
}

/** How the rows of nodes are held and searched. Nodes are ranges of rows, `start` to `end` - 1. */
export interface NodeRows {
  /** Reads a node. What follows speaks of it. */
  enter(start: number, end: number): void;
  /** Whether all rows of the node have the same target. */
  isPure(): boolean;
  /** Total weight of the node's rows. */
  weight(): number;
  /** The score of not dividing, which a division's score is compared with. */
  undivided(): number;
  /** The score of a division into two pure sides, which none exceeds. Infinity where it is not known. */
  perfect(): number;
  /** Tries every division of the node by a feature. Returns false when the feature does not vary in the node. */
  search(feature: number, best: Candidate): boolean;
  /** Moves the cut of the best division to where it is best within the bins beside it, which hide some. Where rows are sorted there is nothing to do. */
  sharpen?(best: Candidate): void;
  /** Moves the rows that go left to the front. Returns where the right ones begin. */
  divide(best: Candidate): number;
  /** What a leaf predicts: a number, or the number of a row that was added to `shares`. */
  predict(shares: number[]): number;
}

/**
 * What was read of a node. The loops over its rows are functions of their own that are given all they use: as closures, which
 * each forest makes anew, they would be compiled anew for each, and run more slowly.
 */
export interface NodeState {
  start: number;
  end: number;
  weight: number;
  /** Of weight times target. */
  sum: number;
  pure: boolean;
}

/** Bins of a feature, that of missing values among them. */
export const allBins = missingBin + 1;

const groupedBelow = 2048;
export const groupShift = 2;
/** With rows in fewer groups of bins, the bins are looked at one by one. */
export const fewGroups = 32;

/** Of few rows in many bins, groups of 2^`groupShift` of these tell as much, and are fewer to look at. */
export const isGrouped = (count: number, { firstRanks }: RankedFeature): boolean =>
  count < groupedBelow && firstRanks.length > allBins >> groupShift;

/** The first rank of a group of 2^shift bins, or behind the last one how many ranks there are. */
export const firstRank = (firstRanks: Uint16Array, group: number, shift: number): number =>
  firstRanks[Math.min(group << shift, firstRanks.length - 1)]!;

/** The bin that a rank is in. */
function binOfRank(firstRanks: Uint16Array, rank: number): number {
  let [low, high] = [0, firstRanks.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firstRanks[middle]! <= rank) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The bins on both sides of a cut, and their ranks as numbers from 0, those between them left out. */
export interface NearCut {
  low: number;
  high: number;
  /** How many ranks there are, and how many of them on the left. */
  ranks: number;
  leftRanks: number;
  numberOf(rank: number): number;
  rankOf(number: number): number;
}

/** Undefined where bins hide no division: the cut is beside missing values, or bins are of one rank each. */
export function nearCut(feature: RankedFeature, { left, right }: Candidate, count: number): NearCut | undefined {
  if (right === missingRank) return undefined;
  const { firstRanks } = feature;
  const more = isGrouped(count, feature) ? (1 << groupShift) - 1 : 0;
  const [leftBin, rightBin] = [binOfRank(firstRanks, left), binOfRank(firstRanks, right)];
  const low = Math.max(0, leftBin - more);
  const high = Math.min(firstRanks.length - 2, rightBin + more);
  const first = firstRanks[low]!;
  const leftRanks = left - first + 1;
  const ranks = leftRanks + firstRanks[high + 1]! - right;
  if (ranks === leftBin - low + 1 + high - rightBin + 1) return undefined;
  return {
    low,
    high,
    ranks,
    leftRanks,
    numberOf: (rank) => (rank <= left ? rank - first : rank - right + leftRanks),
    rankOf: (number) => (number < leftRanks ? number + first : number - leftRanks + right),
  };
}

/**
 * Moves the cut of the best division to between the near ranks `before` and `behind`, by their numbers, where that is better; to
 * what the node has of ranks also where it is the cut that was found first, with the score `found`.
 */
export function moveCut(
  best: Candidate,
  found: number,
  { leftRanks, rankOf }: NearCut,
  before: number,
  behind: number,
  score: number,
): void {
  const isSame = before < leftRanks && behind >= leftRanks && best.score === found;
  if (!isSame && !(score > best.score)) return;
  best.score = Math.max(score, best.score);
  best.left = rankOf(before);
  best.right = rankOf(behind);
}

/** A copy of samples' arrays, to be used by `divideSamples`. */
export const spareOf = ({ order, weight, target }: NodeSamples): NodeSamples => ({
  order: new Int32Array(order.length),
  weight: new Float64Array(weight.length),
  target: new Float64Array(target.length),
});

/** Moves the rows that go left to the front, both sides in their order. Without branches, which would often be guessed wrong. */
export function divideSamples(
  { order, weight, target }: NodeSamples,
  spare: NodeSamples,
  { features, rankRows }: RankedColumns,
  start: number,
  end: number,
  { feature, left: lastLeft, right: firstRight, missingLeft }: Candidate,
): number {
  const { bins, firstRanks } = features[feature]!;
  const { order: order2, weight: weight2, target: target2 } = spare;
  // A missing one, the last bin, becomes the first by going round where it belongs to the left.
  const turn = missingLeft ? 1 : 0;
  const cut = firstRight === missingRank ? missingBin : binOfRank(firstRanks, firstRight);
  const below = cut + turn;
  // Where the cut is within a bin, its rows are told apart by their ranks.
  const parted = cut < missingBin && lastLeft >= firstRanks[cut]! ? cut : -1;
  let left = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const bin = bins[row]!;
    let goesLeft = (((bin + turn) & missingBin) - below) >>> 31;
    if (bin === parted) goesLeft = rankRows[row * features.length + feature]! <= lastLeft ? 1 : 0;
    order[left] = row;
    order2[right] = row;
    weight2[right] = weight[left] = weight[i]!;
    target2[right] = target[left] = target[i]!;
    left += goesLeft;
    right += 1 - goesLeft;
  }
  for (let i = 0; i < right; i++) {
    order[left + i] = order2[i]!;
    weight[left + i] = weight2[i]!;
    target[left + i] = target2[i]!;
  }
  return left;
}

export function keep(
  best: Candidate,
  feature: number,
  score: number,
  left: number,
  right: number,
  missing: boolean,
  missingLeft: boolean,
): void {
  best.feature = feature;
  best.score = score;
  best.left = left;
  best.right = right;
  best.missing = missing;
  best.missingLeft = missingLeft;
}
