/** Upper triangle R, column by column: `r[j][i]` for i <= j. */
export type Triangle = Float64Array[];

/** Rows on their way into the triangle R of X = QR. */
export interface Folding {
  triangle: Triangle;
  /** One array for each column, to be filled with up to {@link blockRows} rows. */
  block: Float64Array[];
  /** Folds the first `rows` rows of the block into the triangle. What the block held is lost. */
  fold(rows: number): void;
}

/** So many rows of ten columns fit into a processor's nearest cache. Even. */
export const blockRows = 512;

/**
 * Folds a table of any length into a triangle, block by block below the triangle of the rows before (J. Demmel et al.,
 * Communication-optimal parallel and sequential QR and LU factorizations, SIAM J. Sci. Comput. 34, 2012, 3.2): as stable as
 * Householder's reflections of all rows at once, but nothing is kept, and every number is fetched from memory once.
 */
export function foldingOf(columns: number): Folding {
  // Columns go in pairs: an odd one out has a column of zeros beside it.
  const width = columns + (columns & 1);
  const triangle = Array.from({ length: width }, () => new Float64Array(width));
  const block = Array.from({ length: width }, () => new Float64Array(blockRows));
  return {
    triangle: triangle.slice(0, columns),
    block: block.slice(0, columns),
    fold(rows) {
      // Rows go in pairs, too.
      if (rows & 1) for (const column of block) column[rows] = 0;
      for (let j = 0; j < width; j += 2) foldPair(triangle, block, j, rows + (rows & 1));
    },
  };
}

/**
 * Two reflections H = I - scale v v', each of which turns a column of the triangle and of the block below it into one of the triangle
 * alone. v is `head` in its own row of the triangle, 0 in the others, and the column of the block (G. Golub and C. Van Loan,
 * Matrix Computations, 4th ed., algorithm 5.1.1). Both are then applied at once to all later columns (R. Schreiber and C. Van Loan,
 * A storage-efficient WY representation for products of Householder transformations, SIAM J. Sci. Stat. Comput. 10, 1989, 53).
 */
function foldPair(r: Triangle, block: Float64Array[], j: number, rows: number): void {
  const [v, w] = [block[j]!, block[j + 1]!];
  const [ofV, ofW] = [r[j]!, r[j + 1]!];
  const first = reflection(ofV, j, dot(v, v, rows));
  const times = first.scale * (first.head * ofW[j]! + dot(v, w, rows));
  ofW[j] = ofW[j]! - times * first.head;
  for (let i = 0; i < rows; i++) w[i] = w[i]! - times * v[i]!;
  const second = reflection(ofW, j + 1, dot(w, w, rows));
  const both = dot(v, w, rows);
  const products = { vx: 0, vy: 0, wx: 0, wy: 0 };
  for (let k = j + 2; k < block.length; k += 2) {
    const [x, y] = [block[k]!, block[k + 1]!];
    const [ofX, ofY] = [r[k]!, r[k + 1]!];
    dots(v, w, x, y, rows, products);
    const vx = first.scale * (first.head * ofX[j]! + products.vx);
    const vy = first.scale * (first.head * ofY[j]! + products.vy);
    const wx = second.scale * (second.head * ofX[j + 1]! + products.wx - vx * both);
    const wy = second.scale * (second.head * ofY[j + 1]! + products.wy - vy * both);
    ofX[j] = ofX[j]! - vx * first.head;
    ofY[j] = ofY[j]! - vy * first.head;
    ofX[j + 1] = ofX[j + 1]! - wx * second.head;
    ofY[j + 1] = ofY[j + 1]! - wy * second.head;
    takeOff(v, w, x, y, rows, vx, vy, wx, wy);
  }
}

/** @param squares of the block's column */
function reflection(column: Float64Array, j: number, squares: number): { head: number; scale: number } {
  if (squares === 0) return { head: 0, scale: 0 };
  const alpha = column[j]!;
  const norm = Math.sqrt(alpha * alpha + squares);
  const diagonal = alpha > 0 ? -norm : norm;
  column[j] = diagonal;
  const head = alpha - diagonal;
  return { head, scale: -1 / (diagonal * head) };
}

export function dot(a: Float64Array, b: Float64Array, rows: number): number {
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i + 1 < rows; i += 2) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
  }
  return i < rows ? s0 + s1 + a[i]! * b[i]! : s0 + s1;
}

/** All products of one of the first two columns and one of the others: four numbers are read for four products. */
function dots(
  v: Float64Array,
  w: Float64Array,
  x: Float64Array,
  y: Float64Array,
  rows: number,
  into: { vx: number; vy: number; wx: number; wy: number },
): void {
  let vx = 0;
  let vy = 0;
  let wx = 0;
  let wy = 0;
  for (let i = 0; i < rows; i++) {
    const a = v[i]!;
    const b = w[i]!;
    const c = x[i]!;
    const d = y[i]!;
    vx += a * c;
    vy += a * d;
    wx += b * c;
    wy += b * d;
  }
  into.vx = vx;
  into.vy = vy;
  into.wx = wx;
  into.wy = wy;
}

function takeOff(
  v: Float64Array,
  w: Float64Array,
  x: Float64Array,
  y: Float64Array,
  rows: number,
  vx: number,
  vy: number,
  wx: number,
  wy: number,
): void {
  for (let i = 0; i < rows; i += 2) {
    const a = v[i]!;
    const b = w[i]!;
    const c = v[i + 1]!;
    const d = w[i + 1]!;
    x[i] = x[i]! - (vx * a + wx * b);
    y[i] = y[i]! - (vy * a + wy * b);
    x[i + 1] = x[i + 1]! - (vx * c + wx * d);
    y[i + 1] = y[i + 1]! - (vy * c + wy * d);
  }
}
