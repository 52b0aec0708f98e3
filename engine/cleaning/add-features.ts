import { type RefusalInfo, refuse } from "../contract/errors";
import type { Row } from "../contract/messages";
import { calculateFeature, newFeatureMemory } from "./calculate-feature";
import type { Feature } from "./row-options";

/** Why a row cannot get the features: it has a column of that name already, which would be overwritten. */
export function nameTaken(features: readonly Feature[], row: Row): RefusalInfo | undefined {
  const taken = features.find(({ name }) => Object.hasOwn(row, name));
  return (
    taken &&
    refuse("bad-name", `There is a ${taken.name} already.`, "Give the feature another name in the node.", {
      property: taken.name,
    })
  );
}

/**
 * Adds the features' columns to rows of one twin or group, in their order. A feature may be calculated from one that stands before
 * it. In the rows themselves: hand over copies.
 */
export function addFeatures(
  features: readonly Feature[],
  rows: readonly Row[],
  times: readonly number[] | undefined,
): void {
  for (const feature of features) {
    const memory = newFeatureMemory();
    rows.forEach((row, i) => {
      const cell = Object.hasOwn(row, feature.property) ? row[feature.property] : null;
      row[feature.name] = calculateFeature(feature, memory, cell, times?.[i] ?? Number.NaN);
    });
  }
}
