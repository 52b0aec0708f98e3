import { isMissing, type Sample } from "../contract/messages";
import { isSentinel } from "./check-values";
import type { CleaningRule } from "./cleaning-rule";
import { convertValue, wrongType } from "./convert-value";
import type { TwinMemory } from "./twin-memories";

/** Properties of the samples that hold a number, or would if they held anything. */
export function numbersOf(
  rule: CleaningRule,
  indexes: readonly number[],
  samples: readonly Sample[],
  twin: TwinMemory,
): Set<string> {
  const names = new Set<string>();
  for (const index of indexes) {
    const { values } = samples[index]!;
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (typeof value === "number" && !Number.isNaN(value)) {
        if (twin.texts.size > 0) twin.texts.delete(name);
      } else if (isMissing(value) || isSentinel(value, rule.sentinels)) {
        if (twin.texts.has(name)) continue;
      } else if (rule.convert === "none" || typeof value !== "string" || convertValue(value, rule) === wrongType) {
        if (twin.texts.size < 2000) twin.texts.add(name);
        continue;
      }
      if (name !== "__proto__") names.add(name);
    }
  }
  return names;
}
