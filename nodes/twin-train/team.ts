import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Tree } from "../../engine/learning/forest/grow-tree";
import { type ForestJob, type GrowTrees, growerOf } from "../../engine/learning/forest/train-forest";

/** What a helper is sent. */
interface Order {
  /** Number of the job. */
  id: number;
  /** In shared memory. */
  job: ForestJob;
  /** At `nextTree` the number of the first tree that nobody has taken yet, at `treesSent` how many the helpers have sent. */
  tally: Int32Array;
}
const nextTree = 0;
const treesSent = 1;

/** What a helper answers with each tree. */
interface Grown {
  id: number;
  tree: Tree;
  number: number;
}

/**
 * Grows forests together with helpers behind these ports: whoever is free takes the next tree. Waits for them without
 * giving the thread away, so a helper that dies has to be noticed elsewhere.
 */
export function teamOf(helpers: readonly MessagePort[]): GrowTrees {
  let id = 0;
  return (given, take, meanwhile) => {
    id++;
    const job = helpers.length > 0 ? shared(given) : given;
    const tally = new Int32Array(new SharedArrayBuffer(8));
    for (const port of helpers) port.postMessage({ id, job, tally } satisfies Order);
    if (helpers.length > 0) meanwhile?.();
    const grow = growerOf(job);
    let missing = job.trees;
    const keep = (tree: Tree, number: number): void => {
      missing--;
      take(tree, number);
    };
    const collect = (): void => {
      for (const port of helpers)
        for (let got = receiveMessageOnPort(port); got; got = receiveMessageOnPort(port)) {
          const grown = got.message as Grown;
          // A job that was given up may have trees under way still.
          if (grown.id === id) keep(grown.tree, grown.number);
        }
    };
    try {
      for (let number = nextOf(tally); number < job.trees; number = nextOf(tally)) {
        keep(grow(number), number);
        collect();
      }
      while (missing > 0) {
        const sent = Atomics.load(tally, treesSent);
        collect();
        // Returns at once where a helper has sent something since.
        if (missing > 0) Atomics.wait(tally, treesSent, sent);
      }
    } finally {
      Atomics.store(tally, nextTree, job.trees);
    }
  };
}

/** Takes trees of one job after another, as long as the port is open. */
export function helpGrowing(port: MessagePort): void {
  port.on("message", ({ id, job, tally }: Order) => {
    let grow: ((number: number) => Tree) | undefined;
    for (let number = nextOf(tally); number < job.trees; number = nextOf(tally)) {
      grow ??= growerOf(job);
      const tree = grow(number);
      // Copied: once memory is handed over anywhere in a thread, V8 checks each of its typed arrays at each access.
      port.postMessage({ id, tree, number } satisfies Grown);
      Atomics.add(tally, treesSent, 1);
      Atomics.notify(tally, treesSent);
    }
  });
}

const nextOf = (tally: Int32Array): number => Atomics.add(tally, nextTree, 1);

/** The job with its numbers in memory that all threads see. */
function shared({ training, ...rest }: ForestJob): ForestJob {
  const { features, rankRows, target, weight } = training;
  return {
    ...rest,
    training: {
      target: inSharedMemory(target),
      weight: inSharedMemory(weight),
      rankRows: inSharedMemory(rankRows),
      features: features.map(({ upper, lower, bins, firstRanks, mixed }) => {
        const sharedUpper = inSharedMemory(upper);
        return {
          bins: inSharedMemory(bins),
          firstRanks: inSharedMemory(firstRanks),
          mixed,
          upper: sharedUpper,
          lower: lower === upper ? sharedUpper : inSharedMemory(lower),
        };
      }),
    },
  };
}

function inSharedMemory<T extends Float64Array | Uint16Array>(array: T): T {
  const make = array.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new make(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}
