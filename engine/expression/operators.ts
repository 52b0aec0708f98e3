import { quote } from "../contract/errors";
import { ExpressionError } from "./expression-error";
import { type Kind, type Run, type Tell, type Value, wordFor } from "./value";

/** A part of an expression: what it is worth, of which type as far as that is known, and where it stands (from 0). */
export interface Compiled {
  kind: Kind;
  run: Run;
  at: number;
}

type TypeOf<K extends Kind> = K extends "number" ? number : K extends "boolean" ? boolean : Value;
type Typed<K extends Kind> = (...given: Parameters<Run>) => TypeOf<K> | undefined;

/** The part as one of that type: an error when it surely is not, unknown where it turns out not to be. */
function as<K extends "number" | "boolean">(kind: K, { kind: given, run, at }: Compiled, where: string): Typed<K> {
  if (given === kind) return run as Typed<K>;
  const what = (found: Kind) => `${where} is ${wordFor(found)}, but must be ${wordFor(kind)}.`;
  if (given !== "any")
    throw new ExpressionError(at, what(given), kind === "boolean" ? "Compare it, such as a > 0." : "Use a number.");
  return (lookup, tell) => {
    const value = run(lookup, tell);
    if (value === undefined || typeof value === kind) return value as TypeOf<K> | undefined;
    tell(`Character ${at + 1}: ${what(typeof value as Kind)}`);
    return undefined;
  };
}

/** Only a finite number is a value. Adding 0 turns -0 into 0: JSON knows no -0. */
function finite(value: number, at: number, what: string, tell: Tell): number | undefined {
  if (Number.isFinite(value)) return value + 0;
  tell(`Character ${at + 1}: ${what} gives no finite number.`);
  return undefined;
}

export const constant = (value: Value, at: number): Compiled => ({
  kind: typeof value as Kind,
  run: () => value,
  at,
});

/** @param kind its type in the model: a value of another one does not count */
export function readName(name: string, at: number, kind: Kind): Compiled {
  return {
    kind,
    at,
    run(lookup, tell) {
      const value = lookup(name);
      if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) {
        tell(`${name} is not known.`);
        return undefined;
      }
      const found = typeof value as Kind;
      // JSON knows no -0: a value read from a file is the same as before it was written.
      if (found === kind || (kind === "any" && Object.hasOwn(isValue, found))) return value === 0 ? 0 : value;
      tell(`${name} is ${quote(value)}, but must be ${wordFor(kind)}.`);
      return undefined;
    },
  };
}

const isValue = { number: true, string: true, boolean: true };

export function negate(operator: string, part: Compiled): Compiled {
  const number = as("number", part, `what stands after ${operator}`);
  if (operator === "+") return { ...part, kind: "number", run: number };
  return {
    kind: "number",
    at: part.at,
    run(lookup, tell) {
      const value = number(lookup, tell);
      return value === undefined ? undefined : 0 - value;
    },
  };
}

const arithmetic: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};

export function calculate(operator: string, left: Compiled, right: Compiled): Compiled {
  const work = Object.hasOwn(arithmetic, operator) ? arithmetic[operator] : undefined;
  if (!work) throw new ExpressionError(left.at, `the operator ${operator} cannot be used.`, "Use + - * / % **.");
  return pair(operator, "number", left, right, (a, b, tell) => finite(work(a, b), left.at, `a ${operator} b`, tell));
}

const order: Record<string, (a: number, b: number) => boolean> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

export function compare(operator: string, left: Compiled, right: Compiled): Compiled {
  const holds = Object.hasOwn(order, operator) ? order[operator] : undefined;
  if (!holds) throw new ExpressionError(left.at, `the operator ${operator} cannot be used.`, "Use < <= > >=.");
  return pair(operator, "boolean", left, right, holds);
}

function pair<K extends Kind>(
  operator: string,
  kind: K,
  left: Compiled,
  right: Compiled,
  work: (a: number, b: number, tell: Tell) => TypeOf<K> | undefined,
): Compiled {
  const first = as("number", left, `what stands before ${operator}`);
  const second = as("number", right, `what stands after ${operator}`);
  return {
    kind,
    at: left.at,
    run(lookup, tell) {
      const a = first(lookup, tell);
      const b = second(lookup, tell);
      return a === undefined || b === undefined ? undefined : work(a, b, tell);
    },
  };
}

/** Equal are values of one type; comparing different types is a mistake, not false. */
export function equate(equal: boolean, left: Compiled, right: Compiled): Compiled {
  sameKind(left, right, "the two sides of the comparison are");
  return {
    kind: "boolean",
    at: left.at,
    run(lookup, tell) {
      const a = left.run(lookup, tell);
      const b = right.run(lookup, tell);
      if (a === undefined || b === undefined) return undefined;
      if (typeof a === typeof b) return (a === b) === equal;
      tell(`Character ${right.at + 1}: ${wordFor(typeof a as Kind)} is compared with ${wordFor(typeof b as Kind)}.`);
      return undefined;
    },
  };
}

export function not(part: Compiled): Compiled {
  const test = as("boolean", part, "what stands after not");
  return {
    kind: "boolean",
    at: part.at,
    run(lookup, tell) {
      const value = test(lookup, tell);
      return value === undefined ? undefined : !value;
    },
  };
}

/** Kleene's logic: `false and unknown` is false, `true or unknown` is true, whichever side comes first. */
export function chain(isAnd: boolean, left: Compiled, right: Compiled): Compiled {
  const operator = isAnd ? "and" : "or";
  const first = as("boolean", left, `what stands before ${operator}`);
  const second = as("boolean", right, `what stands after ${operator}`);
  return {
    kind: "boolean",
    at: left.at,
    run(lookup, tell) {
      const a = first(lookup, tell);
      if (a === !isAnd) return a;
      const b = second(lookup, tell);
      return b === !isAnd ? b : a === undefined ? undefined : b;
    },
  };
}

export function choose(test: Compiled, whenTrue: Compiled, whenFalse: Compiled): Compiled {
  const condition = as("boolean", test, "the condition");
  return {
    kind: sameKind(whenTrue, whenFalse, "the two answers are"),
    at: test.at,
    run(lookup, tell) {
      const value = condition(lookup, tell);
      if (value === undefined) return undefined;
      return value ? whenTrue.run(lookup, tell) : whenFalse.run(lookup, tell);
    },
  };
}

export function coalesce(part: Compiled, substitute: Compiled): Compiled {
  return {
    kind: sameKind(part, substitute, "the value and its substitute are"),
    at: part.at,
    run: (lookup, tell) => part.run(lookup, ignore) ?? substitute.run(lookup, tell),
  };
}

/** Whether the part is worth anything. The one way to ask about unknown without becoming unknown. */
export const known = (part: Compiled): Compiled => ({
  kind: "boolean",
  at: part.at,
  run: (lookup) => part.run(lookup, ignore) !== undefined,
});

export function apply(name: string, work: (...values: number[]) => number, parts: Compiled[], at: number): Compiled {
  const numbers = parts.map((part, index) => as("number", part, `argument ${index + 1} of ${name}`));
  return {
    kind: "number",
    at,
    run(lookup, tell) {
      const values: number[] = [];
      for (const number of numbers) {
        const value = number(lookup, tell);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return finite(work(...values), at, name, tell);
    },
  };
}

const ignore: Tell = () => undefined;

/** The one type of two parts; an error when they surely differ. */
function sameKind(a: Compiled, b: Compiled, what: string): Kind {
  if (a.kind === "any" || b.kind === "any") return "any";
  if (a.kind === b.kind) return a.kind;
  throw new ExpressionError(b.at, `${what} ${wordFor(a.kind)} and ${wordFor(b.kind)}.`, "Make them of one type.");
}
