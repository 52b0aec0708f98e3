import type { FeatureSpec } from "../model";
import { binOf, type Distribution } from "./distribution";
import { populationStability } from "./population-stability";
import { ringOfParts } from "./ring-of-parts";

export interface FeatureDrift {
  feature: string;
  /** Population stability index against the training rows. */
  psi: number;
}

/** How the last rows are distributed, beside those that the model was trained with. Memory: ten counts for each bin. */
export interface InputWindow {
  /** Counts a row of the model's features. True when a part of the window is full: time to look. */
  add(row: Float64Array): boolean;
  /** Rows in the window. */
  readonly rows: number;
  /** Largest first. Empty for a model that does not know how its features were distributed. */
  drift(): FeatureDrift[];
}

/** @param size rows in the window; the oldest tenth is forgotten at once */
export function createInputWindow(features: readonly FeatureSpec[], size: number): InputWindow {
  const watched = features.flatMap((spec, index) =>
    spec.distribution ? [{ name: spec.name, index, distribution: spec.distribution, from: 0 }] : [],
  );
  let width = 0;
  for (const one of watched) {
    one.from = width;
    width += one.distribution.counts.length + 1;
  }
  const ring = ringOfParts(width, size);
  return {
    add(row) {
      const counts = ring.current();
      for (const { index, distribution, from } of watched) {
        const bin = binOf(distribution, row[index]!);
        const at = from + (bin < 0 ? distribution.counts.length : bin);
        counts[at] = counts[at]! + 1;
      }
      return ring.next();
    },
    get rows() {
      return ring.rows;
    },
    drift() {
      const counts = ring.total();
      return watched
        .map(({ name, distribution, from }) => ({
          feature: name,
          psi: populationStability(binsOf(distribution), counts.subarray(from, from + distribution.counts.length + 1)),
        }))
        .sort((a, b) => b.psi - a.psi);
    },
  };
}

const binsOf = ({ counts, other }: Distribution): number[] => [...counts, other];
