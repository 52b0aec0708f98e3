import { readerOf, SettingError } from "../lib/settings";
import type { TwinEventName } from "../twin-store/store";

export const eventNames = ["change", "delta", "status", "ack"] as const satisfies readonly TwinEventName[];

export interface TwinWatchSettings {
  store: string;
  /** Twin id, or a pattern with `*`. */
  twin: string;
  /** Id of a twin-model node: only its twins. */
  model: string;
  /** In the order in which those of one change are told. */
  events: TwinEventName[];
  /** Whether what is done to trained models, and their drift, is told, too: of those whose name fits `twin`. */
  models: boolean;
  /** Send the present state first. */
  replay: boolean;
}

export function readTwinWatchSettings(def: Record<string, unknown>): TwinWatchSettings {
  const read = readerOf(def);
  const names = read.names("events");
  const events = names.map((name) => {
    const found = [...eventNames, "model"].find((event) => event === name);
    if (!found) throw new SettingError("events", name, `use ${eventNames.join(", ")}, model.`);
    return found;
  });
  const twin = read.text("twin", "*");
  if (!/^[A-Za-z0-9._:*-]{1,128}$/.test(twin))
    throw new SettingError("twin", twin, "use a twin's id, or a pattern such as press-*.");
  return {
    store: read.text("store", ""),
    twin,
    model: read.text("model", ""),
    events: eventNames.filter((name) => events.length === 0 || events.includes(name)),
    models: events.includes("model"),
    replay: read.flag("replay", false),
  };
}
