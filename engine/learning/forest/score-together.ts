import type { Block, Together } from "../scorer";
import { askTogether } from "./ask-together";
import type { LeafFinder } from "./find-leaves";
import type { Forest } from "./forest-model";

/** Down a tree in one call: some ms, some tens where trees are deep. */
const mostWalks = 65_536;

/** Adds what the leaves of all trees say of rows that lack nothing and begin at `starts`: tree after tree, to one of `room` sums an output. */
export type AddLeaves = (rows: Float64Array, starts: Int32Array, count: number, sums: Float64Array) => void;

/** Fewer rows are not worth answering all questions for. */
const fewestAsked = 32;

/**
 * Scores a block of rows tree by tree, so that each tree is fetched from memory once for all of them. Each row's sums are
 * made in the order of the trees, as for one row. Rows that lack a value are scored one by one.
 *
 * @param forest one whose trees do not vote
 */
export function togetherScorer(
  forest: Forest,
  leaves: LeafFinder,
  decide: (p: number) => boolean,
  scoreOne: (row: Float64Array, shares: Float64Array) => number,
): Together {
  const { roots, classes } = forest;
  const trees = roots.length;
  const mostRows = Math.max(1, Math.min(1024, Math.floor(mostWalks / trees)));
  /** The rows that lack nothing, and where they begin. */
  const whole = new Int32Array(mostRows);
  const starts = new Int32Array(mostRows);
  const sums = new Float64Array(mostRows * (classes > 2 ? classes : 1));
  const walk = walkEach(forest, leaves, mostRows);
  let ask: AddLeaves | undefined;

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

  function tellMeans({ scores, shares }: Block, count: number): void {
    for (let k = 0; k < count; k++) {
      const i = whole[k]!;
      const p = sums[k]! / trees;
      scores[i] = classes === 2 ? Number(decide(p)) : p;
      if (classes !== 2) continue;
      shares[2 * i] = 1 - p;
      shares[2 * i + 1] = p;
    }
  }

  function tellMixes({ scores, shares }: Block, count: number): void {
    for (let k = 0; k < count; k++) {
      const at = whole[k]! * classes;
      let best = 0;
      for (let c = 0; c < classes; c++) {
        shares[at + c] = sums[c * mostRows + k]! / trees;
        if (shares[at + c]! > shares[at + best]!) best = c;
      }
      scores[whole[k]!] = best;
    }
  }

  return {
    mostRows,
    score(block) {
      const count = pickWhole(block);
      if (count >= fewestAsked) ask ??= askTogether(forest, mostRows) ?? walk;
      const add = count >= fewestAsked ? ask! : walk;
      sums.fill(0);
      add(block.rows, starts, count, sums);
      if (classes > 2) tellMixes(block, count);
      else tellMeans(block, count);
    },
  };
}

function walkEach({ roots, classes, shares }: Forest, { ofTree }: LeafFinder, room: number): AddLeaves {
  const said = new Float64Array(room);
  return (rows, starts, count, sums) => {
    for (let tree = 0; tree < roots.length; tree++) {
      ofTree(tree, rows, starts, count, said);
      for (let k = 0; k < count; k++) {
        if (classes <= 2) {
          sums[k] = sums[k]! + said[k]!;
          continue;
        }
        const from = said[k]! * classes;
        for (let c = 0; c < classes; c++) sums[c * room + k] = sums[c * room + k]! + shares[from + c]!;
      }
    }
  };
}

function lacksValue(rows: Float64Array, from: number, width: number): boolean {
  for (let at = from; at < from + width; at++) if (Number.isNaN(rows[at])) return true;
  return false;
}
