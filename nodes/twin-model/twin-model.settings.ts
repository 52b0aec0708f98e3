import type { PropertySpec, TwinModel } from "../../engine/contract/model";
import { planDerived } from "../../engine/twin/plan-derived";
import { isObject } from "../lib/messages";
import { readerOf, SettingError } from "../lib/settings";
import { readMigrations } from "./read-migrations";
import { readProperty } from "./read-property";

/** As many as a sample may have. */
export const maxProperties = 2000;
const maxMigrations = 100;

/** Stored definition to a checked model. */
export function readTwinModelSettings(def: Record<string, unknown>): TwinModel {
  const read = readerOf(def);
  const properties = new Map<string, PropertySpec>();
  const rows = bounded(read.list("properties"), "properties", maxProperties);
  for (const [index, raw] of rows.entries()) {
    const field = `properties[${index}]`;
    if (!isObject(raw)) throw new SettingError(field, raw, "give { name, type, unit, ... }.");
    const spec = readProperty(raw, `${field}.`);
    if (properties.has(spec.name))
      throw new SettingError(`${field}.name`, spec.name, "the name stands twice; keep one.");
    properties.set(spec.name, spec);
  }
  const plan = planDerived(properties);
  if ("error" in plan) {
    const { property, message, hint } = plan.error;
    const field = `properties[${[...properties.keys()].indexOf(property)}].expression`;
    throw new SettingError(field, properties.get(property)?.expression, `${property}: ${message} ${hint}`);
  }
  const version = read.number("version", 1, { integer: true, min: 1 });
  return {
    model: read.text("model", read.text("name", "model")),
    version,
    staleAfter: read.number("staleAfter", 0, { min: 0 }),
    unknown: read.choice("unknown", ["reject", "keep", "drop"], "reject"),
    properties,
    derived: plan.derived,
    migrations: readMigrations(bounded(read.list("migrations"), "migrations", maxMigrations), version, properties),
  };
}

function bounded(list: unknown[], field: string, max: number): unknown[] {
  if (list.length > max) throw new SettingError(field, list, `use ${max} or fewer.`);
  return list;
}
