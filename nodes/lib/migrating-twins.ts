import { setImmediate } from "node:timers/promises";
import type { Changes, TwinDocument } from "../../engine/contract/document";
import type { TwinModel } from "../../engine/contract/model";
import { applyPatch, type DocumentPatch } from "../../engine/twin/document-patch";
import { joinChanges } from "../../engine/twin/join-changes";
import { migrate, versionOf } from "../../engine/twin/migrate";

type Update = { changed: Changes; notify: boolean } & (
  | { document: TwinDocument; patch?: undefined }
  | { document?: undefined; patch: DocumentPatch }
);
type Change = (current: TwinDocument | undefined) => Update | undefined;

/** The part of a `twin-store` that is used here. */
interface Twins {
  update(id: string, change: Change): Promise<TwinDocument | undefined>;
  updateAll(
    ids: readonly string[],
    change: (index: number, current: TwinDocument | undefined) => Update | undefined,
  ): Promise<void>;
}
interface ListedTwins extends Twins {
  list(filter: { model: string }, cursor: string | undefined): Promise<{ twins: TwinDocument[]; cursor?: string }>;
}

/**
 * The twins of a store, brought to the present version of the model when they are first touched: whoever changes one sees it as
 * migrated, and both go into the store as one change, or not at all. The rev that others see rises by one. Every node that
 * writes to twins with a model goes through this: what is desired in the new unit must not be scaled later.
 */
export function migratingTwins<T extends Twins>(twins: T, model: TwinModel | undefined): T {
  if (!model) return twins;
  const migrating =
    (change: Change): Change =>
    (current) => {
      const now = Date.now();
      const step = current && migrate(current, model, now);
      if (!step) return change(current);
      const migrated = { ...step.document, rev: current.rev };
      const update = change(migrated);
      if (!update) return { ...step, notify: true };
      const { patch, ...notes } = update;
      const document = patch ? applyPatch(migrated, patch) : update.document;
      const rev = Math.max(document.rev, step.document.rev);
      return {
        ...notes,
        document: { ...document, rev, updatedAt: now },
        changed: joinChanges(step.changed, update.changed),
        notify: true,
      };
    };
  const through: Twins = {
    update: (id, change) => twins.update(id, migrating(change)),
    updateAll: (ids, change) =>
      twins.updateAll(ids, (index, current) => migrating((doc) => change(index, doc))(current)),
  };
  return { ...twins, ...through };
}

/** Brings every stored twin of the model to its version: many small updates, each whole. A start after a kill goes on with the rest. */
export async function migrateStored(twins: ListedTwins, model: TwinModel, isClosed: () => boolean): Promise<void> {
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
