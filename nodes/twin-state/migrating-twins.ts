import { setImmediate } from "node:timers/promises";
import type { Changes, TwinDocument } from "../../engine/contract/document";
import type { TwinModel } from "../../engine/contract/model";
import { migrate, versionOf } from "../../engine/twin/migrate";
import type { TwinCollection, TwinUpdate } from "../twin-store/store";

type Change = (current: TwinDocument | undefined) => TwinUpdate | undefined;

/**
 * The twins of a store, brought to the present version of the model when they are first touched: whoever changes one sees it as
 * migrated, and both go into the store as one change, or not at all. The rev that others see rises by one.
 */
export function migratingTwins(twins: TwinCollection, model: TwinModel | undefined): TwinCollection {
  if (!model) return twins;
  const migrating =
    (change: Change): Change =>
    (current) => {
      const now = Date.now();
      const step = current && migrate(current, model, now);
      if (!step) return change(current);
      const update = change({ ...step.document, rev: current.rev });
      if (!update) return { ...step, notify: true };
      const rev = Math.max(update.document.rev, step.document.rev);
      return {
        ...update,
        document: { ...update.document, rev, updatedAt: now },
        changed: joined(step.changed, update.changed),
        notify: true,
      };
    };
  return {
    ...twins,
    update: (id, change) => twins.update(id, migrating(change)),
    updateAll: (ids, change) =>
      twins.updateAll(ids, (index, current) => migrating((doc) => change(index, doc))(current)),
  };
}

function joined(first: Changes, second: Changes): Changes {
  const changed = { ...first };
  for (const [name, { before, after }] of Object.entries(second))
    changed[name] = { before: Object.hasOwn(first, name) ? first[name]?.before : before, after };
  return changed;
}

/** Brings every stored twin of the model to its version: many small updates, each whole. A start after a kill goes on with the rest. */
export async function migrateStored(twins: TwinCollection, model: TwinModel, isClosed: () => boolean): Promise<void> {
  if (!model.migrations?.length) return;
  let cursor: string | undefined;
  do {
    const page = await twins.list({ model: model.model }, cursor);
    if (isClosed()) return;
    await Promise.all(
      page.twins
        .filter((document) => versionOf(document) < model.version)
        .map(({ id }) => twins.update(id, () => undefined)),
    );
    cursor = page.cursor;
    await setImmediate();
  } while (cursor !== undefined && !isClosed());
}
