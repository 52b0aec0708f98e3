/** Gives equal things equal numbers. */
export interface Numbering<T> {
  /** The number of `item`: 0 for the first one seen, 1 for the next different one, and so on. */
  of(item: T): number;
  /**
   * What has been numbered, in order; the numbers in `numbers` are changed to mean that order (NaN stays), so that they
   * no longer depend on which row came first.
   */
  sorted(compare: (a: T, b: T) => number, numbers: Float64Array): T[];
}

export function numbering<T>(): Numbering<T> {
  const known = new Map<T, number>();
  return {
    of(item) {
      const found = known.get(item);
      if (found !== undefined) return found;
      known.set(item, known.size);
      return known.size - 1;
    },
    sorted(compare, numbers) {
      const items = [...known.keys()];
      const order = items.map((_, i) => i).sort((a, b) => compare(items[a]!, items[b]!));
      const place = new Float64Array(items.length);
      order.forEach((from, to) => {
        place[from] = to;
      });
      for (let i = 0; i < numbers.length; i++) {
        const number = numbers[i]!;
        if (!Number.isNaN(number)) numbers[i] = place[number]!;
      }
      return order.map((i) => items[i]!);
    },
  };
}
