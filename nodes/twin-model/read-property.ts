import { isPropertyName, propertyHint } from "../../engine/contract/identity";
import { type PropertySpec, propertyTypes } from "../../engine/contract/model";
import { readTime } from "../../engine/ingest/read-time";
import { readerOf, SettingError } from "../lib/settings";

/** In the order in which their values must stand. */
const limits = ["min", "lsl", "target", "usl", "max"] as const;
const ofNumbers = ["tolerance", "offset", "gain", ...limits] as const;
const ofSensors = ["writable", "offset", "gain", "calibrationDue"] as const;

/** One row of the table of properties. Throws a {@link SettingError} that names the row's field. */
export function readProperty(raw: Record<string, unknown>, prefix: string): PropertySpec {
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
  for (const limit of limits) {
    const value = read.optionalNumber(limit);
    if (value !== undefined) spec[limit] = value;
  }
  const due = read.text("calibrationDue", "");
  if (due) {
    if (typeof readTime(due) !== "number")
      throw new SettingError(`${prefix}calibrationDue`, due, "use a date such as 2027-03-31.");
    spec.calibrationDue = due;
  }
  const expression = read.text("expression", "");
  if (expression) spec.expression = expression;
  check(spec, prefix);
  return spec;
}

const neutral: Partial<Record<keyof PropertySpec, unknown>> = { tolerance: 0, offset: 0, gain: 1, writable: false };

/** What does not go together. */
function check(spec: PropertySpec, prefix: string): void {
  const { name, type, expression } = spec;
  const isSet = (field: keyof PropertySpec) => spec[field] !== undefined && spec[field] !== neutral[field];
  const fail = (field: keyof PropertySpec, fix: string): never => {
    throw new SettingError(`${prefix}${field}`, spec[field], `${name}: ${fix}`);
  };
  if (type === "boolean" || type === "string")
    for (const field of ofNumbers) if (isSet(field)) fail(field, "it belongs to numbers; leave it empty.");
  if (expression !== undefined)
    for (const field of ofSensors) if (isSet(field)) fail(field, "a derived property has none; leave it empty.");
  if (type === "integer" && (isSet("offset") || isSet("gain")))
    fail("type", "calibrated values have fractions; use number.");
  if (spec.gain === 0) fail("gain", "every value would be the same; use another than 0.");
  let last: (typeof limits)[number] | undefined;
  for (const limit of limits) {
    const [low, high] = [last && spec[last], spec[limit]];
    if (high === undefined) continue;
    if (last && low !== undefined && low > high)
      fail(last, `it is above ${limit} (${high}); min <= lsl <= target <= usl <= max.`);
    last = limit;
  }
}
