/**
 * A map that forgets: it holds the `max` keys that were set last, and less than as many older ones. It keeps two generations,
 * because taking the oldest key out of one `Map` walks over every key that was taken out before. Where values differ in size, `max`
 * bounds the sum of their weights.
 */
export interface RecentMap<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  clear(): void;
}

export function createRecentMap<Key, Value>(
  max: number,
  weightOf: (value: Value) => number = () => 1,
): RecentMap<Key, Value> {
  let young = new Map<Key, Value>();
  let old = new Map<Key, Value>();
  let weight = 0;

  function forget(key: Key): void {
    const known = young.get(key);
    if (known !== undefined) weight -= weightOf(known);
  }

  return {
    get: (key) => young.get(key) ?? old.get(key),
    set(key, value) {
      if (young.get(key) === value) return;
      forget(key);
      weight += weightOf(value);
      young.set(key, value);
      if (weight <= max) return;
      old = young;
      young = new Map();
      weight = 0;
    },
    delete(key) {
      forget(key);
      young.delete(key);
      old.delete(key);
    },
    clear() {
      young.clear();
      old.clear();
      weight = 0;
    },
  };
}
