import { createRecentMap } from "../../contract/recent-map";
import type { Label } from "../dataset";

/** A prediction that waits to be told what came. */
export interface Awaited {
  value: Label | null;
  version: number;
}

/** When a prediction was made for a twin: the sample's time, its number, or both. */
export interface Moment {
  id: string;
  ts?: number;
  seq?: number;
}

/** Predictions whose truth may still arrive. Bounded: at least the `max` latest ones. */
export interface AwaitedTruths {
  add(moment: Moment, prediction: Awaited): void;
  /** The prediction of that moment, which then waits no longer; by its number where one is given, else by its time. */
  take(moment: Moment): Awaited | undefined;
}

export function createAwaitedTruths(max = 10_000): AwaitedTruths {
  const waiting = createRecentMap<string, { prediction: Awaited; keys: string[] }>(2 * max);
  return {
    add(moment, prediction) {
      const keys = keysOf(moment);
      for (const key of keys) waiting.set(key, { prediction, keys });
    },
    take(moment) {
      const [key] = keysOf(moment);
      const found = key === undefined ? undefined : waiting.get(key);
      for (const one of found?.keys ?? []) waiting.delete(one);
      return found?.prediction;
    },
  };
}

const keysOf = ({ id, ts, seq }: Moment): string[] => [
  ...(seq === undefined ? [] : [`${id}#${seq}`]),
  ...(ts === undefined ? [] : [`${id}@${ts}`]),
];
