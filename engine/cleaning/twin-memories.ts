import { type FeatureMemory, newFeatureMemory } from "./calculate-feature";
import { type LaneMemory, newMemory } from "./lane";
import { restoreMemory, saveMemory, sizeOf } from "./saved-memory";
import { type GridMemory, newGridMemory } from "./twin-grid";

/** Most properties of a twin that a rule for `*` remembers, as many as twin-ingest lets through. */
const maxProperties = 2000;
/** Samples of a twin that duplicates are searched in. */
const maxKeys = 64;
/** Samples of a twin between two looks at how much is remembered of it; more where a look takes longer. */
const weighEvery = 64;

/** What a cleaner remembers of one twin. */
export interface TwinMemory {
  lane(ruleIndex: number, property: string): LaneMemory;
  feature(index: number): FeatureMemory;
  readonly grid: GridMemory;
  /** Properties whose last value was text or a boolean: a missing one is not a missing number. */
  texts: Set<string>;
  /** Time of the latest sample, for the order. */
  latest: number;
  /** Whether a sample with that key came among the last ones; remembers it. */
  seen(key: string): boolean;
}

/** The same as plain data, with rules, features and the grid by what they say: see {@link MemoryKeys}. */
export interface SavedTwin {
  lanes: Map<string, Map<string, unknown>>;
  features: Map<string, unknown>;
  grid: { key: string; memory: GridMemory } | undefined;
  texts: Set<string>;
  latest: number;
  keys: string[];
}

/** What was saved may not be the last that was known: an interval that was open then may lack samples. */
export function notTheLast(saved: SavedTwin): SavedTwin {
  if (saved.grid) saved.grid.memory.shaken = true;
  return saved;
}

/** What tells a rule, a feature or the grid from another one: where it says something else, it begins anew. */
export interface MemoryKeys {
  rules: readonly string[];
  features: readonly string[];
  grid: string;
}

export interface TwinMemoriesOptions {
  maxTwins: number;
  /** Values that all twins together are remembered by, about: beyond that too the one not heard of for longest is forgotten. */
  maxValues: number;
  keys: MemoryKeys;
  /** What was saved of a twin that is not remembered. */
  restore?(id: string): SavedTwin | undefined;
}

export interface TwinMemories {
  of(id: string): TwinMemory;
  /** Tells that so many samples of the twin called last were taken in: its share of the memory is looked at now and then. */
  took(samples: number): void;
  /** Twins, the one heard of last first. */
  ids(): string[];
  /** Undefined for one that was forgotten meanwhile. */
  save(id: string): SavedTwin | undefined;
  readonly size: number;
  /** Values remembered, as of the last look. */
  readonly values: number;
}

interface Entry {
  memory: TwinMemory & { save(): SavedTwin; size(): number };
  values: number;
  sinceWeighed: number;
}

/** Memories of twins, bounded in their number and in the values they hold together. One twin at least is always remembered. */
export function createTwinMemories({ maxTwins, maxValues, keys, restore }: TwinMemoriesOptions): TwinMemories {
  const twins = new Map<string, Entry>();
  let values = 0;
  let lastId: string | undefined;
  let last: Entry | undefined;

  function forgetOldest(): void {
    const [id, { values: held }] = twins.entries().next().value as [string, Entry];
    twins.delete(id);
    values -= held;
  }

  return {
    of(id) {
      if (id === lastId) return last!.memory;
      let entry = twins.get(id);
      if (entry) twins.delete(id);
      else {
        entry = { memory: createTwinMemory(keys, restore?.(id)), values: 0, sinceWeighed: weighEvery };
        if (twins.size >= maxTwins) forgetOldest();
      }
      twins.set(id, entry);
      lastId = id;
      last = entry;
      return entry.memory;
    },
    took(samples) {
      if (!last) return;
      last.sinceWeighed += samples;
      if (last.sinceWeighed < Math.max(weighEvery, last.values / 16)) return;
      last.sinceWeighed = 0;
      const held = last.memory.size();
      values += held - last.values;
      last.values = held;
      while (values > maxValues && twins.size > 1) forgetOldest();
    },
    ids: () => [...twins.keys()].reverse(),
    save: (id) => twins.get(id)?.memory.save(),
    get size() {
      return twins.size;
    },
    get values() {
      return values;
    },
  };
}

function createTwinMemory(by: MemoryKeys, saved: SavedTwin | undefined): Entry["memory"] {
  const lanes: (Map<string, LaneMemory> | undefined)[] = by.rules.map((rule) => {
    const of = saved?.lanes.get(rule);
    return of && new Map([...of].map(([property, memory]) => [property, restoreMemory(newMemory(), memory)]));
  });
  const features: (FeatureMemory | undefined)[] = by.features.map((feature) => {
    const memory = saved?.features.get(feature);
    return memory === undefined ? undefined : restoreMemory(newFeatureMemory(), memory);
  });
  const keys = new Set<string>(saved?.keys);
  let grid = saved?.grid?.key === by.grid ? saved.grid.memory : undefined;
  return {
    lane(ruleIndex, property) {
      lanes[ruleIndex] ??= new Map();
      const ofRule = lanes[ruleIndex]!;
      let memory = ofRule.get(property);
      if (memory === undefined) {
        if (ofRule.size >= maxProperties) ofRule.delete(ofRule.keys().next().value as string);
        memory = newMemory();
        ofRule.set(property, memory);
      }
      return memory;
    },
    feature(index) {
      features[index] ??= newFeatureMemory();
      return features[index];
    },
    get grid() {
      grid ??= newGridMemory();
      return grid;
    },
    texts: saved?.texts ?? new Set(),
    latest: saved?.latest ?? Number.NEGATIVE_INFINITY,
    seen(key) {
      if (keys.has(key)) return true;
      if (keys.size >= maxKeys) keys.delete(keys.values().next().value as string);
      keys.add(key);
      return false;
    },
    save() {
      const saved: SavedTwin = {
        lanes: new Map(),
        features: new Map(),
        grid: grid && { key: by.grid, memory: grid },
        texts: this.texts,
        latest: this.latest,
        keys: [...keys],
      };
      lanes.forEach((of, r) => {
        if (of) saved.lanes.set(by.rules[r]!, new Map([...of].map(([name, memory]) => [name, saveMemory(memory)])));
      });
      features.forEach((memory, f) => {
        if (memory) saved.features.set(by.features[f]!, saveMemory(memory));
      });
      return saved;
    },
    size() {
      let values = keys.size * 8 + this.texts.size + (grid ? grid.cells.size * 16 : 0);
      for (const of of lanes) if (of) for (const memory of of.values()) values += sizeOf(memory);
      for (const memory of features) if (memory) values += sizeOf(memory);
      return values;
    },
  };
}
