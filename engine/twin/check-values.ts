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
  /**
   * Numbers come from the sensor and are calibrated as the model says, but for the properties named here: they were already.
   * Who gets values from `twin-ingest` must not calibrate them again. @default no calibration
   */
  calibrateAllBut?: Readonly<Record<string, unknown>>;
}

/**
 * Checks the values of one sample: names, scalar types, finite numbers, and with a model its types, ranges and unknown
 * properties. The first fault refuses the sample as a whole. `raw` holds what was calibrated, as it was before. The input is
 * not changed.
 */
export function checkValues(
  model: TwinModel | undefined,
  values: Record<string, unknown>,
  { fromText = false, calibrateAllBut }: CheckOptions = {},
): { values: Values; raw?: Values } | { error: RefusalInfo } {
  const checked: Values = {};
  let raw: Values | undefined;
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
    if (spec?.expression !== undefined) return { error: isDerived(spec) };
    let result = spec ? checkType(spec, values[name], fromText) : checkFree(name, values[name], fromText);
    if (spec && typeof result === "number") {
      if (calibrateAllBut && isCalibrated(spec) && !Object.hasOwn(calibrateAllBut, name)) {
        raw ??= {};
        raw[name] = result;
        result = checkRange(spec, result * spec.gain + spec.offset, result);
      } else result = checkRange(spec, result);
    }
    if (typeof result === "object" && result !== null) return { error: result };
    checked[name] = result;
  }
  return raw ? { values: checked, raw } : { values: checked };
}

export const isCalibrated = ({ gain, offset }: PropertySpec): boolean => gain !== 1 || offset !== 0;

/** One value against the type of one property of a model; `null` (no reading) fits every type. */
function checkType(spec: PropertySpec, value: unknown, fromText: boolean): Scalar | RefusalInfo {
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
      return spec.type === "integer" && !Number.isInteger(given) ? wrongType(spec.name, value, expected) : given;
    }
  }
}

/** One number against the physical range of its property. @param raw what the sensor said, where the number is calibrated */
export function checkRange(spec: PropertySpec, given: number, raw?: number): number | RefusalInfo {
  const low = spec.min !== undefined && given < spec.min;
  const high = spec.max !== undefined && given > spec.max;
  // Calibration can leave what a number can be.
  if (!low && !high && Number.isFinite(given)) return given;
  const unit = spec.unit ? ` ${spec.unit}` : "";
  const limit = low ? `below ${spec.min}${unit}` : high ? `above ${spec.max}${unit}` : "no number";
  const sensor = raw === undefined ? "" : ` (the sensor says ${raw})`;
  return refuse(
    "out-of-range",
    `${spec.name} is ${given}${unit}${sensor}, ${limit}.`,
    "Check the sensor, or widen the range in the twin-model.",
    { property: spec.name },
  );
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

const isDerived = ({ name, expression }: PropertySpec): RefusalInfo =>
  refuse(
    "read-only",
    `${name} is derived by the model from ${quote(expression)}.`,
    "It cannot be reported or desired: leave it out, or give it another name.",
    { property: name },
  );

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
