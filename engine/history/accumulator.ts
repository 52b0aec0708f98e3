import { Refusal, refuse } from "../contract/errors";
import type { StoredValue } from "./check-sample";
import type { Aggregate } from "./history-query";

/** Takes the values of one property in one window, in order of time, and gives their aggregate. */
export interface Accumulator {
  /** Whether the value counts: texts and booleans do not in a mean. */
  add(value: StoredValue): boolean;
  /** Null where the values determine none: the standard deviation of one value. */
  result(): StoredValue | null;
}

/** Most values that medians hold at once: they need all of a window. 80 MB. */
const maxMedianValues = 10_000_000;

/** A way to make accumulators that share one bound on memory. */
export function accumulatorsFor(aggregate: Exclude<Aggregate, "none">): () => Accumulator {
  if (aggregate !== "median") return makers[aggregate];
  let held = 0;
  return () =>
    createMedian(() => {
      if (++held > maxMedianValues)
        throw new Refusal(
          refuse(
            "too-large",
            `A median of more than ${maxMedianValues} values at once.`,
            "Use a window, a shorter time or fewer properties.",
          ),
        );
    });
}

const makers: Record<Exclude<Aggregate, "none" | "median">, () => Accumulator> = {
  mean: createMean,
  min: () => createExtreme((value, best) => value < best),
  max: () => createExtreme((value, best) => value > best),
  first: () => {
    let first: StoredValue | null = null;
    return {
      add(value) {
        first ??= value;
        return true;
      },
      result: () => first,
    };
  },
  last: () => {
    let last: StoredValue | null = null;
    return {
      add(value) {
        last = value;
        return true;
      },
      result: () => last,
    };
  },
  count: () => {
    let count = 0;
    return {
      add() {
        count++;
        return true;
      },
      result: () => count,
    };
  },
  stddev: createStandardDeviation,
};

/** Sum with Neumaier's compensation (ZAMM 54, 1974, p. 39), so that small values beside large ones are not lost. */
function createMean(): Accumulator {
  let count = 0;
  let sum = 0;
  let lost = 0;
  return {
    add(value) {
      if (typeof value !== "number") return false;
      count++;
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
      return true;
    },
    result: () => finite((sum + lost) / count),
  };
}

function createExtreme(isBetter: (value: number, best: number) => boolean): Accumulator {
  let best: number | null = null;
  return {
    add(value) {
      if (typeof value !== "number") return false;
      if (best === null || isBetter(value, best)) best = value;
      return true;
    },
    result: () => best,
  };
}

/** With n - 1, by Welford's recurrence (Technometrics 4, 1962, p. 419): stable where a sum of squares is not. */
function createStandardDeviation(): Accumulator {
  let count = 0;
  let mean = 0;
  let squares = 0;
  return {
    add(value) {
      if (typeof value !== "number") return false;
      count++;
      const delta = value - mean;
      mean += delta / count;
      squares += delta * (value - mean);
      return true;
    },
    result: () => (count < 2 ? null : finite(Math.sqrt(squares / (count - 1)))),
  };
}

/** Of an even number of values: half-way between the middle two (quartiles of type 7). */
function createMedian(hold: () => void): Accumulator {
  let values = new Float64Array(16);
  let count = 0;
  return {
    add(value) {
      if (typeof value !== "number") return false;
      hold();
      if (count === values.length) {
        const larger = new Float64Array(count * 2);
        larger.set(values);
        values = larger;
      }
      values[count++] = value;
      return true;
    },
    result() {
      const sorted = values.subarray(0, count).sort();
      const middle = count >> 1;
      const upper = sorted[middle]!;
      return count % 2 === 1 ? upper : finite((sorted[middle - 1]! + upper) / 2);
    },
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
