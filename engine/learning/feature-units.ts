import { findConversion } from "../cleaning/convert-unit";
import { quote, Refusal, refuse } from "../contract/errors";
import { isMissing, type Row, toNumber } from "../contract/messages";
import type { FeatureSpec } from "./model";

/** How values of a feature become those of the unit that the model was trained with: value * gain + offset. */
export interface FeatureConversion {
  feature: string;
  gain: number;
  offset: number;
}

/**
 * The features whose values come in another unit than the model was trained with. Units that nobody named are taken for the
 * same. Refuses with `schema-mismatch` what no multiple turns into the other.
 *
 * @param unitOf the unit that values come in
 */
export function featureConversions(
  features: readonly FeatureSpec[],
  unitOf: (name: string) => string | undefined,
): FeatureConversion[] {
  return features.flatMap(({ name, unit }) => {
    const from = unitOf(name);
    if (!unit || !from || unit === from) return [];
    const found = findConversion(from, unit);
    if (typeof found !== "string") return [{ feature: name, gain: found.gain, offset: found.offset }];
    throw new Refusal(
      refuse(
        "schema-mismatch",
        `${quote(name)} comes in ${quote(from)}, and the model was trained with ${quote(unit)}: ${found}`,
        "Correct the unit in the twin-model, or train with rows in that unit.",
        { property: name },
      ),
    );
  });
}

/** The row in the model's units. What is no number stays as it is. */
export function inModelUnits(row: Row, conversions: readonly FeatureConversion[]): Row {
  if (conversions.length === 0) return row;
  const converted = { ...row };
  for (const { feature, gain, offset } of conversions) {
    if (!Object.hasOwn(row, feature) || isMissing(row[feature])) continue;
    const number = toNumber(row[feature]);
    if (!Number.isNaN(number)) converted[feature] = number * gain + offset;
  }
  return converted;
}
