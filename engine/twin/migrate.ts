import type { Changes, PropertyMeta, TwinDocument } from "../contract/document";
import type { Scalar } from "../contract/messages";
import type { Migration, TwinModel } from "../contract/model";
import { own } from "../contract/own";
import { derive } from "./derive";
import { settle } from "./desired";
import { applyPatch } from "./document-patch";
import { draftOf, patchOf } from "./draft";

/** The version of its model that a document was written with: 1 where none stands in it. */
export const versionOf = ({ modelVersion }: TwinDocument): number => modelVersion ?? 1;

/** Whether the document was written with a later version of that model: this one must not write to it. */
export const isBeyond = (document: TwinDocument, model: TwinModel): boolean =>
  document.model === model.model && versionOf(document) > model.version;

/**
 * Brings a stored document to the present version of its model, step by step: reported and desired values and what is known of
 * them. One effective change, however many steps. Undefined: there is nothing to do. The given document is not changed.
 */
export function migrate(
  document: TwinDocument,
  model: TwinModel,
  now: number,
): { document: TwinDocument; changed: Changes } | undefined {
  const from = versionOf(document);
  if (document.model !== model.model || from >= model.version) return undefined;
  let { reported, desired, desiredVia, meta } = document;
  for (const step of model.migrations ?? []) {
    if (step.to <= from || step.to > model.version) continue;
    const moved = renamed(reported, meta, step);
    reported = changedValues(moved.reported, step);
    meta = without(moved.meta, step);
    desiredVia = desiredVia && renamedWishes(desiredVia, step);
    desired = changedValues(renamedWishes(desired, step), step);
  }
  const stepped: TwinDocument = {
    ...document,
    modelVersion: model.version,
    reported,
    desired,
    ...(desiredVia ? { desiredVia } : {}),
    meta,
    rev: document.rev + 1,
    updatedAt: now,
  };
  const draft = draftOf(stepped);
  derive(draft, model, Object.keys(meta));
  settle(draft, model, now);
  const next = applyPatch(stepped, patchOf(draft));
  if (Object.keys(desired).length === 0) next.ack = null;
  return { document: next, changed: differencesOf(document, next) };
}

type Values = Record<string, Scalar>;
type Metas = Record<string, PropertyMeta>;

/** Both under their new names. Where the new name has a reading already, the later one stays. */
function renamed(reported: Values, meta: Metas, { rename }: Migration): { reported: Values; meta: Metas } {
  const values: Values = {};
  const metas: Metas = {};
  for (const name of new Set([...Object.keys(meta), ...Object.keys(reported)])) {
    const target = rename.get(name) ?? name;
    const [known, there] = [own(meta, name), own(metas, target)];
    if (there && (known?.ts ?? Number.NEGATIVE_INFINITY) <= there.ts) continue;
    if (known) metas[target] = known;
    const value = own(reported, name);
    if (value === undefined) delete values[target];
    else values[target] = value;
  }
  return { reported: values, meta: metas };
}

/** A wish that stands under the new name already stays. */
function renamedWishes<Value>(desired: Record<string, Value>, { rename }: Migration): Record<string, Value> {
  const wishes: Record<string, Value> = {};
  for (const [name, wish] of Object.entries(desired)) {
    const target = rename.get(name) ?? name;
    if (target === name || !Object.hasOwn(desired, target) || rename.has(target)) wishes[target] = wish;
  }
  return wishes;
}

function changedValues(values: Values, { scale, remove }: Migration): Values {
  const result: Values = {};
  for (const [name, value] of Object.entries(values)) {
    if (remove.includes(name)) continue;
    const factors = scale.get(name);
    const scaled = factors && typeof value === "number" ? value * factors.gain + factors.offset : value;
    if (typeof scaled !== "number" || Number.isFinite(scaled)) result[name] = scaled;
  }
  return result;
}

/** What was announced is of the old name and unit: the migration itself announces anew. */
function without(meta: Metas, { remove }: Migration): Metas {
  const result: Metas = {};
  for (const [name, { announced, ...known }] of Object.entries(meta)) if (!remove.includes(name)) result[name] = known;
  return result;
}

function differencesOf(before: TwinDocument, after: TwinDocument): Changes {
  const changed: Changes = {};
  const compare = (was: Values, is: Values, prefix: string): void => {
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      const values = { before: own(was, name), after: own(is, name) };
      if (values.before !== values.after) changed[prefix + name] = values;
    }
  };
  compare(toldOf(before), after.reported, "");
  compare(before.desired, after.desired, "desired.");
  return changed;
}

/** What was told of the values last: it may be another than stands there, within the tolerance. */
function toldOf({ reported, meta }: TwinDocument): Values {
  const told: Values = { ...reported };
  for (const [name, { announced }] of Object.entries(meta)) if (announced !== undefined) told[name] = announced;
  return told;
}
