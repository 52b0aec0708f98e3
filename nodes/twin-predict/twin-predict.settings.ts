import { type DriftOptions, driftDefaults } from "../../engine/learning/drift/drift-watch";
import { readerOf, SettingError } from "../lib/settings";

export interface TwinPredictSettings {
  store: unknown;
  /** Id of a twin-model node: what its properties are in. */
  model: unknown;
  /** Name in the registry. */
  modelName: string;
  /** Alias or version. */
  use: string;
  /** What becomes of a row outside of what the model was trained with. */
  domain: "refuse" | "flag" | "ignore";
  /** Probability of the interval that is added, 0 to 1; 0: none. */
  interval: number;
  explain: boolean;
  /** How drift is watched. Undefined: it is not. */
  drift: DriftOptions | undefined;
}

export function readTwinPredictSettings(def: Record<string, unknown>): TwinPredictSettings {
  const read = readerOf(def);
  return {
    store: def.store,
    model: def.model,
    modelName: read.text("modelName", ""),
    use: read.text("use", "champion"),
    domain: read.choice("domain", ["refuse", "flag", "ignore"] as const, "refuse"),
    interval: read.number("interval", 0, { min: 0, max: 0.9999 }),
    explain: read.flag("explain", false),
    drift: read.flag("drift", true) ? readDrift(def) : undefined,
  };
}

function readDrift(def: Record<string, unknown>): DriftOptions {
  const read = readerOf(def);
  const limit = read.number("driftLimit", driftDefaults.limit, { min: 0.01, max: 100 });
  const calm = read.number("driftCalm", Math.min(driftDefaults.calm, limit), { min: 0.001, max: 100 });
  if (calm > limit) throw new SettingError("driftCalm", calm, `use no more than driftLimit, ${limit}.`);
  return {
    window: read.number("driftWindow", driftDefaults.window, { integer: true, min: 100, max: 1_000_000 }),
    limit,
    calm,
    error: read.number("driftError", driftDefaults.error, { min: 1.01, max: 1000 }),
  };
}
