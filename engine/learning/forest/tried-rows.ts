import type { Candidate, NodeSamples } from "./node-samples";
import { divideBySide, type LoadedRows, loadedRows, type SortedRows, sideOf, sortKeys } from "./sorted-rows";

/** Nodes of up to so many rows are searched so. */
export const triedUpTo = 256;

/**
 * Rows that are sorted by a feature when it is tried: for searches that try few of many.
 *
 * @param most the most rows that `load` is given, up to `mostSorted`
 */
export function triedRows(rankRows: Uint16Array, width: number, samples: NodeSamples, most: number): SortedRows {
  const loaded = loadedRows(samples, most);
  const { places } = loaded;
  const keys = new Uint32Array(places.length);
  const spare = new Uint32Array(places.length);
  const goesLeft = new Uint8Array(places.length);
  return {
    ...loaded,
    keys,
    keyStride: 0,
    sort(feature, start, end) {
      putKeys(keys, rankRows, width, feature, loaded, start, end);
      sortKeys(keys, start, end - start, spare);
    },
    divide(start, end, best) {
      putSides(goesLeft, rankRows, width, best, loaded, start, end);
      return divideBySide(places, start, end, goesLeft, spare);
    },
  };
}

function putKeys(
  keys: Uint32Array,
  rankRows: Uint16Array,
  width: number,
  feature: number,
  { places, row }: LoadedRows,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) {
    const place = places[i]!;
    keys[i] = (rankRows[row[place]! * width + feature]! << 16) | place;
  }
}

function putSides(
  goesLeft: Uint8Array,
  rankRows: Uint16Array,
  width: number,
  best: Candidate,
  { places, row }: LoadedRows,
  start: number,
  end: number,
): void {
  const { feature } = best;
  for (let i = start; i < end; i++) {
    const place = places[i]!;
    goesLeft[place] = sideOf(rankRows[row[place]! * width + feature]!, best);
  }
}
