import { isPropertyName } from "../contract/identity";
import { dataTypes, isControl, kindOf, type ValueKind } from "./payload";
import type { Born } from "./read-metrics";

/** A property of a twin-model as the birth tells it: `engUnit`, `engLow` and `engHigh` are properties that gateways send with metrics. */
export interface BirthProperty {
  name: string;
  type: ValueKind;
  unit: string;
  min: string;
  max: string;
}

/** The metrics of a birth that can be properties. */
export function birthProperties({ byName }: Born): BirthProperty[] {
  return [...byName.values()].flatMap(({ name, datatype, properties }) => {
    const type = kindOf(datatype);
    if (!type || isControl(name) || !isPropertyName(name)) return [];
    const text = (key: string): string => (Object.hasOwn(properties, key) ? String(properties[key]) : "");
    const isNumber = type === "number" || type === "integer";
    const limit = (key: string): string =>
      isNumber && Number.isFinite(Number(text(key) || Number.NaN)) ? text(key) : "";
    const unit = isNumber ? text("engUnit") || (datatype === dataTypes.DateTime ? "ms" : "") : "";
    return [{ name, type, unit, min: limit("engLow"), max: limit("engHigh") }];
  });
}
