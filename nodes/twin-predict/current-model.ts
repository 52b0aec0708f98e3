import { quote, Refusal, refuse } from "../../engine/contract/errors";
import type { Model } from "../../engine/learning/model";
import { type Predictor, predictorOf } from "../../engine/learning/predictor";
import type { DriftNote, ModelRegistry, ModelVersion } from "../twin-store/store";

export interface Loaded {
  predictor: Predictor;
  version: number;
  report: Record<string, unknown>;
  /** What was told to drift when it was loaded. */
  drift: readonly DriftNote[];
}

/** The model that an alias or a version stands for, kept ready and renewed when the registry says that it moved. */
export interface CurrentModel {
  /** The model when it is ready and still the right one. */
  ready(): Loaded | undefined;
  /**
   * The right model. Refuses with `no-model` when there is none. Where the right one cannot be read, the one before it goes on;
   * without one before it, throws what is wrong.
   */
  load(): Promise<Loaded>;
  /** Why the one before goes on, if it does. */
  readonly problem: string | undefined;
  stop(): void;
}

/** @param onMove called after the alias moved, or the first version came */
export function currentModel(models: ModelRegistry, name: string, use: string, onMove: () => void): CurrentModel {
  let loaded: Loaded | undefined;
  let problem: string | undefined;
  let isStale = true;
  // Each move counts: a load that began before one must not pass for the load after it.
  let moves = 0;

  const stop = models.watch((change) => {
    if (change.name !== name || (change.alias ?? String(change.version)) !== use) return;
    moves++;
    isStale = true;
    onMove();
  });

  async function renewed(): Promise<Loaded> {
    const found = await models.get(name, use);
    if (!found) throw noModel(await models.list(name), name, use);
    if (found.retired) throw retired(name, found.version);
    return found.version === loaded?.version ? loaded : loadedOf(found);
  }

  async function load(): Promise<Loaded> {
    for (;;) {
      if (loaded && !isStale) return loaded;
      const before = moves;
      try {
        loaded = await renewed();
        problem = undefined;
      } catch (error) {
        if (!loaded || (error instanceof Refusal && error.code === "no-model")) throw error;
        problem = error instanceof Error ? error.message : String(error);
      }
      isStale = moves !== before;
    }
  }
  return {
    ready: () => (isStale ? undefined : loaded),
    load,
    stop,
    get problem() {
      return problem;
    },
  };
}

const loadedOf = ({ model, version, report, drift = [] }: ModelVersion): Loaded => ({
  predictor: predictorOf(JSON.parse(model) as Model),
  version,
  report,
  drift,
});

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
