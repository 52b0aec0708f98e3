import { readerOf } from "../../../nodes/lib/settings";

export interface TwinTemplateSettings {
  /** Property that is looked at. */
  property: string;
  /** Highest value that is let through. */
  limit: number;
}

export function readTwinTemplateSettings(def: Record<string, unknown>): TwinTemplateSettings {
  const read = readerOf(def);
  return { property: read.text("property", "value"), limit: read.number("limit", 100) };
}
