import type { DerivedProperty, PropertySpec } from "../contract/model";
import { compileExpression } from "../expression/compile-expression";

/** What is wrong with an expression of a model: of which property, and how to mend it. */
export interface DerivedProblem {
  property: string;
  message: string;
  hint: string;
}

/**
 * Compiles the expressions of a model and puts the derived properties in an order in which each comes after those it reads.
 * Refuses texts that are no expression, unknown names, wrong types, expressions of nothing, and cycles, by name.
 */
export function planDerived(
  properties: ReadonlyMap<string, PropertySpec>,
): { derived: DerivedProperty[] } | { error: DerivedProblem } {
  const compiled = new Map<string, DerivedProperty>();
  for (const spec of properties.values()) {
    if (spec.expression === undefined) continue;
    const expression = compileExpression(spec.expression, { properties, expects: spec.type });
    const problem = "error" in expression ? expression.error : undefined;
    if ("error" in expression || expression.names.length === 0)
      return {
        error: {
          property: spec.name,
          message: problem?.message ?? "It reads no property.",
          hint: problem?.hint ?? "Name at least one, such as motor.speed / 60.",
        },
      };
    compiled.set(spec.name, { spec, expression });
  }

  const derived: DerivedProperty[] = [];
  const done = new Set<string>();
  /** The way to the property that is looked at: a name that comes again closes a circle. */
  const path: string[] = [];
  function visit(name: string): string[] | undefined {
    const property = compiled.get(name);
    if (!property || done.has(name)) return undefined;
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    path.push(name);
    for (const input of property.expression.names) {
      const circle = visit(input);
      if (circle) return circle;
    }
    path.pop();
    done.add(name);
    derived.push(property);
    return undefined;
  }
  for (const name of compiled.keys()) {
    const circle = visit(name);
    if (circle)
      return {
        error: {
          property: name,
          message: `It depends on itself: ${circle.join(" needs ")}.`,
          hint: "Take one of these names out of the others' expressions.",
        },
      };
  }
  return { derived };
}
