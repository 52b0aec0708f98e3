/** A whole number from 0 to below `bound`. */
export type Dice = (bound: number) => number;

/** The same figures every time (a linear congruential generator with the constants of Numerical Recipes). */
export function createDice(seed: number): Dice {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
