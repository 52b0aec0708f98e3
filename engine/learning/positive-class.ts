import { quote, Refusal, refuse } from "../contract/errors";
import type { Dataset, Label } from "./dataset";
import { defaultPositive } from "./metrics";

/** The class that the setting names, or the usual one; null for numbers, and for three classes and more where none is named. */
export function positiveOf({ target, rows }: Dataset, named: string): Label | null {
  const { labels, values } = target;
  if (!labels) return null;
  if (named !== "") {
    const found = labels.find((label) => String(label) === named.trim());
    if (found !== undefined) return found;
    throw new Refusal(
      refuse(
        "schema-mismatch",
        `positive is ${quote(named)}, which no row has as its ${target.name}.`,
        `The classes are ${labels.map(String).slice(0, 20).join(", ")}.`,
        { property: "positive" },
      ),
    );
  }
  const counts = new Float64Array(labels.length);
  for (let i = 0; i < rows; i++) counts[values[i]!] = counts[values[i]!]! + 1;
  return defaultPositive(labels, counts);
}
