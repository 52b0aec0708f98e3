import { Refusal, refuse } from "../../contract/errors";

/** What a forest's memory depends on, and how many bytes there are. */
interface ForestSize {
  rows: number;
  features: number;
  workers: number;
  memory: number;
}

/** Bytes of a cell: its rank, twice where ranks are shared among threads, and its value where all of them differ. */
const cellBytes = 2 + 2 + 8 + 8;
/** Bytes of a row in each thread that grows trees: number, weight, target, draws and work space. */
const rowBytes = 56;
/** Bytes of a node: as grown, while it is packed, as the model's text, and that text once more on its way. */
const nodeBytes = 18 + 30 + 10 + 10;
/** Up to 200 MB of stored model, the most that is registered. */
const mostNodes = 25e6;

/** Bytes that are taken before the first tree is grown, beside the dataset. */
export const workBytes = ({ rows, features, workers }: Omit<ForestSize, "memory">): number =>
  rows * (features * cellBytes + workers * rowBytes);

/** Throws a Refusal where growing needs more than there is. */
export function checkMemory(size: ForestSize): void {
  const needed = workBytes(size);
  if (needed <= size.memory) return;
  const { rows, features, workers } = size;
  throw new Refusal(
    refuse(
      "too-large",
      `A forest on ${rows} rows x ${features} features with ${workers} at work needs about ${megabytes(needed)} MB; ${megabytes(size.memory)} are there.`,
      `Train on fewer rows or features${workers > 1 ? ", or with fewer workers" : ""}.`,
    ),
  );
}

/**
 * A check of the nodes that trees add, to be called with each tree's. Throws a Refusal as soon as tree 0 shows that the forest
 * will not fit (all trees of a forest are about as large), or when it has grown too large.
 */
export function nodeLimit(size: ForestSize, trees: number): (nodes: number, tree: number) => void {
  const most = Math.min(mostNodes, Math.floor((size.memory - workBytes(size)) / nodeBytes));
  let total = 0;
  return (nodes, tree) => {
    total += nodes;
    const expected = tree === 0 ? nodes * trees : 0;
    if (total <= most && expected <= 1.2 * most) return;
    throw new Refusal(
      refuse(
        "too-large",
        `The forest would have ${expected > 0 ? `about ${expected}` : `more than ${most}`} nodes in ${trees} trees; ${most} fit.`,
        "Grow fewer trees, or smaller ones with minLeaf 5 or a maxDepth.",
      ),
    );
  };
}

const megabytes = (bytes: number): number => Math.max(0, Math.round(bytes / 1e6));
