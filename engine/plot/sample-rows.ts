import { randomOf } from "../learning/random";
import { canDraw, type DrawnColumn } from "./column";

/**
 * Rows to show when there are more than can be: a random sample (Vitter's algorithm R, one seed, so the same each time), and
 * beside it the rows of every column's least and greatest value, since what lies apart is what one looks for. Ascending.
 */
export function sampleRows(rows: number, wanted: number, columns: readonly DrawnColumn[]): Int32Array {
  if (rows <= wanted) return Int32Array.from({ length: rows }, (_, row) => row);
  const taken = new Int32Array(wanted);
  const random = randomOf(1);
  for (let row = 0; row < rows; row++) {
    const place = row < wanted ? row : random.below(row + 1);
    if (place < wanted) taken[place] = row;
  }
  const all = new Set(taken);
  for (const { values, min, max } of columns) {
    for (const extreme of [min, max]) {
      const row = values.indexOf(extreme);
      if (row >= 0 && canDraw(extreme)) all.add(row);
    }
  }
  return Int32Array.from(all).sort();
}
