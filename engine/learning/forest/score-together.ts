import type { Block, Together } from "../scorer";
import type { LeafFinder } from "./find-leaves";
import type { Forest } from "./forest-model";

/** Down a tree in one call: some ms, some tens where trees are deep. */
const mostWalks = 65_536;

/**
 * Scores a block of rows tree by tree, so that each tree is fetched from memory once for all of them. Each row's sums are
 * made in the order of the trees, as for one row. Rows that lack a value are scored one by one.
 *
 * @param forest one whose trees do not vote
 */
export function togetherScorer(
  forest: Forest,
  { ofTree }: LeafFinder,
  decide: (p: number) => boolean,
  scoreOne: (row: Float64Array, shares: Float64Array) => number,
): Together {
  const { roots, classes, shares: mixes } = forest;
  const trees = roots.length;
  const mostRows = Math.max(1, Math.min(1024, Math.floor(mostWalks / trees)));
  /** The rows that lack nothing, and where they begin. */
  const whole = new Int32Array(mostRows);
  const starts = new Int32Array(mostRows);
  const said = new Float64Array(mostRows);
  const sums = new Float64Array(mostRows);

  /** Scores the others, and says how many these are. */
  function pickWhole({ width, count, rows, scores, shares }: Block): number {
    let found = 0;
    for (let i = 0; i < count; i++) {
      if (lacksValue(rows, i * width, width)) {
        scores[i] = scoreOne(
          rows.subarray(i * width, (i + 1) * width),
          shares.subarray(i * classes, (i + 1) * classes),
        );
        continue;
      }
      whole[found] = i;
      starts[found++] = i * width;
    }
    return found;
  }

  function addMeans({ rows, scores, shares }: Block, count: number): void {
    sums.fill(0);
    for (let tree = 0; tree < trees; tree++) {
      ofTree(tree, rows, starts, count, said);
      for (let k = 0; k < count; k++) sums[k] = sums[k]! + said[k]!;
    }
    for (let k = 0; k < count; k++) {
      const i = whole[k]!;
      const p = sums[k]! / trees;
      scores[i] = classes === 2 ? Number(decide(p)) : p;
      if (classes !== 2) continue;
      shares[2 * i] = 1 - p;
      shares[2 * i + 1] = p;
    }
  }

  function addMixes({ rows, scores, shares }: Block, count: number): void {
    for (let k = 0; k < count; k++) shares.fill(0, whole[k]! * classes, (whole[k]! + 1) * classes);
    for (let tree = 0; tree < trees; tree++) {
      ofTree(tree, rows, starts, count, said);
      for (let k = 0; k < count; k++) {
        const from = said[k]! * classes;
        const to = whole[k]! * classes;
        for (let c = 0; c < classes; c++) shares[to + c] = shares[to + c]! + mixes[from + c]!;
      }
    }
    for (let k = 0; k < count; k++) {
      const at = whole[k]! * classes;
      let best = 0;
      for (let c = 0; c < classes; c++) {
        shares[at + c] = shares[at + c]! / trees;
        if (shares[at + c]! > shares[at + best]!) best = c;
      }
      scores[whole[k]!] = best;
    }
  }

  return {
    mostRows,
    score(block) {
      const count = pickWhole(block);
      if (classes > 2) addMixes(block, count);
      else addMeans(block, count);
    },
  };
}

function lacksValue(rows: Float64Array, from: number, width: number): boolean {
  for (let at = from; at < from + width; at++) if (Number.isNaN(rows[at])) return true;
  return false;
}
