const parts = 10;

/** Sums over the last rows, kept in ten parts: the oldest part is forgotten at once, so that no single row need be kept. */
export interface RingOfParts {
  /** Sums of the part that is being filled, to add a row to. */
  current(): Float64Array;
  /** Counts the row that was added. True when the part is full. */
  next(): boolean;
  readonly rows: number;
  /** Sums over all parts. */
  total(): Float64Array;
}

/** @param size rows altogether; at least 10 */
export function ringOfParts(width: number, size: number): RingOfParts {
  const partRows = Math.max(1, Math.round(size / parts));
  const sums = Array.from({ length: parts }, () => new Float64Array(width));
  const rows = new Float64Array(parts);
  let at = 0;
  return {
    current() {
      if (rows[at]! >= partRows) {
        at = (at + 1) % parts;
        sums[at]!.fill(0);
        rows[at] = 0;
      }
      return sums[at]!;
    },
    next() {
      rows[at] = rows[at]! + 1;
      return rows[at]! >= partRows;
    },
    get rows() {
      return rows.reduce((sum, count) => sum + count, 0);
    },
    total() {
      const total = new Float64Array(width);
      for (const part of sums) for (let i = 0; i < width; i++) total[i] = total[i]! + part[i]!;
      return total;
    },
  };
}
