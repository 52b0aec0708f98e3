import { quantileOfSorted } from "../../statistics/quantiles";
import type { Scorer } from "../scorer";
import { secondBy } from "../threshold";
import { goesLeft, leafFinder } from "./find-leaves";
import type { Forest } from "./forest-model";
import { leaf, missingGoesLeft } from "./grow-tree";
import { errorsAround } from "./interval-errors";
import { togetherScorer } from "./score-together";

/**
 * Scores rows with a forest. A row is its features' numbers in the model's order, NaN where missing.
 *
 * @param isSecond which of two classes it is, by the probability of the second; by default the more probable, or elected, one
 */
export function forestScorer(forest: Forest, isSecond?: (p: number) => boolean): Scorer {
  const { roots, feature, value, right, shares, classes, votes, errors } = forest;
  const trees = roots.length;
  const decide = isSecond ?? secondBy(undefined);
  const sums = new Float64Array(Math.max(1, classes));

  const leaves = leafFinder(forest);
  /** What each tree says of the row scored last. */
  const said = new Float64Array(trees);

  function mean(row: Float64Array): number {
    leaves.ofRow(row, said);
    let sum = 0;
    for (let tree = 0; tree < trees; tree++) sum += said[tree]!;
    return sum / trees;
  }

  function probabilities(row: Float64Array, into: Float64Array): number {
    if (classes === 2) {
      const p = mean(row);
      into[0] = 1 - p;
      into[1] = p;
      return votes && !isSecond ? elected() : Number(decide(p));
    }
    leaves.ofRow(row, said);
    into.fill(0);
    for (let tree = 0; tree < trees; tree++) {
      const from = said[tree]! * classes;
      for (let c = 0; c < classes; c++) into[c] = into[c]! + shares[from + c]!;
    }
    for (let c = 0; c < classes; c++) into[c] = into[c]! / trees;
    return votes ? elected() : largest(into);
  }

  /** The class that most trees vote for; of equally many, the one that had them first (ml-array-mode, which the package uses). */
  function elected(): number {
    sums.fill(0);
    let winner = 0;
    for (let tree = 0; tree < trees; tree++) {
      const at = said[tree]!;
      const vote = classes === 2 ? at : shares.indexOf(1, at * classes) - at * classes;
      sums[vote] = sums[vote]! + 1;
      if (sums[vote]! > sums[winner]!) winner = vote;
    }
    return winner;
  }

  const own = new Float64Array(classes);
  const score = (row: Float64Array): number => (classes === 0 ? mean(row) : probabilities(row, own));

  /** Means of the nodes, for contributions; made when first asked for. One number a node for each class that has its own. */
  let means: Float64Array | undefined;
  const meanOf = (node: number, c: number): number => {
    means ??= nodeMeans(forest);
    if (classes === 2) return c === 1 ? means[node]! : 1 - means[node]!;
    return classes === 0 ? means[node]! : means[node * classes + c]!;
  };

  return {
    score,
    ...(classes > 0 ? { probabilities } : {}),
    // An election goes by the order of a row's trees.
    ...(votes ? {} : { together: togetherScorer(forest, leaves, decide, classes > 0 ? probabilities : mean) }),
    ...(classes === 0
      ? {
          interval: (row: Float64Array, level: number): [number, number] => {
            leaves.ofRow(row, said);
            const each = said.slice();
            const tails = [(1 - level) / 2, (1 + level) / 2] as const;
            if (errors) return errorsAround(errors, each, tails);
            each.sort();
            return [quantileOfSorted(each, tails[0]), quantileOfSorted(each, tails[1])];
          },
        }
      : {}),
    /**
     * What each feature adds to the prediction (of the predicted class's probability): along each tree's path the change of
     * the node's mean is the feature's whose division made it (A. Saabas, "Interpreting random forests", 2014).
     */
    contributions(row, into) {
      const c = classes === 0 ? 0 : score(row);
      into.fill(0);
      let base = 0;
      for (let tree = 0; tree < trees; tree++) {
        let i = roots[tree]!;
        let here = meanOf(i, c);
        base += here;
        while (feature[i] !== leaf) {
          const code = feature[i]!;
          const f = code & ~missingGoesLeft;
          const x = row[f]!;
          i = goesLeft(x, value[i]!, code) ? i + 1 : right[i]!;
          const next = meanOf(i, c);
          into[f] = into[f]! + next - here;
          here = next;
        }
      }
      for (let f = 0; f < into.length; f++) into[f] = into[f]! / trees;
      return base / trees;
    },
  };
}

/** Index of the largest number, the first of equal ones. */
function largest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** The mean prediction in every node: of its children, by the training rows that went there. */
function nodeMeans({ feature, value, right, shares, classes, cover }: Forest): Float64Array {
  const width = Math.max(1, classes > 2 ? classes : 1);
  const means = new Float64Array(feature.length * width);
  for (let i = feature.length - 1; i >= 0; i--) {
    for (let c = 0; c < width; c++) {
      if (feature[i] === leaf) means[i * width + c] = width > 1 ? shares[value[i]! * classes + c]! : value[i]!;
      else {
        const l = i + 1;
        const r = right[i]!;
        means[i * width + c] =
          (cover[l]! * means[l * width + c]! + cover[r]! * means[r * width + c]!) / (cover[l]! + cover[r]!);
      }
    }
  }
  return means;
}
