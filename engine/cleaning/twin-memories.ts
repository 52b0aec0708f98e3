import { type LaneMemory, newMemory } from "./lane";

/** Most properties of a twin that a rule for `*` remembers, as many as twin-ingest lets through. */
const maxProperties = 2000;
/** Samples of a twin that duplicates are searched in. */
const maxKeys = 64;

/** What a cleaner remembers of one twin. */
export interface TwinMemory {
  lane(ruleIndex: number, property: string): LaneMemory;
  /** Properties whose last value was text or a boolean: a missing one is not a missing number. */
  texts: Set<string>;
  /** Whether a sample with that key came among the last ones; remembers it. */
  seen(key: string): boolean;
}

export interface TwinMemories {
  of(id: string): TwinMemory;
  readonly size: number;
}

/** Memories of at most `maxTwins` twins: beyond that the one not heard of for longest is forgotten. */
export function createTwinMemories(maxTwins: number): TwinMemories {
  const twins = new Map<string, TwinMemory>();
  let lastId: string | undefined;
  let lastMemory: TwinMemory | undefined;
  return {
    of(id) {
      if (id === lastId) return lastMemory!;
      let memory = twins.get(id);
      if (memory) twins.delete(id);
      else {
        memory = createTwinMemory();
        if (twins.size >= maxTwins) twins.delete(twins.keys().next().value as string);
      }
      twins.set(id, memory);
      lastId = id;
      lastMemory = memory;
      return memory;
    },
    get size() {
      return twins.size;
    },
  };
}

function createTwinMemory(): TwinMemory {
  const lanes: (Map<string, LaneMemory> | undefined)[] = [];
  const keys = new Set<string>();
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
    texts: new Set(),
    seen(key) {
      if (keys.has(key)) return true;
      if (keys.size >= maxKeys) keys.delete(keys.values().next().value as string);
      keys.add(key);
      return false;
    },
  };
}
