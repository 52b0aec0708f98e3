/**
 * Population stability index of two lots of rows counted in the same bins: sum of (a - e) ln(a / e) over the shares. Below 0.1
 * they hardly differ, from 0.25 on clearly (N. Siddiqi, Credit Risk Scorecards, 2006, chapter 9). An empty bin counts as half
 * a row, for the logarithm; one that is empty in both as none.
 *
 * Of equally distributed rows it is (bins - 1) (1 / n + 1 / m) on the mean (B. Yurdakul and J. Naranjo, Statistical properties of the
 * population stability index, Journal of Risk Model Validation 14, 2020).
 */
export function populationStability(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let before = 0;
  let now = 0;
  for (let i = 0; i < expected.length; i++) {
    before += expected[i]!;
    now += actual[i]!;
  }
  if (before === 0 || now === 0) return 0;
  let index = 0;
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] === 0 && actual[i] === 0) continue;
    const e = Math.max(expected[i]!, 0.5) / before;
    const a = Math.max(actual[i]!, 0.5) / now;
    index += (a - e) * Math.log(a / e);
  }
  return index;
}
