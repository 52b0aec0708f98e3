import { quote, Refusal, refuse } from "../../engine/contract/errors";
import type { Model } from "../../engine/learning/model";
import { type Predictor, predictorOf } from "../../engine/learning/predictor";
import type { ModelRegistry } from "../twin-store/store";

export interface Loaded {
  predictor: Predictor;
  version: number;
}

/** The model that an alias or a version stands for, kept ready and renewed when the registry says that it moved. */
export interface CurrentModel {
  /** The model when it is ready and still the right one. */
  ready(): Loaded | undefined;
  /** The right model. Refuses with `no-model` when there is none. */
  load(): Promise<Loaded>;
  stop(): void;
}

/** @param onMove called after the alias moved, or the first version came */
export function currentModel(models: ModelRegistry, name: string, use: string, onMove: () => void): CurrentModel {
  let loaded: Loaded | undefined;
  let isStale = true;
  // Each move counts: a load that began before one must not pass for the load after it.
  let moves = 0;

  const stop = models.watch((change) => {
    if (change.name !== name || (change.alias ?? String(change.version)) !== use) return;
    moves++;
    isStale = true;
    onMove();
  });

  async function load(): Promise<Loaded> {
    for (;;) {
      if (loaded && !isStale) return loaded;
      const before = moves;
      const found = await models.get(name, use);
      if (!found) throw noModel(await models.list(name), name, use);
      if (found.retired) throw retired(name, found.version);
      if (found.version !== loaded?.version)
        loaded = { predictor: predictorOf(JSON.parse(found.model) as Model), version: found.version };
      isStale = moves !== before;
    }
  }
  return { ready: () => (isStale ? undefined : loaded), load, stop };
}

const retired = (name: string, version: number): Refusal =>
  new Refusal(
    refuse(
      "no-model",
      `Version ${version} of the model ${quote(name)} is retired.`,
      "Use another version, or an alias.",
    ),
  );

function noModel(versions: { version: number }[], name: string, use: string): Refusal {
  const newest = versions[0]?.version;
  return new Refusal(
    newest === undefined
      ? refuse(
          "no-model",
          `There is no model ${quote(name)} in the store.`,
          "Train one with twin-train under this modelName and in the same store.",
        )
      : refuse(
          "no-model",
          `The model ${quote(name)} has ${versions.length === 1 ? "1 version" : `${versions.length} versions`}, but none is ${quote(use)}.`,
          `Promote one (twin-train: promote always or if-better), or use a version, such as ${newest}.`,
        ),
  );
}
