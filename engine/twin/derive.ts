import type { Quality } from "../contract/messages";
import type { DerivedProperty, TwinModel } from "../contract/model";
import { checkRange } from "./check-values";
import type { Draft } from "./draft";

/**
 * Works out the derived properties of which an input is among the names in `touched`, or that were never worked out, and gives
 * their names. They follow from what the document holds, whatever the order in which it came: the quality is the worst of the
 * inputs, the time the latest. What is unknown or out of range has no value and is bad; what has no input yet is not there at all.
 * Changes the given draft.
 */
export function derive(draft: Draft, model: TwinModel | undefined, touched: readonly string[]): string[] {
  const derived: string[] = [];
  if (!model?.derived) return derived;
  const fresh = new Set(touched);
  for (const property of model.derived) {
    const { name } = property.spec;
    const isDue = draft.meta.get(name) === undefined || property.expression.names.some((input) => fresh.has(input));
    if (!isDue) continue;
    deriveOne(draft, property);
    fresh.add(name);
    derived.push(name);
  }
  return derived;
}

function deriveOne({ reported, meta }: Draft, { spec, expression }: DerivedProperty): void {
  let ts = Number.NEGATIVE_INFINITY;
  let quality: Quality = "good";
  for (const input of expression.names) {
    const known = meta.get(input);
    if (!known) continue;
    ts = Math.max(ts, known.ts);
    if (known.quality === "bad" || (known.quality === "uncertain" && quality === "good")) quality = known.quality;
  }
  reported.delete(spec.name);
  meta.delete(spec.name);
  if (ts === Number.NEGATIVE_INFINITY) return;
  const value = expression.evaluate((input) => reported.get(input));
  const isUsable = value !== undefined && (typeof value !== "number" || typeof checkRange(spec, value) === "number");
  if (isUsable) reported.set(spec.name, value);
  meta.set(spec.name, { ts, quality: isUsable ? quality : "bad" });
}
