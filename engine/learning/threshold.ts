import type { Label } from "./dataset";
import type { Costs } from "./metrics";

/** From which probability of the positive class on a model of two classes says that class. */
export interface Threshold {
  positive: Label;
  /** 0 to 1. */
  value: number;
}

/**
 * Whether it is the second of two classes, by that one's probability. Without a threshold it is the more probable one, the
 * first where both are equal, as with scikit-learn.
 */
export function secondBy(threshold: Threshold | undefined, labels: readonly Label[] = []): (p: number) => boolean {
  if (!threshold) return (p) => p > 0.5;
  const { positive, value } = threshold;
  return labels.indexOf(positive) === 1 ? (p) => p >= value : (p) => !(1 - p >= value);
}

/**
 * The threshold of true probabilities: where the expected cost of both answers is the same (C. Elkan, The foundations of
 * cost-sensitive learning, IJCAI 2001, eq. 2, right answers costing nothing).
 */
export const thresholdOfCosts = ({ missed, falseAlarm }: Costs): number => falseAlarm / (falseAlarm + missed);

/** Sums of the same shares in another order differ by less, shares of up to 10,000 trees by more. */
const rounding = 1e-9;

export interface ChosenThreshold {
  value: number;
  /** Mean cost of a row at that threshold, and with the more probable class. */
  expectedCost: number;
  costAtHalf: number;
}

/**
 * The threshold that would have cost least (V. Sheng and C. Ling, Thresholding for making classifiers cost-sensitive, AAAI
 * 2006), which needs no true probabilities: in the middle between two neighbouring ones, those that only rounding parts being
 * one; of equal costs the one nearest to Elkan's. 0 is always an alarm; never one cannot be said where a probability is 1.
 *
 * @param isPositive of each row, whether it is of the positive class
 * @param probability of each row, that it is, as the model says without having seen it
 * @param isCalled of each row, whether it is called so without a threshold
 */
export function chooseThreshold(
  isPositive: readonly boolean[],
  probability: ArrayLike<number>,
  isCalled: (row: number) => boolean,
  costs: Costs,
): ChosenThreshold {
  const n = isPositive.length;
  const ideal = thresholdOfCosts(costs);
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => probability[b]! - probability[a]!);
  let missed = isPositive.filter(Boolean).length;
  let falseAlarms = 0;
  let best = { value: Number.NaN, cost: Number.POSITIVE_INFINITY };
  let above = 1;
  for (let i = 0; ; ) {
    const below = i < n ? probability[order[i]!]! : -above;
    const value = (above + below) / 2;
    const cost = missed * costs.missed + falseAlarms * costs.falseAlarm;
    const difference = cost - best.cost;
    const isEqual = Math.abs(difference) <= 1e-12 * cost;
    const isBetter = isEqual ? Math.abs(value - ideal) < Math.abs(best.value - ideal) : difference < 0;
    if (isBetter && (i >= n || value > below)) best = { value, cost };
    if (i >= n) break;
    for (; i < n && probability[order[i]!]! >= below - rounding; i++) {
      above = probability[order[i]!]!;
      if (isPositive[order[i]!]) missed--;
      else falseAlarms++;
    }
  }
  let atHalf = 0;
  for (let i = 0; i < n; i++) {
    if (isCalled(i) === isPositive[i]) continue;
    atHalf += isPositive[i] ? costs.missed : costs.falseAlarm;
  }
  return { value: best.value, expectedCost: best.cost / n, costAtHalf: atHalf / n };
}
