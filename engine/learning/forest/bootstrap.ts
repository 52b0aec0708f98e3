import type { Random } from "../random";

/**
 * How often each row is drawn for a tree: as many draws as there are rows, with replacement. They are a tree's first random
 * numbers, so that which rows it has not seen (0) can be told again without being stored.
 */
export function drawRows(random: Random, draws: Int32Array): void {
  const n = draws.length;
  draws.fill(0);
  for (let i = 0; i < n; i++) {
    const row = random.below(n);
    draws[row] = draws[row]! + 1;
  }
}
