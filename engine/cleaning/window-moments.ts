/** Cells that are summed anew together: below that a tree costs more than it saves. */
const blockSize = 16;

/** Count, mean and standard deviation of the cells of a ring, kept as they change. */
export interface WindowMoments {
  /** The cell at that place has another value. O(log of the ring's length). */
  update(at: number): void;
  count(): number;
  /** NaN of nothing. */
  mean(): number;
  /** With n - 1. NaN below two values. */
  sd(): number;
}

/**
 * A tree over blocks of the ring: each node has count, mean and sum of squares of what is below it, put together by the
 * formula of T. F. Chan, G. H. Golub, R. J. LeVeque, Am. Stat. 37 (1983) 242-247. Nothing is ever subtracted: a value
 * that has left leaves no rounding behind, however large it was, and equal values have exactly their mean and an sd of 0.
 *
 * @param cells the ring. NaN: no value
 */
export function createWindowMoments(cells: Float64Array): WindowMoments {
  const blocks = Math.ceil(cells.length / blockSize);
  let leaves = 1;
  while (leaves < blocks) leaves *= 2;
  const counts = new Float64Array(2 * leaves);
  const means = new Float64Array(2 * leaves);
  const squares = new Float64Array(2 * leaves);

  function sumBlock(block: number): void {
    const from = block * blockSize;
    const end = Math.min(from + blockSize, cells.length);
    let count = 0;
    let start = 0;
    let sum = 0;
    for (let i = from; i < end; i++) {
      const value = cells[i]!;
      if (Number.isNaN(value)) continue;
      if (count++ === 0) start = value;
      else sum += value - start;
    }
    const mean = count === 0 ? 0 : start + sum / count;
    let square = 0;
    let rest = 0;
    for (let i = from; i < end; i++) {
      const value = cells[i]!;
      if (Number.isNaN(value)) continue;
      const d = value - mean;
      square += d * d;
      rest += d;
    }
    const leaf = leaves + block;
    counts[leaf] = count;
    means[leaf] = count === 0 ? 0 : mean + rest / count;
    squares[leaf] = count === 0 ? 0 : square - (rest * rest) / count;
  }

  function sumUp(node: number): void {
    const left = 2 * node;
    const right = left + 1;
    const a = counts[left]!;
    const b = counts[right]!;
    const one = b === 0 ? left : right;
    counts[node] = a + b;
    if (a === 0 || b === 0) {
      means[node] = means[one]!;
      squares[node] = squares[one]!;
      return;
    }
    const d = means[right]! - means[left]!;
    means[node] = means[left]! + (d * b) / (a + b);
    squares[node] = squares[left]! + squares[right]! + (d * d * a * b) / (a + b);
  }

  for (let block = 0; block < blocks; block++) sumBlock(block);
  for (let node = leaves - 1; node > 0; node--) sumUp(node);

  return {
    update(at) {
      const block = Math.floor(at / blockSize);
      sumBlock(block);
      for (let node = (leaves + block) >> 1; node > 0; node >>= 1) sumUp(node);
    },
    count: () => counts[1]!,
    mean: () => (counts[1] === 0 ? Number.NaN : means[1]!),
    sd: () => (counts[1]! < 2 ? Number.NaN : Math.sqrt(squares[1]! / (counts[1]! - 1))),
  };
}
