import { type RefusalInfo, refuse } from "../contract/errors";
import { type Sample, toNumber } from "../contract/messages";
import { createRecentMap } from "../contract/recent-map";
import { createTwinWindow, type TwinWindow, type WindowOptions, type WindowStatistics } from "./twin-window";

export interface StreamOptions extends WindowOptions {
  /** Properties to describe; empty: all that are numbers. */
  columns?: readonly string[];
  /** Numbers held before the twins not heard of for longest are forgotten; at most twice as many are. @default 10 million (80 MB) */
  maxNumbers?: number;
}

export interface WindowResult {
  id: string;
  statistics: WindowStatistics;
}

/** Statistics of samples as they come, one window a twin. */
export interface StreamStatistics {
  /**
   * Takes in samples in order of arrival. Of tumbling windows, those that ended; of others, one result for each twin, after
   * the last of its samples.
   */
  add(samples: readonly Sample[]): { results: WindowResult[]; refused: RefusalInfo[] };
}

export function createStreamStatistics(options: StreamOptions): StreamStatistics {
  const { columns = [], maxNumbers = 10e6 } = options;
  const listed = new Set(columns);
  const isTumbling = options.window !== undefined && options.windowType === "tumbling";
  const twins = createRecentMap<string, TwinWindow>(maxNumbers, (window) => window.held);

  function valuesOf({ values }: Sample): Map<string, number> {
    const numbers = new Map<string, number>();
    for (const name of listed.size > 0 ? listed : Object.keys(values)) {
      const value = Object.hasOwn(values, name) ? values[name] : null;
      if (typeof value === "boolean" && listed.size > 0) numbers.set(name, Number(value));
      else {
        const number = toNumber(value);
        // A text is no column of numbers, a reading that is missing may be one.
        if (!Number.isNaN(number) || listed.size > 0 || value === null) numbers.set(name, number);
      }
    }
    return numbers;
  }

  return {
    add(samples) {
      const results: WindowResult[] = [];
      const refused: RefusalInfo[] = [];
      const touched = new Map<string, TwinWindow>();
      samples.forEach((sample, index) => {
        const { id, ts } = sample;
        const window = twins.get(id) ?? createTwinWindow(options);
        if (window.isLate(ts)) {
          refused.push(late(sample, samples.length > 1 ? index : undefined));
          return;
        }
        // Taken out first: its weight is that of when it was put in.
        twins.delete(id);
        const ended = window.add(ts, valuesOf(sample));
        twins.set(id, window);
        if (ended) results.push({ id, statistics: ended });
        touched.set(id, window);
      });
      if (!isTumbling) for (const [id, window] of touched) results.push({ id, statistics: window.statistics() });
      return { results, refused };
    },
  };
}

const late = ({ id, ts }: Sample, index: number | undefined): RefusalInfo =>
  refuse(
    "out-of-order",
    `The sample of ${id} at ${new Date(ts).toISOString()} came when its window was over.`,
    "Use a longer window, or statistics of the history (twin-query) for what comes late.",
    index === undefined ? {} : { index },
  );
