/** A path such as `motor.speed`, as the steps that lead there. */
export type Path = readonly string[];

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  // Not by prototype: a function node makes its objects in another realm.
  typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Object]";

/**
 * What stands at the end of a path, through own fields of objects and arrays only. A field whose name holds dots is found
 * as well: `motor.speed` names `{ "motor.speed": 1 }` as much as `{ motor: { speed: 1 } }`.
 */
export function lookUp(root: unknown, path: Path): unknown {
  let at: unknown = root;
  for (const [index, step] of path.entries()) {
    if (typeof at !== "object" || at === null) return undefined;
    if (Object.hasOwn(at, step)) {
      at = (at as Record<string, unknown>)[step];
      continue;
    }
    const rest = path.slice(index).join(".");
    return Object.hasOwn(at, rest) ? (at as Record<string, unknown>)[rest] : undefined;
  }
  return at;
}
