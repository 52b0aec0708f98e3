import { quote, type RefusalInfo, refuse } from "../contract/errors";
import type { IngestLimits } from "./limits";
import { isPlainObject } from "./path";

const forbidden = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Flattens nested objects with dots: `{ motor: { speed: 3 } }` is `{ "motor.speed": 3 }`. Fields named in `leaveOut` (in
 * flattened form) are left out. Arrays and other objects stay as they are: they are no values and the check of types
 * refuses them. The input is not changed; an object that is flat already is given back as it is.
 */
export function flatten(
  values: Record<string, unknown>,
  leaveOut: readonly string[],
  limits: IngestLimits,
): { flat: Record<string, unknown> } | { error: RefusalInfo } {
  const keys = Object.keys(values);
  if (keys.length > limits.maxKeys) return { error: tooMany(limits) };
  if (leaveOut.length === 0 && keys.every((key) => typeof values[key] !== "object" || values[key] === null))
    return { flat: values };

  const flat: Record<string, unknown> = {};
  let count = 0;
  let error: RefusalInfo | undefined;

  function put(name: string, value: unknown): void {
    if (leaveOut.includes(name)) return;
    if (Object.hasOwn(flat, name))
      error = refuse(
        "duplicate",
        `${quote(name)} stands twice, once with a dot in its name and once as a nested object.`,
        "Send it once.",
        { property: name },
      );
    else if (++count > limits.maxKeys) error = tooMany(limits);
    else flat[name] = value;
  }

  function walk(object: Record<string, unknown>, prefix: string, depth: number): void {
    for (const key of Object.keys(object)) {
      if (error) return;
      const name = prefix + key;
      const value = object[key];
      if (forbidden.has(key))
        // Here and not later: assigning `__proto__` would change the result's prototype.
        error = refuse("bad-name", `The property name ${quote(name)} cannot be used.`, "Choose another name.", {
          property: name,
        });
      else if (!isPlainObject(value)) put(name, value);
      else if (depth >= limits.maxDepth)
        error = refuse(
          "too-deep",
          `The payload is nested deeper than ${limits.maxDepth} levels.`,
          "Send flatter objects.",
        );
      else walk(value, `${name}.`, depth + 1);
    }
  }

  walk(values, "", 1);
  return error ? { error } : { flat };
}

const tooMany = ({ maxKeys }: IngestLimits): RefusalInfo =>
  refuse("too-large", `A sample has more than ${maxKeys} properties.`, "Split it over several twins or messages.");
