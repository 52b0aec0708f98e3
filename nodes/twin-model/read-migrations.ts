import { isPropertyName, propertyHint } from "../../engine/contract/identity";
import type { Migration, PropertySpec } from "../../engine/contract/model";
import { isObject } from "../lib/messages";
import { readerOf, SettingError } from "../lib/settings";

const keys = ["to", "rename", "scale", "remove"];

/**
 * The steps from one version to the next, in order: `{ to, rename: { old: new }, scale: { name: { gain, offset } }, remove: [] }`.
 * Throws a {@link SettingError} that names the step.
 */
export function readMigrations(
  list: unknown[],
  version: number,
  properties: ReadonlyMap<string, PropertySpec>,
): Migration[] {
  const steps = list.map((raw, index) => readStep(raw, `migrations[${index}]`, version));
  steps.sort((a, b) => a.to - b.to);
  for (const [index, step] of steps.entries()) {
    const later = steps.slice(index + 1);
    if (later[0]?.to === step.to)
      throw new SettingError("migrations", step.to, "the version stands twice; put both into one step.");
    for (const [old, name] of step.rename) {
      const goesOn = later.some(({ rename, remove }) => rename.has(name) || remove.includes(name));
      if (!goesOn && !isReported(properties.get(name)))
        throw new SettingError(
          `migrations (to ${step.to}): rename ${old}`,
          name,
          "it is no reported property of the model; check the spelling.",
        );
    }
  }
  return steps;
}

const isReported = (spec: PropertySpec | undefined): boolean => spec !== undefined && spec.expression === undefined;

function readStep(raw: unknown, field: string, version: number): Migration {
  if (!isObject(raw)) throw new SettingError(field, raw, "give { to, rename, scale, remove }.");
  const unknown = Object.keys(raw).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new SettingError(`${field}.${unknown}`, raw[unknown], `use ${keys.join(", ")}.`);
  const read = readerOf(raw, `${field}.`);
  if (!read.has("to")) throw new SettingError(`${field}.to`, raw.to, "say to which version it leads.");
  const to = read.number("to", 0, { integer: true, min: 2, max: version });
  const rename = new Map<string, string>();
  for (const [old, name] of entriesOf(raw.rename, `${field}.rename`)) {
    const target = nameOf(name, `${field}.rename.${old}`);
    if ([...rename.values()].includes(target))
      throw new SettingError(`${field}.rename.${old}`, target, "two properties cannot become one; remove the other.");
    rename.set(old, target);
  }
  const scale = new Map<string, { gain: number; offset: number }>();
  for (const [name, factors] of entriesOf(raw.scale, `${field}.scale`)) {
    if (!isObject(factors)) throw new SettingError(`${field}.scale.${name}`, factors, "give { gain, offset }.");
    const of = readerOf(factors, `${field}.scale.${name}.`);
    scale.set(name, { gain: of.number("gain", 1), offset: of.number("offset", 0) });
  }
  return { to, rename, scale, remove: read.names("remove").map((name) => nameOf(name, `${field}.remove`)) };
}

function entriesOf(raw: unknown, field: string): [string, unknown][] {
  if (raw === undefined || raw === null || raw === "") return [];
  if (!isObject(raw)) throw new SettingError(field, raw, "give an object by the names of properties.");
  return Object.entries(raw).map(([name, value]) => [nameOf(name, field), value]);
}

function nameOf(name: unknown, field: string): string {
  if (!isPropertyName(name)) throw new SettingError(field, name, propertyHint);
  return name;
}
