import { Refusal, refuse } from "../../contract/errors";
import type { Tree } from "./grow-tree";
import { heldUpTo } from "./held-rows";

/** What a forest's memory depends on, and how many bytes there are. */
interface ForestSize {
  rows: number;
  features: number;
  workers: number;
  memory: number;
}

/** Bytes of a cell: its rank and its bin, twice where they are shared among threads, and its value where all of them differ. */
const cellBytes = 2 * (2 + 2) + 8 + 8;
/** Bytes of a row in each thread that grows trees: number, weight, target, draws and work space. */
const rowBytes = 56;
const keyBytes = 4;
/** Bytes of a node: as grown, while it is packed, as the model's text, and that text once more on its way. */
const nodeBytes = 18 + 30 + 10 + 10;
/** Up to 200 MB of stored model, the most that is registered. */
const mostNodes = 25e6;
const mostShares = 18e6;
/** Bytes of a class's share in a leaf as grown. */
const shareBytes = 8;

/** Bytes that are taken before the first tree is grown, beside the dataset. */
export const workBytes = ({ rows, features, workers }: Omit<ForestSize, "memory">): number =>
  rows * (features * cellBytes + workers * rowBytes) + workers * features * Math.min(rows, heldUpTo) * keyBytes;

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
 * A check of the nodes that trees add, a leaf's shares counted in, to be called with each tree. Throws a Refusal as soon as tree 0
 * shows that the forest will not fit (all trees of a forest are about as large), or when it has grown too large.
 */
export function nodeLimit(
  size: ForestSize,
  trees: number,
): (tree: Pick<Tree, "feature" | "shares">, n: number) => void {
  const most = Math.min(mostNodes, Math.floor((size.memory - workBytes(size)) / nodeBytes));
  let total = 0;
  return ({ feature, shares }, number) => {
    const nodes = feature.length + Math.round((shares.length * shareBytes) / nodeBytes);
    total += nodes;
    const expected = number === 0 ? nodes * trees : 0;
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

/** Throws a Refusal where leaves have so many different mixes of classes that the model could not be stored. */
export function checkShares(shares: number, classes: number): void {
  if (shares <= mostShares) return;
  throw new Refusal(
    refuse(
      "too-large",
      `The leaves have more than ${Math.floor(mostShares / classes)} different mixes of ${classes} classes.`,
      "Grow fewer trees, or larger leaves, or predict fewer classes.",
    ),
  );
}

const megabytes = (bytes: number): number => Math.max(0, Math.round(bytes / 1e6));
