import { isPropertyName, propertyHint } from "../../engine/contract/identity";
import { type PropertySpec, propertyTypes, type TwinModel } from "../../engine/contract/model";
import { isObject } from "../lib/messages";
import { readerOf, SettingError } from "../lib/settings";

/** Stored definition to a checked model. */
export function readTwinModelSettings(def: Record<string, unknown>): TwinModel {
  const read = readerOf(def);
  const properties = new Map<string, PropertySpec>();
  for (const [index, raw] of read.list("properties").entries()) {
    const field = `properties[${index}]`;
    if (!isObject(raw)) throw new SettingError(field, raw, "give { name, type, unit, ... }.");
    const spec = readProperty(raw, `${field}.`);
    if (properties.has(spec.name))
      throw new SettingError(`${field}.name`, spec.name, "the name stands twice; keep one.");
    properties.set(spec.name, spec);
  }
  return {
    model: read.text("model", read.text("name", "model")),
    version: read.number("version", 1, { integer: true, min: 1 }),
    staleAfter: read.number("staleAfter", 0, { min: 0 }),
    unknown: read.choice("unknown", ["reject", "keep", "drop"], "reject"),
    properties,
  };
}

function readProperty(raw: Record<string, unknown>, prefix: string): PropertySpec {
  const read = readerOf(raw, prefix);
  const name = read.text("name", "");
  if (!isPropertyName(name)) throw new SettingError(`${prefix}name`, name, propertyHint);
  const spec: PropertySpec = {
    name,
    type: read.choice("type", propertyTypes, "number"),
    unit: read.text("unit", ""),
    writable: read.flag("writable", false),
    tolerance: read.number("tolerance", 0, { min: 0 }),
    class: read.choice("class", ["public", "internal", "confidential"], "internal"),
    label: read.text("label", name),
    offset: read.number("offset", 0),
    gain: read.number("gain", 1),
  };
  for (const limit of ["min", "max", "lsl", "target", "usl"] as const) {
    const value = read.optionalNumber(limit);
    if (value !== undefined) spec[limit] = value;
  }
  ascending(spec, "min", "max", prefix);
  ascending(spec, "lsl", "usl", prefix);
  const due = read.text("calibrationDue", "");
  if (due) {
    if (Number.isNaN(Date.parse(due)))
      throw new SettingError(`${prefix}calibrationDue`, due, "use a date such as 2027-03-31.");
    spec.calibrationDue = due;
  }
  return spec;
}

function ascending(spec: PropertySpec, low: "min" | "lsl", high: "max" | "usl", prefix: string): void {
  const [a, b] = [spec[low], spec[high]];
  if (a !== undefined && b !== undefined && a > b)
    throw new SettingError(`${prefix}${low}`, a, `it is above ${high} (${b}); swap them.`);
}
