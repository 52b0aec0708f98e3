import { quote, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Outside, Prediction } from "../../engine/learning/predictor";

/** The refusal of a row that lies where the model has never been. */
export function outOfDomain(
  { outside = [], domainWhy, domainScore = 0 }: Prediction,
  model: string,
  version: number,
  index?: number,
): RefusalInfo {
  const [first] = outside as [Outside];
  const range =
    domainWhy === "combination"
      ? `which never came with the other values: the row is ${domainScore.toFixed(1)} times as far from those it was trained with as they are apart`
      : first.min === undefined
        ? "which it was not trained with"
        : `outside of the ${first.min} to ${first.max} it was trained with`;
  const more =
    outside.length > 1
      ? ` So are ${outside
          .slice(1)
          .map(({ feature }) => feature)
          .join(", ")}.`
      : "";
  return refuse(
    "out-of-domain",
    `Version ${version} of ${model} got ${quote(first.feature)} as ${quote(first.value)}, ${range}.${more}`,
    "Check the reading; train with rows like it; or set domain to flag, which predicts and says so.",
    { property: first.feature, index },
  );
}
