import type { Candidate, NodeSamples } from "./node-samples";
import { divideBySide, loadedRows, type SortedRows, sideOf, sortKeys } from "./sorted-rows";

/**
 * Rows that are sorted by a feature when it is tried: for searches that try few of many.
 *
 * @param most the most rows that `load` is given, up to `mostSorted`
 */
export function triedRows(rankRows: Uint16Array, width: number, samples: NodeSamples, most: number): SortedRows {
  const loaded = loadedRows(samples, most);
  const { places, row } = loaded;
  const keys = new Uint32Array(places.length);
  const spare = new Uint32Array(places.length);
  const goesLeft = new Uint8Array(places.length);
  return {
    ...loaded,
    keys,
    keyStride: 0,
    sort(feature, start, end) {
      for (let i = start; i < end; i++) {
        const place = places[i]!;
        keys[i] = (rankRows[row[place]! * width + feature]! << 16) | place;
      }
      sortKeys(keys, start, end - start, spare);
    },
    divide(start, end, best: Candidate) {
      for (let i = start; i < end; i++) {
        const place = places[i]!;
        goesLeft[place] = sideOf(rankRows[row[place]! * width + best.feature]!, best);
      }
      return divideBySide(places, start, end, goesLeft, spare);
    },
  };
}
