import { quote, Refusal, refuse } from "../../engine/contract/errors";
import { isObject } from "../lib/messages";
import { readOverridden } from "../lib/settings";
import { readTwinStatsSettings, statsKeys, type TwinStatsSettings } from "./twin-stats.settings";

const keys: readonly string[] = statsKeys;

/**
 * The node's settings with those of `msg.stats` over them; blank ones leave the setting.
 *
 * @param def the stored definition
 * @param stored what was read from it
 */
export function settingsOf(def: Record<string, unknown>, stored: TwinStatsSettings, stats: unknown): TwinStatsSettings {
  if (stats === undefined || stats === null || stats === "") return stored;
  if (!isObject(stats))
    throw new Refusal(refuse("bad-request", `msg.stats is ${quote(stats)}.`, `Use an object of ${keys.join(", ")}.`));
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(stats)) {
    if (!keys.includes(key))
      throw new Refusal(
        refuse("bad-request", `msg.stats.${key.slice(0, 60)} is not a key.`, `Use ${keys.join(", ")}, or cancel.`),
      );
    if (value !== undefined && value !== null && value !== "") given[key] = value;
  }
  return readOverridden(
    "msg.stats",
    () => readTwinStatsSettings({ ...def, ...given }),
    `Use an object of ${keys.join(", ")}.`,
  );
}
