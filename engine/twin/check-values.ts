import { quote, type RefusalInfo, refuse } from "../contract/errors";
import { isPropertyName, propertyHint } from "../contract/identity";
import { isMissing, type Scalar, toNumber, type Values } from "../contract/messages";
import type { PropertySpec, TwinModel } from "../contract/model";

export interface CheckOptions {
  /**
   * Values come from a text format (CSV): numbers and booleans stand as text and are converted, blanks are no reading.
   * @default false
   */
  fromText?: boolean;
}

/**
 * Checks the values of one sample: names, scalar types, finite numbers, and with a model its types, ranges and unknown
 * properties. The first fault refuses the sample as a whole. The input is not changed.
 */
export function checkValues(
  model: TwinModel | undefined,
  values: Record<string, unknown>,
  { fromText = false }: CheckOptions = {},
): { values: Values } | { error: RefusalInfo } {
  const checked: Values = {};
  for (const name of Object.keys(values)) {
    // Assigning `__proto__` would change the result's prototype: names are checked first.
    if (!isPropertyName(name))
      return {
        error: refuse("bad-name", `The property name ${quote(name)} cannot be used.`, propertyHint, { property: name }),
      };
    const spec = model?.properties.get(name);
    if (model && !spec) {
      if (model.unknown === "drop") continue;
      if (model.unknown === "reject") return { error: unknownProperty(model, name) };
    }
    const result = spec ? checkSpec(spec, values[name], fromText) : checkFree(name, values[name], fromText);
    if (typeof result === "object" && result !== null) return { error: result };
    checked[name] = result;
  }
  return { values: checked };
}

/** One value against one property of a model; `null` (no reading) fits every type. */
export function checkSpec(spec: PropertySpec, value: unknown, fromText = false): Scalar | RefusalInfo {
  const given = fromText ? fromTextAs(spec.type, value) : value;
  if (given === null) return null;
  const expected = typeNames[spec.type];
  switch (spec.type) {
    case "boolean":
      return typeof given === "boolean" ? given : wrongType(spec.name, value, expected);
    case "string":
      return typeof given === "string" ? given : wrongType(spec.name, value, expected);
    default: {
      if (typeof given !== "number" || !Number.isFinite(given)) return wrongType(spec.name, value, expected);
      if (spec.type === "integer" && !Number.isInteger(given)) return wrongType(spec.name, value, expected);
      const low = spec.min !== undefined && given < spec.min;
      if (!low && !(spec.max !== undefined && given > spec.max)) return given;
      const unit = spec.unit ? ` ${spec.unit}` : "";
      return refuse(
        "out-of-range",
        low
          ? `${spec.name} is ${given}${unit}, below ${spec.min}${unit}.`
          : `${spec.name} is ${given}${unit}, above ${spec.max}${unit}.`,
        "Check the sensor, or widen the range in the twin-model.",
        { property: spec.name },
      );
    }
  }
}

const typeNames = {
  number: "a finite number",
  integer: "a whole number",
  boolean: "true or false",
  string: "text",
} as const;

function checkFree(name: string, value: unknown, fromText: boolean): Scalar | RefusalInfo {
  if (value === null || value === undefined) return null;
  if (fromText && typeof value === "string") {
    if (isMissing(value)) return null;
    const number = toNumber(value);
    return Number.isNaN(number) ? value : number;
  }
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return wrongType(name, value, "a finite number, text, true, false or null");
}

function fromTextAs(type: PropertySpec["type"], value: unknown): unknown {
  if (isMissing(value)) return null;
  if (typeof value !== "string") return value;
  if (type === "string") return value;
  if (type === "boolean") {
    const text = value.trim().toLowerCase();
    if (text === "true" || text === "1") return true;
    return text === "false" || text === "0" ? false : value;
  }
  const number = toNumber(value);
  return Number.isNaN(number) ? value : number;
}

function wrongType(property: string, value: unknown, expected: string): RefusalInfo {
  const given =
    typeof value === "number" || typeof value === "object" ? quote(value) : `${quote(value)} (${typeof value})`;
  return refuse(
    "wrong-type",
    `${property} is ${given}, but must be ${expected}.`,
    "Send the value in that type, or convert it with twin-clean.",
    {
      property,
    },
  );
}

function unknownProperty(model: TwinModel, name: string): RefusalInfo {
  const known = [...model.properties.keys()];
  const list = known.slice(0, 12).join(", ") + (known.length > 12 ? ", …" : "");
  return refuse(
    "unknown-property",
    `${quote(name)} is not a property of the model ${model.model}.`,
    `It knows ${list || "no property"}. Add the property to the twin-model, or set its "unknown" to keep or drop.`,
    { property: name },
  );
}
