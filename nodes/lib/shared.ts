/**
 * Things that belong to the process and not to a deploy: an embedded broker, a store, a history. Node-RED closes
 * configuration nodes on every full deploy; what is acquired here outlives that, because it is only disposed of when
 * nobody has used it for a while, or when the process ends.
 */
export interface Lease<T> {
  value: T;
  /** Gives the thing back. May be called more than once. */
  release(): void;
}

interface Held {
  value: unknown;
  users: number;
  dispose(): void | Promise<void>;
  timer?: NodeJS.Timeout;
}

const lingerMs = 5000;
const held = new Map<string, Held>();

/** The thing of that key, made by `create` when nobody holds it. */
export function acquire<T>(key: string, create: () => { value: T; dispose(): void | Promise<void> }): Lease<T> {
  let entry = held.get(key);
  if (!entry) {
    entry = { ...create(), users: 0 };
    held.set(key, entry);
  }
  const mine = entry;
  clearTimeout(mine.timer);
  mine.users++;
  let released = false;
  return {
    value: mine.value as T,
    release() {
      if (released) return;
      released = true;
      if (--mine.users > 0) return;
      mine.timer = setTimeout(() => void drop(key, mine), lingerMs);
      mine.timer.unref();
    },
  };
}

async function drop(key: string, entry: Held): Promise<void> {
  clearTimeout(entry.timer);
  if (held.get(key) === entry) held.delete(key);
  await entry.dispose();
}

/** Disposes of everything at once: at the end of the process, and of a test. */
export async function disposeShared(): Promise<void> {
  await Promise.all([...held].map(([key, entry]) => drop(key, entry)));
}

process.once("exit", () => {
  for (const entry of held.values()) void entry.dispose();
});
