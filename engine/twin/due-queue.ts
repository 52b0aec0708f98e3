/** What is due when, in order: for one timer that serves many. Times in ms since 1970-01-01 UTC. */
export interface DueQueue {
  /** Sets when that key is due, in place of any time before. */
  set(key: string, at: number): void;
  delete(key: string): void;
  /** Takes out what is due at `now`, earliest first, at most `max` of it. */
  take(now: number, max: number): string[];
  /** When the earliest is due; undefined when nothing is. */
  next(): number | undefined;
  readonly size: number;
  /** Entries in memory, those that were replaced included. */
  held(): number;
}

interface Entry {
  key: string;
  at: number;
}

/** A binary heap. An entry that was replaced stays in it until its turn, or until such entries are the greater part. */
export function createDueQueue(): DueQueue {
  const times = new Map<string, number>();
  let heap: Entry[] = [];
  const at = (index: number): number => heap[index]?.at ?? Number.POSITIVE_INFINITY;

  function swap(a: number, b: number): void {
    [heap[a], heap[b]] = [heap[b] as Entry, heap[a] as Entry];
  }

  function push(entry: Entry): void {
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (at(parent) <= at(index)) return;
      swap(parent, index);
      index = parent;
    }
  }

  function sink(from: number): void {
    for (let index = from; ; ) {
      const left = 2 * index + 1;
      const child = at(left + 1) < at(left) ? left + 1 : left;
      if (at(child) >= at(index)) return;
      swap(child, index);
      index = child;
    }
  }

  function pop(): void {
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    heap[0] = last;
    sink(0);
  }

  /** Without the entries that were replaced. In linear time: a hundred thousand must not hold the event loop up. */
  function rebuild(): void {
    heap = Array.from(times, ([key, due]) => ({ key, at: due }));
    for (let index = (heap.length >> 1) - 1; index >= 0; index--) sink(index);
  }

  /** The earliest that still holds. */
  function first(): Entry | undefined {
    for (;;) {
      const entry = heap[0];
      if (!entry || times.get(entry.key) === entry.at) return entry;
      pop();
    }
  }

  return {
    get size() {
      return times.size;
    },
    set(key, time) {
      if (times.get(key) === time) return;
      times.set(key, time);
      push({ key, at: time });
      if (heap.length > 2 * times.size + 1000) rebuild();
    },
    delete: (key) => void times.delete(key),
    take(now, max) {
      const due: string[] = [];
      for (let entry = first(); entry && entry.at <= now && due.length < max; entry = first()) {
        due.push(entry.key);
        times.delete(entry.key);
        pop();
      }
      return due;
    },
    next: () => first()?.at,
    held: () => heap.length,
  };
}
