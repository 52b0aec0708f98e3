import { readerOf } from "../lib/settings";

export interface TwinPredictSettings {
  store: unknown;
  /** Name in the registry. */
  modelName: string;
  /** Alias or version. */
  use: string;
  /** What becomes of a row outside of what the model was trained with. */
  domain: "refuse" | "flag" | "ignore";
  /** Probability of the interval that is added, 0 to 1; 0: none. */
  interval: number;
  explain: boolean;
}

export function readTwinPredictSettings(def: Record<string, unknown>): TwinPredictSettings {
  const read = readerOf(def);
  return {
    store: def.store,
    modelName: read.text("modelName", ""),
    use: read.text("use", "champion"),
    domain: read.choice("domain", ["refuse", "flag", "ignore"] as const, "refuse"),
    interval: read.number("interval", 0, { min: 0, max: 0.9999 }),
    explain: read.flag("explain", false),
  };
}
