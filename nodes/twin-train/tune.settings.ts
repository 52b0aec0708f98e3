import { Refusal } from "../../engine/contract/errors";
import { type TrainOptions, type Tunable, tunables } from "../../engine/learning/options";
import { checkTune, type Tune, type TuneValue } from "../../engine/learning/tune-candidates";
import { readerOf, SettingError, type SettingsReader } from "../lib/settings";

/** How each setting that can be tuned is read, alone or as a value of `tune`. */
export type TunableReaders = Record<Tunable, (read: SettingsReader) => TuneValue>;

const mostValues = 100;
const ranged: readonly Tunable[] = ["degree", "alpha", "trees", "maxDepth", "minLeaf", "maxFeatures"];

/** The list `tune`: each entry `{ setting, values }` or `{ setting, min, max, log }`. */
export function readTune(read: SettingsReader, readers: TunableReaders): Tune[] {
  const seen = new Set<Tunable>();
  return read.list("tune").map((entry, i) => {
    const where = `tune[${i}]`;
    if (typeof entry !== "object" || entry === null)
      throw new SettingError(where, entry, 'use an object such as { "setting": "maxDepth", "values": [4, 8, 0] }.');
    const of = readerOf(entry as Record<string, unknown>, `${where}.`);
    const setting = of.text("setting", "") as Tunable;
    if (!tunables.includes(setting))
      throw new SettingError(`${where}.setting`, setting, `use one of ${tunables.join(", ")}.`);
    if (seen.has(setting)) throw new SettingError(`${where}.setting`, setting, "list each setting once.");
    seen.add(setting);
    return { setting, ...(of.has("values") ? readValues(of, where, setting, readers) : readRange(of, where, setting)) };
  });
}

/** Refuses a search that cannot be done, in the words of the settings. */
export function checkSearch(options: TrainOptions): void {
  if (options.tune.length === 0) return;
  try {
    checkTune(options);
  } catch (error) {
    if (error instanceof Refusal)
      throw new SettingError("tune", options.tune, `${error.info.message} ${error.info.hint}`);
    throw error;
  }
}

function readValues(
  of: SettingsReader,
  where: string,
  setting: Tunable,
  readers: TunableReaders,
): { values: TuneValue[] } {
  const given = of.list("values");
  if (given.length === 0 || given.length > mostValues)
    throw new SettingError(`${where}.values`, given, `list 1 to ${mostValues} values.`);
  const values = given.map((value) => {
    const trimmed = typeof value === "string" ? value.trim() : value;
    if (trimmed === "" || trimmed === null)
      throw new SettingError(`${where}.values`, value, "leave no blank between the commas.");
    return readers[setting](readerOf({ [setting]: trimmed }, `${where}.values: `));
  });
  return { values: [...new Set(values)] };
}

function readRange(of: SettingsReader, where: string, setting: Tunable): { min: number; max: number; log?: boolean } {
  if (!ranged.includes(setting))
    throw new SettingError(`${where}.values`, undefined, `list the values of ${setting} to try.`);
  const [least, most] = limitsOf(setting);
  const integer = setting !== "alpha" && setting !== "maxFeatures";
  if (!of.has("min") || !of.has("max"))
    throw new SettingError(`${where}.values`, undefined, "list values, or give min and max.");
  const min = of.number("min", 0, { integer, min: least, max: most });
  const max = of.number("max", 0, { integer, min: least, max: most });
  const log = of.flag("log", false);
  if (min >= max) throw new SettingError(`${where}.max`, max, `use more than the min of ${min}.`);
  if (log && min <= 0) throw new SettingError(`${where}.min`, min, "use more than 0 where log is true.");
  if (setting === "maxFeatures" && min < 1 && max >= 1)
    throw new SettingError(`${where}.max`, max, "use a share below 1, as min is one, or counts for both.");
  return { min, max, ...(log ? { log } : {}) };
}

function limitsOf(setting: Tunable): [number, number] {
  if (setting === "degree") return [1, 10];
  if (setting === "trees") return [1, 10_000];
  if (setting === "alpha") return [0, 1e300];
  if (setting === "maxFeatures") return [0.0001, 30_000];
  return [setting === "minLeaf" || setting === "maxDepth" ? 1 : 0, 1e9];
}
