import type { Scalar } from "../contract/messages";
import type { PropertyType } from "../contract/model";
import { compileNode } from "./compile-node";
import { ExpressionError, type ExpressionProblem } from "./expression-error";
import { parseExpression } from "./parse-expression";
import { type Kind, type Lookup, type Tell, type Value, wordFor } from "./value";

export interface ExpressionOptions {
  /** The properties there are: another name is an error, and types are checked beforehand. @default any name, any type */
  properties?: ReadonlyMap<string, { type: PropertyType }>;
  /** The type that the result must have: at run time another one is unknown. @default any */
  expects?: PropertyType;
}

/** A compiled expression: a pure function of the values it names. */
export interface CompiledExpression {
  /** The properties it reads, in order of appearance. */
  names: readonly string[];
  /**
   * The result, or undefined: it is unknown, because a value is, or has another type, or because the result is no finite
   * number. Never null, NaN or infinite; never throws unless `lookup` does.
   *
   * @param tell hears what makes the result unknown (also of parts that did not matter in the end)
   */
  evaluate(lookup: Lookup, tell?: Tell): Value | undefined;
}

/**
 * Compiles an expression such as `motor.speed > 80 and not guard.open`. For a condition (an interlock, an alarm) ask for
 * `expects: "boolean"` and go by `evaluate(...) === true`: unknown is not true.
 *
 * The language: docs/expressions.md.
 */
export function compileExpression(
  text: string,
  { properties, expects }: ExpressionOptions = {},
): CompiledExpression | { error: ExpressionProblem } {
  try {
    const names = new Set<string>();
    const { kind, run } = compileNode(parseExpression(text), { names, properties });
    const wanted: Kind = expects === undefined ? "any" : expects === "integer" ? "number" : expects;
    if (wanted !== "any" && kind !== "any" && kind !== wanted)
      throw new ExpressionError(
        0,
        `the result is ${wordFor(kind)}, but must be ${wordFor(wanted)}.`,
        wanted === "boolean" ? "Compare it, such as a > 0." : "Choose another expression or another type.",
      );
    return {
      names: [...names],
      evaluate(lookup, tell = ignore) {
        const value = run(lookup, tell);
        if (value === undefined || wanted === "any" || typeof value === wanted) {
          if (expects !== "integer" || value === undefined || Number.isInteger(value)) return value;
          tell(`The result ${value} is no whole number.`);
          return undefined;
        }
        tell(`The result is ${wordFor(typeof value as Kind)}, but must be ${wordFor(wanted)}.`);
        return undefined;
      },
    };
  } catch (error) {
    if (error instanceof ExpressionError) return { error: error.problem };
    throw error;
  }
}

const ignore: Tell = () => undefined;

/** Reads names from a flat map; what is not its own does not exist. */
export const lookupIn =
  (values: Record<string, Scalar>): Lookup =>
  (name) =>
    Object.hasOwn(values, name) ? values[name] : undefined;
