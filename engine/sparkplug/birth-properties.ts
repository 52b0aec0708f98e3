import { isPropertyName } from "../contract/identity";
import { dataTypes, typeName } from "./payload";
import type { Born } from "./read-metrics";

/** A property of a twin-model as the birth tells it: `engUnit`, `engLow` and `engHigh` are properties that gateways send with metrics. */
export interface BirthProperty {
  name: string;
  type: "number" | "integer" | "boolean" | "string";
  unit: string;
  min: string;
  max: string;
}

const integers: readonly string[] = [
  "Int8",
  "Int16",
  "Int32",
  "Int64",
  "UInt8",
  "UInt16",
  "UInt32",
  "UInt64",
  "DateTime",
];
const controls = /^(Node Control|Device Control)\/|^bdSeq$/;

/** The metrics of a birth that can be properties. */
export function birthProperties({ byName }: Born): BirthProperty[] {
  return [...byName.values()].flatMap(({ name, datatype, properties }) => {
    const type = typeOf(datatype);
    if (!type || controls.test(name) || !isPropertyName(name)) return [];
    const text = (key: string): string => (Object.hasOwn(properties, key) ? String(properties[key]) : "");
    const isNumber = type === "number" || type === "integer";
    const limit = (key: string): string =>
      isNumber && Number.isFinite(Number(text(key) || Number.NaN)) ? text(key) : "";
    const unit = isNumber ? text("engUnit") || (datatype === dataTypes.DateTime ? "ms" : "") : "";
    return [{ name, type, unit, min: limit("engLow"), max: limit("engHigh") }];
  });
}

function typeOf(datatype: number): BirthProperty["type"] | undefined {
  const name = typeName(datatype);
  if (integers.includes(name)) return "integer";
  if (name === "Float" || name === "Double") return "number";
  if (name === "Boolean") return "boolean";
  return name === "String" || name === "Text" || name === "UUID" ? "string" : undefined;
}
